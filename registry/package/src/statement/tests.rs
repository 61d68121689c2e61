//! A statement's bytes are reproducible, and what is not a statement is refused as such.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{ReleaseRequest, SecretKey, sign};

const MANIFEST: &str = r#"
[shard]
name = "acme:weather"
version = "1.2.0"
description = "Tells the weather"
license = "Apache-2.0"
contract = "0.1"
[limits]
fuel = 1_000
[[http]]
url = "https://api.weather.example"
methods = ["GET"]
"#;

fn statement() -> Statement {
    Statement {
        manifest: Manifest::from_toml(MANIFEST).expect("it is right"),
        component: Digest::of(b"component"),
        size: 9,
        world: World {
            name: "nexus:shard/http-shard@0.1.0".to_owned(),
            imports: vec!["nexus:shard/http@0.1.0".to_owned()],
            exports: vec!["nexus:shard/lifecycle@0.1.0".to_owned(), "nexus:shard/tools@0.1.0".to_owned()],
        },
        created: "2026-11-20T08:00:00Z".parse().expect("a moment"),
        previous: Some(Digest::of(b"previous")),
        source: Some("https://git.example/acme/weather".to_owned()),
        commit: Some("0123456789abcdef".to_owned()),
    }
}

fn value() -> Value {
    serde_json::from_slice(&statement().to_payload().expect("it is right")).expect("it is JSON")
}

fn refused(change: impl FnOnce(&mut Value)) -> StatementError {
    let mut value = value();
    change(&mut value);
    Statement::from_payload(value.to_string().as_bytes()).expect_err("changed")
}

#[test]
fn its_bytes_are_the_documented_ones() {
    let payload = String::from_utf8(statement().to_payload().expect("it is right")).expect("UTF-8");
    assert_eq!(
        payload,
        concat!(
            r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"acme:weather@1.2.0","digest":"#,
            r#"{"sha256":"6985ca1f4daa5a584a28eae043a239cb96689af1337ea13afb63e00c2bf512fa"}}],"#,
            r#""predicateType":"urn:nexus:shard-release:v1","predicate":{"name":"acme:weather","version":"1.2.0","#,
            r#""manifest":{"shard":{"name":"acme:weather","version":"1.2.0","description":"Tells the weather","#,
            r#""license":"Apache-2.0","contract":"0.1","kind":"tool","concurrency":"parallel","isolation":"pooled","#,
            r#""opt_in":false},"limits":{"fuel":1000},"http":[{"url":"https://api.weather.example","methods":["GET"]}]},"#,
            r#""world":{"name":"nexus:shard/http-shard@0.1.0","imports":["nexus:shard/http@0.1.0"],"#,
            r#""exports":["nexus:shard/lifecycle@0.1.0","nexus:shard/tools@0.1.0"]},"size":9,"#,
            r#""created":"2026-11-20T08:00:00Z","#,
            r#""previous":"6da0633528deaa0144e7b058315f0b753ec0b945163a72bf96a0d18180f9de0d","#,
            r#""source":"https://git.example/acme/weather","commit":"0123456789abcdef"}}"#,
        )
    );
}

#[test]
fn a_fixed_key_and_time_give_the_same_envelope() {
    let manifest = Manifest::from_toml(MANIFEST).expect("it is right");
    let request = ReleaseRequest {
        manifest: &manifest,
        wasm: b"component",
        world: statement().world,
        created: statement().created,
        previous: statement().previous,
        source: statement().source,
        commit: statement().commit,
    };
    let envelope = sign(request, &[&SecretKey::from_random(&[7; 32])]).expect("it signs");
    assert_eq!(Digest::of(&envelope).to_string(), "b091ba515da96956b9b5fb8edcb2951f130360e6c4665f8ae2e02514a728e349");
    assert_eq!(
        Envelope::parse(&envelope).expect("an envelope").payload(),
        statement().to_payload().expect("it is right")
    );
}

#[test]
fn signing_refuses_what_a_host_would_refuse() {
    let manifest = Manifest::from_toml(MANIFEST).expect("it is right");
    let request = |change: fn(&mut Manifest), keys: usize| {
        let mut manifest = manifest.clone();
        change(&mut manifest);
        let keys: Vec<_> = (0..keys).map(|seed| SecretKey::from_random(&[u8::try_from(seed).unwrap(); 32])).collect();
        let keys: Vec<_> = keys.iter().collect();
        let Statement { world, created, .. } = statement();
        let release = ReleaseRequest {
            manifest: &manifest,
            wasm: b"component",
            world,
            created,
            previous: None,
            source: None,
            commit: None,
        };
        sign(release, &keys).map_err(|error| error.code())
    };
    assert_eq!(request(|_| {}, 0), Err("keys-invalid"));
    assert_eq!(request(|_| {}, 17), Err("keys-invalid"));
    assert_eq!(request(|manifest| manifest.limits.fuel = Some(0), 1), Err("statement-invalid"));
    assert_eq!(request(|manifest| manifest.http[0].methods = vec!["get".to_owned()], 1), Err("statement-invalid"));
    assert!(request(|_| {}, 16).is_ok());
}

#[test]
fn refuses_other_types_of_statement() {
    assert!(matches!(
        refused(|value| value["_type"] = json!("https://in-toto.io/Statement/v0.1")),
        StatementError::Type(_)
    ));
    assert!(matches!(
        refused(|value| value["predicateType"] = json!("https://slsa.dev/provenance/v1")),
        StatementError::Type(_)
    ));
}

#[test]
fn refuses_a_statement_that_contradicts_itself() {
    for change in [
        (|value| value["subject"][0]["name"] = json!("acme:weather@1.3.0")) as fn(&mut Value),
        |value| value["subject"][0]["name"] = json!("acme:weather"),
        |value| value["predicate"]["name"] = json!("acme:other"),
        |value| value["predicate"]["version"] = json!("1.2.1"),
        |value| value["predicate"]["manifest"]["shard"]["name"] = json!("acme:other"),
        |value| value["predicate"]["manifest"]["shard"]["version"] = json!("2.0.0"),
    ] {
        assert!(matches!(refused(change), StatementError::Names(_)));
    }
}

#[test]
fn refuses_no_subject_and_several() {
    assert!(matches!(refused(|value| value["subject"] = json!([])), StatementError::Subjects));
    assert!(matches!(
        refused(|value| value["subject"] = json!([value["subject"][0], value["subject"][0]])),
        StatementError::Subjects
    ));
}

#[test]
fn refuses_unknown_and_missing_fields_everywhere() {
    for path in [
        "",
        "/subject/0",
        "/subject/0/digest",
        "/predicate",
        "/predicate/world",
        "/predicate/manifest",
        "/predicate/manifest/shard",
        "/predicate/manifest/http/0",
    ] {
        let error = refused(|value| value.pointer_mut(path).expect(path)["sudo"] = json!(true));
        assert!(matches!(&error, StatementError::Form(text) if text.contains("sudo")), "{path}: {error}");
    }
    for field in ["name", "version", "manifest", "world", "size", "created"] {
        let error = refused(|value| drop(value["predicate"].as_object_mut().expect("an object").remove(field)));
        assert!(matches!(error, StatementError::Form(_)), "{field}");
    }
}

#[test]
fn refuses_texts_that_would_deceive_a_reader() {
    for (path, text) in [
        ("/predicate/source", "\u{1b}]0;safe\u{7}"),
        ("/predicate/commit", "HEAD"),
        ("/predicate/world/name", ""),
        ("/predicate/world/imports/0", "nexus:shard/\u{202e}http"),
    ] {
        assert!(matches!(
            refused(|value| *value.pointer_mut(path).expect(path) = json!(text)),
            StatementError::Text(_)
        ));
    }
}

proptest! {
    #[test]
    fn writing_and_reading_agree(size in 0..=crate::json::MAX_NUMBER, seconds in 0..4_000_000_000_u64, digest: [u8; 4],
        source in proptest::option::of("[ -~]{1,40}"), first: bool)
    {
        let mut written = statement();
        written.size = size;
        written.created = Timestamp::from_unix_seconds(seconds);
        written.component = Digest::of(&digest);
        written.source = source.filter(|text| !text.trim().is_empty());
        written.previous = (!first).then(|| Digest::of(&digest));
        let payload = written.to_payload().expect("it is right");
        prop_assert_eq!(Statement::from_payload(&payload).expect("it was written"), written);
    }

    #[test]
    fn never_panics(bytes: Vec<u8>) {
        prop_assert!(Statement::from_payload(&bytes).is_err());
    }
}
