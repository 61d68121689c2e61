//! What the tests of verification share: an honest publisher, its release, and ways to spoil it.

mod attacks;
mod properties;
mod rules;

use std::sync::LazyLock;

use serde_json::Value;

use super::*;
use crate::{ReleaseRequest, SecretKey, World, sign};

const MANIFEST: &str = r#"
[shard]
name = "acme:weather"
version = "1.2.0"
description = "Tells the weather"
license = "Apache-2.0"
contract = "0.1"
"#;

/// A component in form: the header, and two custom sections, `a` with one byte and `b` with two.
const WASM: &[u8] = b"\0asm\x0d\0\x01\0\0\x03\x01a\x01\0\x04\x01b\x02\x03";

const NOW: &str = "2026-11-20T08:00:00Z";

/// A policy that trusts key 1 for `acme`, and an honest release; made once, because the properties use them often.
static HONEST: LazyLock<(TrustPolicy, Bytes)> = LazyLock::new(|| (policy(&[1], ""), signed_by(&[1])));

fn key(seed: u8) -> SecretKey {
    SecretKey::from_random(&[seed; 32])
}

/// One publisher of `acme` with the keys of the given seeds, and more lines at the end.
fn policy(seeds: &[u8], more: &str) -> TrustPolicy {
    let keys: Vec<_> = seeds.iter().map(|seed| format!("\"{}\"", key(*seed).public())).collect();
    policy_with_keys(&keys.join(", "), more)
}

fn policy_with_keys(keys: &str, more: &str) -> TrustPolicy {
    let text = format!("version = 1\n[[publisher]]\nnamespace = \"acme\"\nkeys = [{keys}]\n{more}");
    TrustPolicy::from_toml(&text).expect(&text)
}

fn released(manifest: &str, wasm: &[u8], seeds: &[u8]) -> Bytes {
    let manifest = Manifest::from_toml(manifest).expect("it is right");
    let world = World { name: "nexus:shard/shard@0.1.0".to_owned(), ..World::default() };
    let created = NOW.parse().expect("a moment");
    let request =
        ReleaseRequest { manifest: &manifest, wasm, world, created, previous: None, source: None, commit: None };
    let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
    sign(request, &keys.iter().collect::<Vec<_>>()).expect("it signs").into()
}

fn signed_by(seeds: &[u8]) -> Bytes {
    released(MANIFEST, WASM, seeds)
}

fn candidate(wasm: &[u8], statement: Bytes) -> Candidate {
    Candidate { wasm: Bytes::copy_from_slice(wasm), statement: Some(statement), ..Candidate::default() }
}

fn nothing_seen(_: &ShardName) -> Option<Version> {
    None
}

fn anything() -> Expectation<'static> {
    Expectation::anything(NOW.parse().expect("a moment"), &nothing_seen)
}

fn code(candidate: Candidate, policy: &TrustPolicy) -> &'static str {
    verify(candidate, policy, &anything()).map_or_else(|error| error.code(), |_| "accepted")
}

/// The code for an envelope signed by key 1 and changed afterwards.
fn code_of_changed(policy: &TrustPolicy, change: impl FnOnce(&mut Value)) -> &'static str {
    let mut envelope: Value = serde_json::from_slice(&signed_by(&[1])).expect("it is JSON");
    change(&mut envelope);
    code(candidate(WASM, envelope.to_string().into()), policy)
}

/// An envelope around a payload of an attacker's or a careless publisher's making, truly signed by key 1.
fn sealed(payload: &[u8]) -> Bytes {
    Envelope::seal(payload, &[&key(1)]).into()
}

fn payload() -> Value {
    let envelope = Envelope::parse(&signed_by(&[1])).expect("an envelope");
    serde_json::from_slice(envelope.payload()).expect("it is JSON")
}

/// 64 bytes of zero.
const STANDARD_JUNK: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
