//! A shard that traps, loops, hoards, floods or dials where it may not. It hurts itself alone.

use nexus_test_support::python::Era;
use nexus_test_support::{FedEx, Serving};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::scene;

async fn misbehaving() -> (FedEx, nexus_test_support::TestHost, Serving, Client) {
    let fedex = FedEx::start().await;
    let host = scene::misbehaving(&fedex);
    let serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Modern).await;
    (fedex, host, serving, client)
}

async fn behaves(client: &Client) {
    assert_eq!(client.call("behave", json!({})).await.structured(), &json!({ "done": "nothing" }));
}

#[tokio::test]
async fn each_excess_is_a_tool_error_with_its_code_and_the_next_call_works() {
    let (_fedex, _host, _serving, client) = misbehaving().await;
    for (tool, code) in [
        ("trap", "trapped"),
        ("exit", "trapped"),
        ("recurse", "trapped"),
        ("spin", "fuel-exhausted"),
        ("linger", "deadline-exceeded"),
        ("hoard", "memory-exceeded"),
        ("flood", "too-large"),
    ] {
        let answer = client.call(tool, json!({})).await;
        assert_eq!(answer.code(), code, "{tool}: {}", answer.0);
        assert!(answer.meta("category").is_some() && answer.meta("retryable").is_some(), "{tool}: {}", answer.0);
        behaves(&client).await;
    }
}

#[tokio::test]
async fn one_that_spins_does_not_hold_up_its_neighbours() {
    let (_fedex, _host, _serving, client) = misbehaving().await;
    let spinning = async { client.call("spin", json!({})).await };
    let neighbours = async {
        for _ in 0..20 {
            behaves(&client).await;
        }
    };
    let (spun, ()) = tokio::join!(spinning, neighbours);
    assert_eq!(spun.code(), "fuel-exhausted");
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_short() {
    let (_fedex, _host, serving, client) = misbehaving().await;
    client.call("chatter", json!({})).await;
    behaves(&client).await;
    let lines = serving.stderr().lines().filter(|line| line.contains("chatter")).count();
    assert!((1..10_000).contains(&lines), "{lines} lines were logged");
}

/// The operator sees one line; nothing leaves the machine, whatever the guest tries.
#[tokio::test]
async fn a_destination_that_is_not_granted_is_denied() {
    let (fedex, _host, mut serving, client) = misbehaving().await;
    let elsewhere = FedEx::start().await;
    let port = elsewhere.url().rsplit(':').next().unwrap_or_default().to_owned();
    for url in [
        elsewhere.url().to_owned(),
        format!("http://localhost:{port}/"),
        "https://example.com/".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::1]/".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
        format!("{}@127.0.0.1:{port}/", fedex.url()),
        "nonsense".to_owned(),
    ] {
        let answer = client.call("dial", json!({ "url": url })).await;
        assert!(answer.is_error(), "{url}: {}", answer.0);
    }
    assert!(fedex.all_requests().is_empty() && elsewhere.all_requests().is_empty());
    serving.line(&["example.com"]).await;
}

/// Without a grant the same shard runs, and reaches nobody.
#[tokio::test]
async fn a_shard_that_was_only_dropped_in_has_no_network() {
    let fedex = FedEx::start().await;
    let host = scene::misbehaving(&fedex);
    host.write("nexus.toml", "");
    let serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Legacy).await;
    behaves(&client).await;
    assert!(dial(&client, fedex.url()).await.is_error());
    assert!(fedex.all_requests().is_empty());
}

#[tokio::test]
async fn a_guest_sees_no_files() {
    let (_fedex, host, _serving, client) = misbehaving().await;
    let trust = host.home().join("trust.toml");
    for path in ["/etc/passwd", "trust.toml", "../home/trust.toml", trust.to_str().expect("a path is text")] {
        let answer = client.call("read_file", json!({ "path": path })).await;
        assert_eq!(answer.structured().get("value"), Some(&Value::Null), "{path}");
    }
}

async fn dial(client: &Client, url: &str) -> Answer {
    client.call("dial", json!({ "url": url })).await
}
