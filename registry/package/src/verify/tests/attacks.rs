//! The attack table of the specification, row by row, each with its code.
//!
//! Rows 11, 12 and 17 need a network, a wasm parser or a registry, and are tested where those are.

use serde_json::{Value, json};

use super::*;
use crate::Capability;

#[test]
fn row_1_every_changed_component_is_refused() {
    let (policy, statement) = (policy(&[1], ""), signed_by(&[1]));
    let mut changed = Vec::new();
    for at in 0..WASM.len() {
        for bit in 0..8 {
            let mut wasm = WASM.to_vec();
            wasm[at] ^= 1 << bit;
            changed.push(wasm);
        }
        changed.push(WASM[..at].to_vec());
        changed.push([&WASM[..at], &[0], &WASM[at..]].concat());
    }
    let (header, a, b) = (&WASM[..8], &WASM[8..13], &WASM[13..]);
    changed.push([header, b, a].concat()); // sections reordered
    changed.push([header, a].concat()); // a section removed
    changed.push([header, a, b, a].concat()); // a section added
    changed.push([b"\0asm\x01\0\0\0", a, b].concat()); // the header of a module instead of a component
    changed.push([WASM, WASM].concat());
    for wasm in changed {
        if wasm != WASM {
            assert_eq!(code(candidate(&wasm, statement.clone()), &policy), "digest-mismatch", "{wasm:?}");
        }
    }
}

#[test]
fn row_2_a_missing_statement_is_refused() {
    let bare = || Candidate { wasm: Bytes::from_static(WASM), ..Candidate::default() };
    assert_eq!(code(bare(), &policy(&[1], "")), "unsigned");
    let below = Candidate { below_dev_dir: true, local_manifest: Some(MANIFEST.to_owned()), ..bare() };
    assert_eq!(code(below, &policy(&[1], "")), "unsigned", "the policy allows no unsigned component");
}

#[test]
fn row_3_the_wrong_key_and_the_wrong_namespace_are_refused() {
    assert_eq!(code(candidate(WASM, signed_by(&[2])), &policy(&[1], "")), "untrusted-key");
    let elsewhere = released(&MANIFEST.replace("acme:", "nexus:"), WASM, &[1]);
    assert_eq!(code(candidate(WASM, elsewhere), &policy(&[1], "")), "key-not-allowed-for-namespace");
    let narrow = policy(&[1], "allow = [\"acme:news\"]");
    assert_eq!(code(candidate(WASM, signed_by(&[1])), &narrow), "key-not-allowed-for-namespace");
}

#[test]
fn row_4_a_lying_key_id_is_refused_also_beside_a_valid_signature() {
    let policy = policy(&[1, 2], "");
    let other: Value = serde_json::from_slice(&signed_by(&[3])).expect("it is JSON");
    let lie = json!({ "keyid": key(2).public().id().to_string(), "sig": other["signatures"][0]["sig"] });
    assert_eq!(code_of_changed(&policy, |envelope| envelope["signatures"] = json!([lie])), "bad-signature");
    for order in [0, 1] {
        let beside = |envelope: &mut Value| {
            envelope["signatures"].as_array_mut().expect("an array").insert(order, lie.clone());
        };
        assert_eq!(code_of_changed(&policy, beside), "bad-signature");
    }
}

#[test]
fn row_5_a_key_out_of_its_time_or_revoked_is_refused() {
    let with = |fields: &str| policy_with_keys(&format!("{{ key = \"{}\", {fields} }}", key(1).public()), "");
    for (fields, expected) in [
        ("not_before = \"2026-11-20T08:00:00Z\", expires = \"2026-11-20T08:00:01Z\"", "accepted"),
        ("expires = \"2026-11-20T08:00:00Z\"", "key-expired"),
        ("not_before = \"2026-11-20T08:00:01Z\"", "key-expired"),
        ("revoked = \"stolen\"", "key-revoked"),
        ("revoked = \"stolen\", expires = \"2020-01-01\"", "key-revoked"),
    ] {
        assert_eq!(code(candidate(WASM, signed_by(&[1])), &with(fields)), expected, "{fields}");
    }
}

#[test]
fn row_6_a_statement_moved_to_another_shard_or_version_is_refused() {
    let asked = |name: &str, version: &str| {
        let (name, version) = (name.parse().expect(name), version.parse().expect(version));
        let expected = Expectation { name: Some(&name), version: Some(&version), ..anything() };
        verify(candidate(WASM, signed_by(&[1])), &policy(&[1], ""), &expected)
            .map_or_else(|error| error.code(), |_| "accepted")
    };
    assert_eq!(asked("acme:weather", "1.2.0"), "accepted");
    assert_eq!(asked("acme:news", "1.2.0"), "subject-mismatch");
    assert_eq!(asked("acme:weather", "1.2.1"), "subject-mismatch");
    let other_component = released(MANIFEST, b"another component", &[1]);
    assert_eq!(code(candidate(WASM, other_component), &policy(&[1], "")), "digest-mismatch");
    for path in ["/subject/0/name", "/predicate/name", "/predicate/manifest/shard/name"] {
        let mut moved = payload();
        let name = if path.starts_with("/subject") { "acme:news@1.2.0" } else { "acme:news" };
        *moved.pointer_mut(path).expect(path) = json!(name);
        let moved = sealed(moved.to_string().as_bytes());
        assert_eq!(code(candidate(WASM, moved), &policy(&[1], "")), "subject-mismatch", "{path}");
    }
}

#[test]
fn row_7_other_types_and_too_few_signatures_are_refused() {
    let one = policy(&[1], "");
    assert_eq!(
        code_of_changed(&one, |envelope| envelope["payloadType"] = json!("application/json")),
        "statement-invalid"
    );
    assert_eq!(code_of_changed(&one, |envelope| envelope["signatures"] = json!([])), "statement-invalid");
    for (field, other) in
        [("_type", "https://in-toto.io/Statement/v2"), ("predicateType", "urn:nexus:shard-release:v2")]
    {
        let mut foreign = payload();
        foreign[field] = json!(other);
        assert_eq!(code(candidate(WASM, sealed(foreign.to_string().as_bytes())), &one), "statement-invalid");
    }
    let mut lying = payload();
    lying["predicate"]["size"] = json!(WASM.len() + 1);
    assert_eq!(code(candidate(WASM, sealed(lying.to_string().as_bytes())), &one), "statement-invalid");

    let two = policy(&[1, 2], "threshold = 2");
    let twice = |envelope: &mut Value| envelope["signatures"] = vec![envelope["signatures"][0].clone(); 2].into();
    assert_eq!(code_of_changed(&two, twice), "threshold-not-met");
    assert_eq!(code(candidate(WASM, signed_by(&[1, 1])), &two), "threshold-not-met");
    assert_eq!(code(candidate(WASM, signed_by(&[2])), &two), "threshold-not-met");
    assert_eq!(code(candidate(WASM, signed_by(&[1, 2])), &two), "accepted");
}

#[test]
fn row_8_json_that_two_readers_could_read_differently_is_refused() {
    let policy = policy(&[1], "");
    let (envelope, payload) = (String::from_utf8(signed_by(&[1]).to_vec()).expect("UTF-8"), payload().to_string());
    let nested = format!("{{\"x\":{}{},", "[".repeat(1_000), "]".repeat(1_000));
    let corrupted = |text: &str| -> Vec<Vec<u8>> {
        let duplicate = text.replacen('{', "{\"x\":1,\"x\":1,", 1);
        let large = text.replacen('{', "{\"x\":9007199254740993,", 1);
        let deep = text.replacen('{', &nested, 1);
        let mut not_utf8 = text.replacen('{', "{\"x\":\"~\",", 1).into_bytes();
        let tilde = not_utf8.iter().position(|byte| *byte == b'~').expect("it is there");
        not_utf8[tilde] = 0xff;
        vec![duplicate.into(), large.into(), deep.into(), not_utf8, format!("\u{feff}{text}").into(), text[1..].into()]
    };
    for bytes in corrupted(&envelope) {
        assert_eq!(code(candidate(WASM, bytes.into()), &policy), "statement-invalid");
    }
    for bytes in corrupted(&payload) {
        assert_eq!(code(candidate(WASM, sealed(&bytes)), &policy), "statement-invalid");
    }
    let padded = format!("{envelope}{}", " ".repeat(300 * 1024));
    assert_eq!(code(candidate(WASM, padded.into()), &policy), "statement-invalid");
}

#[test]
fn row_9_a_more_permissive_manifest_beside_the_file_is_ignored() {
    let permissive = format!("{MANIFEST}[[http]]\nurl = \"https://evil.example\"\nmethods = [\"POST\"]\n");
    for unsigned in ["deny", "allow-local"] {
        let more = format!("[default]\nunsigned = \"{unsigned}\"\ndev_dirs = [\"/\"]");
        let mut beside = candidate(WASM, signed_by(&[1]));
        beside.local_manifest = Some(permissive.clone());
        beside.below_dev_dir = true;
        let package = verify(beside.clone(), &policy(&[1], &more), &anything()).expect("it is honest");
        assert!(!package.manifest().declares(Capability::Http));
        assert!(matches!(package.provenance(), Provenance::Signed { .. }));
        // A statement that fails is never replaced by the manifest beside the file.
        beside.statement = Some(signed_by(&[2]));
        assert_eq!(code(beside, &policy(&[1], &more)), "untrusted-key");
    }
}

#[test]
fn row_10_an_older_version_is_refused_unless_it_is_pinned() {
    let with = |policy: &TrustPolicy, highest: &str| {
        let highest: Version = highest.parse().expect("a version");
        let highest_seen = |name: &ShardName| (name.to_string() == "acme:weather").then(|| highest.clone());
        let expected = Expectation::anything(NOW.parse().expect("a moment"), &highest_seen);
        verify(candidate(WASM, signed_by(&[1])), policy, &expected).map_or_else(|error| error.code(), |_| "accepted")
    };
    let pin = |version: &str, digest: Digest| {
        let pin = format!("[[pin]]\nshard = \"acme:weather\"\nversion = \"{version}\"\nsha256 = \"{digest}\"");
        policy(&[1], &pin)
    };
    let unpinned = policy(&[1], "");
    for (highest, expected) in
        [("1.2.0", "accepted"), ("1.2.0-rc.1", "accepted"), ("1.2.1-rc.1", "rollback"), ("10.0.0", "rollback")]
    {
        assert_eq!(with(&unpinned, highest), expected, "{highest}");
    }
    assert_eq!(with(&pin("1.2.0", Digest::of(WASM)), "10.0.0"), "accepted");
    assert_eq!(with(&pin("1.2.0", Digest::of(b"other")), "1.0.0"), "pinned");
    assert_eq!(with(&pin("1.1.0", Digest::of(WASM)), "1.0.0"), "pinned");
}

#[test]
fn row_13_a_capability_is_had_only_when_the_signed_manifest_declares_it() {
    let asking = format!("{MANIFEST}[[http]]\nurl = \"https://api.example\"\nmethods = [\"GET\"]\n");
    for (manifest, declared) in [(MANIFEST, false), (asking.as_str(), true)] {
        let package = verify(candidate(WASM, released(manifest, WASM, &[1])), &policy(&[1], ""), &anything());
        assert_eq!(package.expect("it is honest").manifest().declares(Capability::Http), declared);
    }
}

#[test]
fn row_14_names_and_versions_that_are_paths_are_refused_even_when_signed() {
    for path in
        ["/predicate/name", "/predicate/version", "/predicate/manifest/shard/name", "/predicate/manifest/shard/version"]
    {
        for hostile in ["../../etc", "/etc/passwd", "a:b\0", "a:b\r\nx", "a%2f:b", "a:..", "1.0.0/../../x", "1.0.0\n"] {
            let mut payload = payload();
            *payload.pointer_mut(path).expect(path) = json!(hostile);
            let hostile = candidate(WASM, sealed(payload.to_string().as_bytes()));
            assert_eq!(code(hostile, &policy(&[1], "")), "statement-invalid");
        }
    }
}

#[test]
fn row_15_the_bytes_that_were_verified_are_the_bytes_handed_out() {
    let (wasm, statement) = (Bytes::from_static(WASM), signed_by(&[1]));
    let found = Candidate { wasm: wasm.clone(), statement: Some(statement.clone()), ..Candidate::default() };
    let package = verify(found, &policy(&[1], ""), &anything()).expect("it is honest");
    assert_eq!(package.wasm().as_ptr(), wasm.as_ptr());
    assert_eq!(Digest::of(package.wasm()), package.digest());
    let Provenance::Signed { envelope, .. } = package.provenance() else { panic!("it is signed") };
    assert_eq!(envelope.as_ptr(), statement.as_ptr());
}

#[test]
fn row_16_low_order_and_non_canonical_keys_and_signatures_are_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let trusting = policy(&[1], "");
    let valid = STANDARD.decode(payload_signature()).expect("base64");
    // s + L: the same scalar, spelled a second time.
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").expect("hexadecimal");
    let mut malleated = valid.clone();
    let mut carry = 0_u16;
    for (byte, addend) in malleated[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = u8::try_from(sum & 0xff).expect("masked");
        carry = sum >> 8;
    }
    let identity = [&[1][..], &[0; 63]].concat();
    let not_canonical = [&[0xee][..], &[0xff; 30], &[0x7f], &[0; 32]].concat();
    for signature in [malleated, identity.clone(), not_canonical, vec![0; 64], vec![0xff; 64]] {
        let signature = STANDARD.encode(signature);
        let change = |envelope: &mut Value| envelope["signatures"][0]["sig"] = json!(signature);
        assert_eq!(code_of_changed(&trusting, change), "bad-signature", "{signature}");
    }
    // An identity key accepts the identity signature over every message; it is not even offered to a person.
    let der = [&hex::decode("302a300506032b6570032100").expect("hexadecimal")[..], &identity[..32]].concat();
    let weak = json!([{
        "keyid": Digest::of(&der).to_string(),
        "sig": STANDARD.encode(&identity),
        "publicKey": format!("ed25519:{}", STANDARD.encode(&der)),
    }]);
    let nobody = TrustPolicy::default();
    assert_eq!(code_of_changed(&nobody, |envelope| envelope["signatures"] = weak), "bad-signature");
}

fn payload_signature() -> String {
    let envelope: Value = serde_json::from_slice(&signed_by(&[1])).expect("it is JSON");
    envelope["signatures"][0]["sig"].as_str().expect("text").to_owned()
}
