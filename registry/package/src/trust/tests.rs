//! A policy is read as it is written, and one that cannot be understood is an error, never "no policy".

use proptest::prelude::*;

use super::*;
use crate::SecretKey;

fn key(seed: u8) -> String {
    SecretKey::from_random(&[seed; 32]).public().to_string()
}

fn refusal(text: &str) -> String {
    TrustPolicy::from_toml(text).expect_err(text).to_string()
}

#[test]
fn reads_the_policy_of_the_specification() {
    let digest = "a".repeat(64);
    let text = format!(
        r#"
version = 1
[default]
unsigned          = "allow-local"
unknown_publisher = "deny"
dev_dirs          = ["./shards"]
[[publisher]]
namespace = "acme"
keys      = ["{}", {{ key = "{}", not_before = "2026-01-01", expires = "2027-01-01T00:00:00Z", revoked = "lost laptop" }}]
threshold = 2
allow     = ["acme:*", "acme:weather"]
[[publisher]]
namespace = "nexus"
keys      = ["{}"]
[[pin]]
shard = "acme:weather"
version = "1.2.0"
sha256 = "{digest}"
reason = "rolled back 2026-11-20"
[[deny]]
sha256 = "{digest}"
reason = "incident 2026-11"
[[deny]]
shard = "acme:mine"
[[deny]]
key = "{}"
[[deny]]
namespace = "evil"
"#,
        key(1),
        key(2),
        key(3),
        key(4)
    );
    let policy = TrustPolicy::from_toml(&text).expect("it is right");
    assert_eq!(policy.unsigned(), UnsignedRule::AllowLocal);
    assert_eq!(policy.unknown_publisher(), UnknownPublisherRule::Deny);
    assert_eq!(policy.dev_dirs(), [PathBuf::from("./shards")]);
    let [acme, nexus] = policy.publishers() else { panic!("two publishers") };
    assert_eq!((acme.threshold, nexus.threshold), (2, 1));
    assert_eq!(nexus.allow, ["nexus:*".parse().expect("a pattern")]);
    assert_eq!(acme.keys[1].revoked.as_deref(), Some("lost laptop"));
    assert_eq!(acme.keys[1].not_before, Some("2026-01-01".parse().expect("a date")));
    assert_eq!(policy.pins()[0].version.to_string(), "1.2.0");
    assert_eq!(policy.denials().len(), 4);
    for seed in 1..=4 {
        let id = SecretKey::from_random(&[seed; 32]).public().id();
        assert!(policy.key(id).is_some(), "key {seed}");
    }
}

#[test]
fn denies_by_default() {
    for policy in [TrustPolicy::default(), TrustPolicy::from_toml("version = 1").expect("it is right")] {
        assert_eq!(policy.unsigned(), UnsignedRule::Deny);
        assert!(policy.publishers().is_empty() && policy.dev_dirs().is_empty());
    }
}

#[test]
fn an_error_names_line_column_and_key() {
    let low_order = "ed25519:MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let publisher = format!("version = 1\n[[publisher]]\nnamespace = \"acme\"\nkeys = [\"{}\"]\n", key(1));
    for (text, message) in [
        (String::new(), "line 1, column 1: missing field `version`"),
        ("version = 2".to_owned(), "line 1, column 1, key `version`: this host reads version 1"),
        ("version = \"1\"".to_owned(), "line 1, column 11, key `version`: invalid type"),
        ("version = 1\nstrict = true".to_owned(), "line 2, column 1, key `strict`: unknown field"),
        (
            "version = 1\n[default]\nunsigned = \"allow\"".to_owned(),
            "line 3, column 12, key `default.unsigned`: unknown variant",
        ),
        (
            "version = 1\n[default]\nunsinged = \"deny\"".to_owned(),
            "line 3, column 1, key `default.unsinged`: unknown field",
        ),
        ("version = 1\n[default]\ndev_dirs = [\"a\", \"\"]".to_owned(), "line 3, column 18, key `default.dev_dirs[1]`"),
        (
            "version = 1\n[[publisher]]\nnamespace = \"acme\"\nkeys = []".to_owned(),
            "line 4, column 1, key `publisher[0].keys`",
        ),
        (publisher.replace("ed25519:", "rsa:"), "line 4, column 9, key `publisher[0].keys[0]`: unknown key type"),
        (publisher.replace(&key(1), low_order), "line 4, column 9, key `publisher[0].keys[0]`: a key of low order"),
        (format!("{publisher}threshold = 0"), "line 5, column 1, key `publisher[0].threshold`"),
        (format!("{publisher}threshold = 2"), "line 5, column 1, key `publisher[0].threshold`"),
        (format!("{publisher}allow = []"), "line 5, column 1, key `publisher[0].allow`"),
        (format!("{publisher}allow = [\"acme:*\", \"other:*\"]"), "line 5, column 20, key `publisher[0].allow[1]`"),
        (format!("{publisher}allow = [\"acme:we*\"]"), "line 5, column 10, key `publisher[0].allow[0]`"),
        (format!("{publisher}allow = [\"*:*\"]"), "line 5, column 10, key `publisher[0].allow[0]`"),
        (publisher.replace(&key(1), &format!("{0}\", \"{0}", key(1))), "line 4, column 81, key `publisher[0].keys[1]`"),
        (
            "version = 1\n[[deny]]\nreason = \"all\"".to_owned(),
            "line 2, column 1, key `deny[0]`: a denial names exactly one",
        ),
        ("version = 1\n[[deny]]\nshard = \"a:b\"\nnamespace = \"a\"".to_owned(), "line 2, column 1, key `deny[0]`"),
        ("version = 1\n[[deny]]\nname = \"a:b\"".to_owned(), "line 3, column 1, key `deny[0].name`: unknown field"),
        (
            "version = 1\n[[pin]]\nshard = \"a:b\"\nversion = \"1\"".to_owned(),
            "line 4, column 11, key `pin[0].version`",
        ),
    ] {
        let refused = refusal(&text);
        assert!(refused.starts_with(message), "expected {message}\n     got {refused}");
    }
}

#[test]
fn a_key_in_a_table_is_as_strict() {
    let table = |fields: &str| {
        format!("version = 1\n[[publisher]]\nnamespace = \"acme\"\nkeys = [{{ key = \"{}\", {fields} }}]", key(1))
    };
    assert!(TrustPolicy::from_toml(&table("expires = \"2027-01-01\"")).is_ok());
    for (fields, message) in [
        ("expries = \"2027-01-01\"", "key `publisher[0].keys[0].expries`: unknown field"),
        ("expires = \"soon\"", "key `publisher[0].keys[0].expires`: expected a date"),
        ("not_before = \"2027-01-01\", expires = \"2026-01-01\"", "key `publisher[0].keys[0]`: the key expires before"),
    ] {
        assert!(refusal(&table(fields)).contains(message), "{}", refusal(&table(fields)));
    }
}

#[test]
fn two_pins_of_one_shard_contradict_each_other() {
    let pin = format!("[[pin]]\nshard = \"a:b\"\nversion = \"1.0.0\"\nsha256 = \"{}\"\n", "a".repeat(64));
    assert!(
        refusal(&format!("version = 1\n{pin}{pin}"))
            .contains("line 7, column 1, key `pin[1].shard`: a:b is pinned twice")
    );
}

proptest! {
    #[test]
    fn never_panics(text in "(version = 1\n|\\[\\[[a-z]+\\]\\]\n|[a-z]+ = |[\"\\[\\]{}=\\n ]|\\PC){0,30}") {
        if let Err(error) = TrustPolicy::from_toml(&text) {
            prop_assert!(error.place().line().is_some());
        }
    }
}
