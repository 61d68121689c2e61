//! What the policy's rules mean together: precedence, thresholds, pins, unsigned components and unknown publishers.

use serde_json::{Value, json};

use super::*;

#[test]
fn an_honest_release_is_accepted_and_says_who_made_it() {
    let envelope = signed_by(&[1]);
    let package = verify(candidate(WASM, envelope.clone()), &policy(&[1], ""), &anything()).expect("it is honest");
    assert_eq!(package.name().to_string(), "acme:weather");
    assert_eq!(package.version().to_string(), "1.2.0");
    assert_eq!(package.digest(), Digest::of(WASM));
    let publisher = package.publisher().expect("it is signed");
    assert_eq!(publisher.keys(), [key(1).public().id()]);
    assert_eq!(publisher.namespace().as_str(), "acme");
    let signed = Envelope::parse(&envelope).expect("an envelope");
    assert_eq!(package.statement_digest(), Some(Digest::of(signed.payload())));
}

#[test]
fn a_signature_by_nobody_known_takes_nothing_away_and_adds_nothing() {
    let (trusts_one, trusts_two) = (policy(&[1], ""), policy(&[1, 2], "threshold = 2"));
    let junk = [
        json!({ "keyid": key(9).public().id().to_string(), "sig": STANDARD_JUNK }),
        json!({ "keyid": "another scheme's name", "sig": STANDARD_JUNK }),
        json!({ "sig": STANDARD_JUNK, "publicKey": "x509:…" }),
    ];
    for signature in junk {
        let beside = |envelope: &mut Value| {
            envelope["signatures"].as_array_mut().expect("an array").insert(0, signature.clone());
        };
        assert_eq!(code_of_changed(&trusts_one, beside), "accepted");
        assert_eq!(code_of_changed(&trusts_two, beside), "threshold-not-met");
    }
    assert_eq!(code(candidate(WASM, signed_by(&[8, 9, 1])), &trusts_one), "accepted");
}

#[test]
fn a_key_revoked_for_one_publisher_is_revoked_for_all() {
    let elsewhere = format!(
        "[[publisher]]\nnamespace = \"other\"\nkeys = [{{ key = \"{}\", revoked = \"stolen\" }}]",
        key(1).public()
    );
    assert_eq!(code(candidate(WASM, signed_by(&[1])), &policy(&[1], &elsewhere)), "key-revoked");
}

#[test]
fn a_revoked_key_does_not_count_and_does_not_spoil_the_others() {
    let keys = format!("{{ key = \"{}\", revoked = \"stolen\" }}, \"{}\"", key(1).public(), key(2).public());
    let both = signed_by(&[1, 2]);
    assert_eq!(code(candidate(WASM, both.clone()), &policy_with_keys(&keys, "")), "accepted");
    assert_eq!(code(candidate(WASM, both), &policy_with_keys(&keys, "threshold = 2")), "key-revoked");
}

#[test]
fn a_threshold_is_met_within_one_publisher_and_not_across_several() {
    let other = format!(
        "threshold = 2\n[[publisher]]\nnamespace = \"acme\"\nkeys = [\"{}\", \"{}\"]\nthreshold = 2",
        key(3).public(),
        key(4).public()
    );
    let policy = policy(&[1, 2], &other);
    assert_eq!(code(candidate(WASM, signed_by(&[1, 3])), &policy), "threshold-not-met");
    assert_eq!(code(candidate(WASM, signed_by(&[3, 4])), &policy), "accepted");
}

#[test]
fn a_pin_does_not_replace_a_signature() {
    let pin = format!("[[pin]]\nshard = \"acme:weather\"\nversion = \"1.2.0\"\nsha256 = \"{}\"", Digest::of(WASM));
    assert_eq!(code(candidate(WASM, signed_by(&[2])), &policy(&[1], &pin)), "untrusted-key");
}

#[test]
fn a_denial_outranks_everything() {
    let pin = format!("[[pin]]\nshard = \"acme:weather\"\nversion = \"1.2.0\"\nsha256 = \"{}\"", Digest::of(WASM));
    for target in [
        format!("sha256 = \"{}\"", Digest::of(WASM)),
        "shard = \"acme:weather\"".to_owned(),
        format!("key = \"{}\"", key(1).public()),
        "namespace = \"acme\"".to_owned(),
    ] {
        let policy = policy(&[1, 2], &format!("{pin}\n[[deny]]\n{target}\nreason = \"incident\""));
        assert_eq!(code(candidate(WASM, signed_by(&[1])), &policy), "denied", "{target}");
        assert_eq!(code(candidate(WASM, signed_by(&[2, 1])), &policy), "denied", "{target}");
    }
    let elsewhere = "[[deny]]\nshard = \"acme:news\"\n[[deny]]\nnamespace = \"other\"";
    assert_eq!(code(candidate(WASM, signed_by(&[1])), &policy(&[1], elsewhere)), "accepted");
}

#[test]
fn a_component_over_the_limit_is_refused_before_it_is_hashed() {
    let expected = Expectation { max_component_bytes: WASM.len() - 1, ..anything() };
    let refused = verify(candidate(WASM, Bytes::new()), &policy(&[1], ""), &expected).expect_err("too large");
    assert_eq!(refused.code(), "too-large");
}

#[test]
fn an_unsigned_component_below_a_dev_folder_is_accepted_where_the_policy_says_so() {
    let found = Candidate {
        wasm: Bytes::from_static(WASM),
        statement: None,
        local_manifest: Some(MANIFEST.to_owned()),
        below_dev_dir: true,
    };
    let allowing = policy(&[1], "[default]\nunsigned = \"allow-local\"\ndev_dirs = [\"dev\"]");
    let package = verify(found.clone(), &allowing, &anything()).expect("the policy allows it");
    assert!(matches!(package.provenance(), Provenance::UnsignedLocal));
    assert_eq!((package.publisher(), package.statement_digest()), (None, None));

    assert_eq!(code(Candidate { below_dev_dir: false, ..found.clone() }, &allowing), "unsigned");
    assert_eq!(code(Candidate { local_manifest: None, ..found.clone() }, &allowing), "manifest-missing");
    let broken = Candidate { local_manifest: Some("[shard]".to_owned()), ..found.clone() };
    assert_eq!(code(broken, &allowing), "manifest-invalid");
    let denying = policy(&[1], "[default]\nunsigned = \"allow-local\"\n[[deny]]\nshard = \"acme:weather\"");
    assert_eq!(code(found.clone(), &denying), "denied");
    let name = "acme:news".parse().expect("a name");
    let asked = Expectation { name: Some(&name), ..anything() };
    assert_eq!(verify(found, &allowing, &asked).expect_err("another shard").code(), "subject-mismatch");
}

#[test]
fn an_unknown_publisher_is_offered_only_when_nothing_speaks_against_it() {
    let offer = |found: Candidate, policy: &TrustPolicy| match verify(found, policy, &anything()) {
        Err(VerifyError::UntrustedKey { offer }) => offer.map(|offer| (offer.key.clone(), offer.shard().to_string())),
        other => panic!("{other:?}"),
    };
    let (honest, nobody) = (candidate(WASM, signed_by(&[2])), TrustPolicy::default());
    assert_eq!(offer(honest.clone(), &nobody), Some((key(2).public(), "acme:weather".to_owned())));
    // A second key for a namespace that has a publisher is what an attacker would offer.
    assert_eq!(offer(honest.clone(), &policy(&[1], "")), None);
    let deny = TrustPolicy::from_toml("version = 1\n[default]\nunknown_publisher = \"deny\"").expect("it is right");
    assert_eq!(offer(honest.clone(), &deny), None);
    // The signature holds, and the component is another one.
    assert_eq!(offer(candidate(b"another", signed_by(&[2])), &nobody), None);
    let denied = TrustPolicy::from_toml("version = 1\n[[deny]]\nnamespace = \"acme\"").expect("it is right");
    assert_eq!(code(honest.clone(), &denied), "denied");
    let denied =
        TrustPolicy::from_toml(&format!("version = 1\n[[deny]]\nkey = \"{}\"", key(2).public())).expect("right");
    assert_eq!(code(honest, &denied), "denied");
    // Without the key beside the signature there is nothing to offer; with another key there is a lie.
    let without = |envelope: &mut Value| {
        envelope["signatures"][0].as_object_mut().expect("an object").remove("publicKey");
    };
    assert_eq!(code_of_changed(&nobody, without), "untrusted-key");
    let another = |envelope: &mut Value| envelope["signatures"][0]["publicKey"] = json!(key(3).public().to_string());
    assert_eq!(code_of_changed(&nobody, another), "bad-signature");
}
