//! The way of a shard from its build to an answer, with the commands that people type.

use nexus_test_support::{TestHost, location};
use serde_json::{Value, json};

use crate::scene::LOGISTICS;

/// A home with a key `dev`, trusted for `nexus:*`, and the signed logistics shard in the work folder.
async fn signed() -> TestHost {
    let host = TestHost::new();
    host.run(["key", "new", "dev", "--unencrypted"]).await.succeeded();
    host.run(["trust", "add", "dev", "--namespace", "nexus"]).await.succeeded();
    let component = host.work().join("logistics.wasm");
    std::fs::copy(location::plugin("nexus_logistics"), &component).expect("a copy of the shard");
    let manifest = location::root().join("plugins/logistics/shard.toml");
    let arguments =
        ["shard", "sign", "logistics.wasm", "--key", "dev", "--manifest", manifest.to_str().expect("a path is text")];
    host.run(arguments).await.succeeded();
    assert!(host.work().join("logistics.wasm.intoto.json").is_file());
    host
}

#[tokio::test]
async fn a_signed_shard_is_verified_installed_listed_called_and_removed() {
    let mut host = signed().await;
    host.set("USE_MOCK", "true");
    host.run(["shard", "verify", "logistics.wasm"]).await.succeeded();

    let installed = host.run(["install", "logistics.wasm", "--yes"]).await.succeeded();
    for part in ["apis.fedex.com", "fedex_track_shipment", "FEDEX_API_SECRET"] {
        assert!(installed.stdout.contains(part), "what it asks for names {part}\n{}", installed.describe());
    }

    let listed = host.run(["list", "--json"]).await.succeeded().json().to_string();
    assert!(listed.contains("nexus:logistics") && LOGISTICS.iter().all(|tool| listed.contains(tool)), "{listed}");

    let number = nexus_mock_data::shipments().first().map(|shipment| shipment.tracking_number.as_str());
    let answer = host.call("fedex_track_shipment", &json!({ "tracking_number": number })).await.succeeded().json();
    assert_eq!(answer.pointer("/structuredContent/tracking_number").and_then(Value::as_str), number, "{answer}");

    host.run(["remove", "nexus:logistics"]).await.succeeded();
    host.call("fedex_track_shipment", &json!({ "tracking_number": number })).await.failed_saying(&[]);
}

#[tokio::test]
async fn without_agreement_nothing_is_installed() {
    let host = signed().await;
    host.run(["install", "logistics.wasm"]).await.failed_saying(&[]);
    let listed = host.run(["list", "--json"]).await.succeeded().stdout;
    assert!(!listed.contains("nexus:logistics"), "{listed}");
}

#[tokio::test]
async fn an_opt_in_shard_serves_only_once_it_is_switched_on() {
    let (mut host, _publisher) = crate::scene::mock_logistics();
    let number =
        json!({ "tracking_number": nexus_mock_data::shipments().first().map(|shipment| &shipment.tracking_number) });
    host.call("fedex_track_shipment", &number).await.succeeded();
    host.set("ENABLE_LOGISTICS", "false");
    host.call("fedex_track_shipment", &number).await.failed_saying(&[]);
}

#[cfg(unix)]
#[tokio::test]
async fn keys_and_state_belong_to_their_owner() {
    use std::os::unix::fs::PermissionsExt;

    let host = signed().await;
    host.run(["install", "logistics.wasm", "--yes"]).await.succeeded();
    let open: Vec<_> = host
        .files()
        .into_keys()
        .filter(|file| file.metadata().expect("a file of the home").permissions().mode() & 0o077 != 0)
        .collect();
    assert!(open.is_empty(), "others may use {open:?}");
}

#[tokio::test]
async fn a_key_is_encrypted_unless_one_says_otherwise_and_its_file_is_never_printed() {
    let host = TestHost::new();
    std::fs::write(host.work().join("passphrase"), "correct horse battery staple\n").expect("a file");
    host.run(["key", "new", "safe", "--passphrase-file", "passphrase"]).await.succeeded();
    let pem = std::fs::read_to_string(host.home().join("keys/safe.pem")).expect("a key file");
    assert!(pem.contains("ENCRYPTED PRIVATE KEY"), "{pem}");
    let shown = host.run(["key", "show", "safe"]).await.succeeded();
    assert!(shown.stdout.contains("ed25519:") && !shown.stdout.contains("PRIVATE"), "{}", shown.describe());
}
