//! What bad input gets: every row of the table, at the command and at a running host.

use nexus_test_support::publisher::{fixture_manifest, fixture_wasm};
use nexus_test_support::python::Era;
use nexus_test_support::{Publisher, Release, TestHost, bad_input};
use serde_json::json;
use tokio::net::TcpListener;

use crate::client::Client;
use crate::scene;

/// A release that must be refused, and what the refusal says.
struct Bad {
    name: &'static str,
    release: Release,
    says: &'static [&'static str],
}

fn bad_releases(publisher: &Publisher) -> Vec<Bad> {
    let misbehave = || publisher.fixture("misbehave");
    let bad = |name, release, says| Bad { name, release, says };
    // The echo's manifest, which declares nothing, for another component.
    let manifest = |name: &str| fixture_manifest("echo").replace("test:echo", &format!("test:{name}"));
    let signed = |name, wasm, says| bad(name, publisher.sign(wasm, &manifest(name)), says);
    let newer = manifest("newer-contract").replace("contract = \"0.1\"", "contract = \"9.0\"");
    vec![
        bad("unsigned", misbehave().unsigned(), &["unsigned"]),
        bad("tampered", misbehave().tampered(), &["digest-mismatch"]),
        bad("untrusted", Publisher::new().fixture("misbehave"), &["untrusted-key"]),
        bad("moved", misbehave().with_statement_of(&publisher.fixture("echo-next")), &["digest-mismatch"]),
        signed("undeclared", fixture_wasm("misbehave"), &["capability-undeclared", "nexus:shard/http"]),
        signed("not-wasm", bad_input::not_wasm(), &["WebAssembly"]),
        signed("core-module", bad_input::core_module(), &["core WebAssembly module", "component"]),
        signed("other-world", bad_input::other_world(), &["nexus:shard"]),
        signed("newer-interface", bad_input::newer_contract(), &["9.0", "0.1"]),
        bad("newer-contract", publisher.sign(fixture_wasm("echo"), &newer), &["9.0", "0.1"]),
    ]
}

#[tokio::test]
async fn a_bad_file_is_not_installed_and_the_reason_is_said() {
    let publisher = Publisher::new();
    let host = TestHost::trusting(&publisher);
    for bad in bad_releases(&publisher) {
        let file = bad.release.write_to(&host.work(), bad.name);
        let arguments = ["install", file.to_str().expect("a path is text"), "--yes"];
        host.run(arguments).await.failed_saying(bad.says);
    }
    let listed = host.run(["list", "--json"]).await.succeeded();
    assert!(!listed.stdout.contains("test:"), "{}", listed.describe());
}

#[tokio::test]
async fn a_bad_file_in_the_folder_is_refused_and_the_shards_that_run_go_on() {
    let (host, publisher) = scene::echo();
    let mut serving = host.serve_http().await;
    let mut client = Client::http(&serving, Era::Legacy).await;
    client.until_tools(&["echo"]).await;
    for bad in bad_releases(&publisher) {
        host.drop_in(bad.name, &bad.release);
        let parts: Vec<&str> = [bad.name].into_iter().chain(bad.says.iter().copied()).collect();
        serving.line(&parts).await;
        assert_eq!(client.tools().await, ["echo"], "{}", bad.name);
        assert!(!client.call("echo", json!({ "text": "still here" })).await.is_error());
    }
}

#[tokio::test]
async fn an_unknown_key_in_a_file_is_named_with_file_and_line() {
    let host = TestHost::new();
    host.write("nexus.toml", "use_mock = true\nuse_mok = true\n");
    host.run(["list"]).await.failed_saying(&["nexus.toml", "line 2", "use_mok"]);

    let host = TestHost::new();
    host.write("trust.toml", "version = 1\n[default]\nunsinged = \"deny\"\n");
    host.run(["trust", "list"]).await.failed_saying(&["trust.toml", "line 3", "unsinged"]);

    let host = TestHost::new();
    host.run(["key", "new", "dev", "--unencrypted"]).await.succeeded();
    let manifest = fixture_manifest("echo").replace("license", "licence");
    std::fs::write(host.work().join("shard.toml"), manifest).expect("a manifest");
    std::fs::write(host.work().join("echo.wasm"), fixture_wasm("echo")).expect("a component");
    let arguments = ["shard", "sign", "echo.wasm", "--key", "dev", "--manifest", "shard.toml"];
    host.run(arguments).await.failed_saying(&["shard.toml", "line 5", "licence"]);
}

#[tokio::test]
async fn arguments_that_break_the_schema_are_a_tool_error_that_names_property_and_rule() {
    let (host, _publisher) = scene::mock_logistics();
    let serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Modern).await;
    for (arguments, names) in [
        (json!({}), "tracking_number"),
        (json!({ "tracking_number": 5 }), "string"),
        (json!({ "tracking_number": "12" }), "tracking_number"),
        (json!({ "tracking_number": "123456789012", "colour": "red" }), "colour"),
    ] {
        let answer = client.call("fedex_track_shipment", arguments.clone()).await;
        assert!(answer.is_error() && answer.text().contains(names), "{arguments}: {}", answer.0);
        assert_eq!(answer.meta("category"), Some(&json!("validation")), "{}", answer.0);
        assert_eq!(answer.meta("fuel"), None, "the guest was entered: {}", answer.0);
    }
}

#[tokio::test]
async fn an_address_that_others_could_reach_is_refused() {
    let (host, _publisher) = scene::echo();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8081"] {
        host.run(["serve", "--http", address]).await.failed_saying(&["loopback"]);
    }
}

#[tokio::test]
async fn a_port_in_use_is_said_to_be_in_use() {
    let (host, _publisher) = scene::echo();
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = taken.local_addr().expect("a bound listener has an address").to_string();
    host.run(["serve", "--http", &address]).await.failed_saying(&[&address]);
}

#[tokio::test]
async fn a_shards_folder_that_is_not_there_is_said_to_be_missing() {
    let host = TestHost::new();
    let arguments = ["serve", "--http", "127.0.0.1:0", "--shards", "no/such/folder"];
    host.run(arguments).await.failed_saying(&["no/such/folder"]);
    std::fs::write(host.work().join("file"), "").expect("a file");
    host.run(["serve", "--http", "127.0.0.1:0", "--shards", "file"]).await.failed_saying(&["file"]);
}

#[tokio::test]
async fn a_listing_of_nothing_and_a_wrong_command_line_say_what_to_do() {
    let host = TestHost::new();
    host.run(["call", "no_such_tool"]).await.failed_saying(&["no_such_tool"]);
    host.run(["call", "no_such_tool", "{"]).await.failed_saying(&["JSON"]);
    host.run(["install", "no-such.wasm"]).await.failed_saying(&["no-such.wasm"]);
    host.run(["remove", "no:such"]).await.failed_saying(&["no:such"]);
    host.run(["key", "show", "nobody"]).await.failed_saying(&["nobody"]);
    host.run(["frobnicate"]).await.failed_saying(&["frobnicate"]);
}
