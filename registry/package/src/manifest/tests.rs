//! A manifest is read as it is written, and refused where it is wrong.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const LOGISTICS: &str = r#"
[shard]
name = "nexus:logistics"
version = "1.0.0"
description = "Track parcels, validate addresses and compare rates with FedEx"
license = "Apache-2.0"
contract = "0.1"
kind = "tool"
concurrency = "parallel"
[limits]
fuel = 50_000_000
memory = "64 MiB"
deadline = "30s"
[config.FEDEX_API_URL]
type = "url"
default = "https://apis.fedex.com"
[config.USE_MOCK]
type = "boolean"
default = false
description = "Answer from the mock data set"
[[http]]
url = "{config:FEDEX_API_URL}"
methods = ["POST"]
auth = "fedex"
[auth.fedex]
kind = "oauth2-client-credentials"
token_url = "{config:FEDEX_API_URL}/oauth/token"
client_id = { secret = "FEDEX_API_KEY" }
client_secret = { secret = "FEDEX_API_SECRET" }
[tools.fedex_track_shipment]
deadline = "20s"
"#;

/// The least a manifest can say, to be broken by one more line.
const LEAST: &str =
    "[shard]\nname = \"a:b\"\nversion = \"1.0.0\"\ndescription = \"d\"\nlicense = \"MIT\"\ncontract = \"0.1\"\n";

fn refusal(text: &str) -> String {
    Manifest::from_toml(text).expect_err(text).to_string()
}

#[test]
fn reads_the_manifest_of_the_first_shard() {
    let manifest = Manifest::from_toml(LOGISTICS).expect("it is right");
    assert_eq!(manifest.shard.name.to_string(), "nexus:logistics");
    assert_eq!(manifest.shard.contract, ContractVersion { major: 0, minor: 1 });
    assert!(!manifest.shard.opt_in);
    assert_eq!(manifest.limits.memory, Some(64 << 20));
    assert_eq!(manifest.limits.deadline, Some(Duration::from_secs(30)));
    assert_eq!(manifest.config["USE_MOCK"].default.as_deref(), Some("false"));
    assert_eq!(manifest.http[0].methods, ["POST"]);
    assert!(manifest.auth.contains_key("fedex"));
    assert_eq!(manifest.tools["fedex_track_shipment"].deadline, Some(Duration::from_secs(20)));
    let secrets: Vec<_> = manifest.secret_names().into_iter().map(SecretName::as_str).collect();
    assert_eq!(secrets, ["FEDEX_API_KEY", "FEDEX_API_SECRET"]);
}

#[test]
fn declares_only_what_it_writes() {
    assert!(Manifest::from_toml(LOGISTICS).expect("it is right").declares(Capability::Http));
    assert!(!Manifest::from_toml(LEAST).expect("it is right").declares(Capability::Http));
}

#[test]
fn survives_the_way_through_a_statement() {
    for text in [LOGISTICS, LEAST] {
        let manifest = Manifest::from_toml(text).expect("it is right");
        let json = serde_json::to_string(&manifest).expect("it is JSON");
        assert_eq!(serde_json::from_str::<Manifest>(&json).expect(&json), manifest);
    }
}

#[test]
fn the_copy_in_a_statement_obeys_the_same_rules() {
    let manifest = Manifest::from_toml(LOGISTICS).expect("it is right");
    let json = serde_json::to_string(&manifest).expect("it is JSON");
    for (from, to, reason) in [
        (r#""auth":"fedex""#, r#""auth":"ups""#, "key `http[0].auth`: there is no [auth.ups]"),
        (r#""fuel":50000000"#, r#""fuel":0"#, "key `limits.fuel`: out of range"),
        (r#""opt_in":false"#, r#""opt_in":false,"root":true"#, "unknown field `root`"),
        (r#""memory":"64 MiB""#, r#""memory":67108864"#, "invalid type"),
    ] {
        let error = serde_json::from_str::<Manifest>(&json.replace(from, to)).expect_err(to);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn an_error_names_line_column_and_key() {
    for (text, message) in [
        ("colour = \"red\"", "line 7, column 1, key `shard.colour`: unknown field `colour`"),
        ("[limits]\nfeul = 1", "line 8, column 1, key `limits.feul`: unknown field `feul`"),
        ("[limits]\nmemory = \"64 MB\"", "line 8, column 10, key `limits.memory`: expected a size"),
        ("[limits]\nfuel = 0", "line 8, column 1, key `limits.fuel`: out of range"),
        ("[limits]\ndeadline = \"2h\"", "line 8, column 1, key `limits.deadline`: out of range"),
        ("[config.lower]", "line 7, column 9, key `config.lower`: a setting or secret"),
        ("[config.A]\ntype = \"integer\"\ndefault = \"x\"", "line 9, column 1, key `config.A.default`: the default"),
        (
            "[[http]]\nurl = \"http://a.example\"\nmethods = [\"GET\"]",
            "line 8, column 7, key `http[0].url`: an address in",
        ),
        (
            "[[http]]\nurl = \"https://a.example\"\nmethods = [\"GET\", \"get\"]",
            "line 9, column 19, key `http[0].methods[1]`",
        ),
        (
            "[[http]]\nurl = \"https://a.example\"\nmethods = []",
            "line 9, column 1, key `http[0].methods`: name at least",
        ),
        (
            "[[http]]\nurl = \"https://a.example\"\nmethods = [\"GET\"]\nauth = \"x\"",
            "line 10, column 1, key `http[0].auth`: there is no [auth.x]",
        ),
        (
            "[[http]]\nurl = \"{config:X}\"\nmethods = [\"GET\"]",
            "line 8, column 1, key `http[0].url`: there is no [config.X]",
        ),
        ("[auth.x]\nkind = \"bearer\"", "line 7, column 7, key `auth.x.token`: this kind of profile needs this field"),
        (
            "[auth.x]\nkind = \"bearer\"\ntoken = { secret = \"T\" }\nheader = \"h\"",
            "line 10, column 1, key `auth.x.header`",
        ),
        ("[auth.x]\nkind = \"bearer\"\ntoken = \"hunter2\"", "line 9, column 9, key `auth.x.token`"),
        ("[auth.x]\nkind = \"basic\"", "line 8, column 8, key `auth.x.kind`: unknown variant `basic`"),
        (
            "[auth.x]\nkind = \"api-key\"\nheader = \"Host\"\nkey = { secret = \"K\" }",
            "line 9, column 1, key `auth.x.header`",
        ),
        (
            "[config.K]\n[auth.x]\nkind = \"bearer\"\ntoken = { secret = \"K\" }",
            "line 8, column 7, key `auth.x`: K is a secret",
        ),
        ("[tools.\"../x\"]", "line 7, column 8, key `tools.../x`: a tool is named"),
        ("name = \"a:b\"", "line 7, column 1"),
    ] {
        let refused = refusal(&format!("{LEAST}{text}\n"));
        assert!(refused.starts_with(message), "expected {message}\n     got {refused}");
    }
}

#[test]
fn a_default_that_is_an_address_obeys_the_rules_for_addresses() {
    for default in ["http://a.example", "https://user@a.example", "apis"] {
        let text = format!(
            "{LEAST}[config.U]\ndefault = \"{default}\"\n[[http]]\nurl = \"{{config:U}}\"\nmethods = [\"GET\"]\n"
        );
        assert!(refusal(&text).contains("key `config.U.default`: an address refers to this setting"), "{default}");
    }
}

#[test]
fn the_shards_own_section_is_strict() {
    for (from, to, key) in [
        ("a:b", "a:b/../c", "shard.name"),
        ("a:b", "A:b", "shard.name"),
        ("1.0.0", "1.0", "shard.version"),
        ("1.0.0", "1.0.0+build", "shard.version"),
        ("1.0.0", "../1.0.0", "shard.version"),
        ("0.1", "0.01", "shard.contract"),
        ("0.1", "0.1.0", "shard.contract"),
        ("\"d\"", "\"\\u001b[2J\"", "shard.description"),
        ("\"MIT\"", "\"MIT\\n\"", "shard.license"),
    ] {
        let refused = refusal(&LEAST.replace(from, to));
        assert!(refused.contains(&format!("key `{key}`")), "{to}: {refused}");
    }
    assert!(refusal(&LEAST.replace("license = \"MIT\"\n", "")).contains("missing field `license`"));
    assert!(refusal(&format!("{LEAST}#{}", "x".repeat(MAX_MANIFEST_BYTES))).contains("64 KiB"));
}

#[test]
fn counts_are_bounded() {
    let settings: Vec<_> = (0..129).map(|index| format!("[config.K{index}]\n")).collect();
    assert!(refusal(&format!("{LEAST}{}", settings.concat())).contains("key `config`: at most 128 entries"));
}

proptest! {
    #[test]
    fn never_panics(text in "(\\[shard\\]|\\[\\[http\\]\\]|[a-z]+ = |\\{config:|[\"\\[\\]{}=\\n ]|\\PC){0,30}") {
        if let Err(error) = Manifest::from_toml(&text) {
            prop_assert!(error.place().line().is_some());
        }
    }
}
