//! The watched folder, while clients are connected.

use nexus_test_support::python::Era;
use nexus_test_support::{Publisher, Serving, TestHost};
use serde_json::json;

use crate::client::Client;
use crate::scene;

async fn served(host: &TestHost, era: Era) -> (Serving, Client) {
    let serving = host.serve_http().await;
    let client = Client::http(&serving, era).await;
    (serving, client)
}

async fn edition(client: &Client) -> Option<u64> {
    client.call("echo", json!({ "text": "hello" })).await.structured().get("edition")?.as_u64()
}

async fn appears_changes_and_goes(era: Era) {
    let publisher = Publisher::new();
    let host = TestHost::trusting(&publisher);
    let (_serving, mut client) = served(&host, era).await;
    client.until_tools(&[]).await;
    host.drop_in("echo", &publisher.fixture("echo"));
    client.until_tools(&["echo"]).await;
    assert_eq!(edition(&client).await, Some(1));
    host.drop_in("echo", &publisher.fixture("echo-next"));
    client.until_tools(&["echo", "shout"]).await;
    assert_eq!(edition(&client).await, Some(2));
    host.take_out("echo");
    client.until_tools(&[]).await;
}

#[tokio::test]
async fn a_shard_appears_changes_and_goes_in_the_legacy_era() {
    appears_changes_and_goes(Era::Legacy).await;
}

#[tokio::test]
async fn a_shard_appears_changes_and_goes_in_the_modern_era() {
    appears_changes_and_goes(Era::Modern).await;
}

#[tokio::test]
async fn a_client_over_stdio_is_told_too() {
    for era in [Era::Legacy, Era::Modern] {
        let publisher = Publisher::new();
        let host = TestHost::trusting(&publisher);
        let mut serving = host.serve_stdio();
        let mut client = Client::stdio(&mut serving, era).await;
        host.drop_in("echo", &publisher.fixture("echo"));
        client.until_tools(&["echo"]).await;
        assert_eq!(edition(&client).await, Some(1));
    }
}

/// As a person copies: the component first, then its statement.
#[tokio::test]
async fn a_statement_that_comes_after_its_component_is_seen() {
    let publisher = Publisher::new();
    let host = TestHost::trusting(&publisher);
    let (mut serving, mut client) = served(&host, Era::Legacy).await;
    let release = publisher.fixture("echo");
    host.drop_in("echo", &release.clone().unsigned());
    serving.line(&["unsigned"]).await;
    host.drop_in("echo", &release);
    client.until_tools(&["echo"]).await;
}

#[tokio::test]
async fn a_bad_replacement_is_refused_and_the_old_one_serves_on() {
    let (host, publisher) = scene::echo();
    let (mut serving, mut client) = served(&host, Era::Modern).await;
    client.until_tools(&["echo"]).await;
    host.drop_in("echo", &publisher.fixture("echo-next").tampered());
    serving.line(&["digest-mismatch"]).await;
    assert_eq!(client.tools().await, ["echo"]);
    assert_eq!(edition(&client).await, Some(1));
    // And the way back is open: a good one is taken.
    host.drop_in("echo", &publisher.fixture("echo-next"));
    client.until_tools(&["echo", "shout"]).await;
}

#[tokio::test]
async fn an_older_release_is_no_replacement() {
    let publisher = Publisher::new();
    let host = TestHost::trusting(&publisher);
    host.drop_in("echo", &publisher.fixture("echo-next"));
    let (mut serving, mut client) = served(&host, Era::Modern).await;
    client.until_tools(&["echo", "shout"]).await;
    host.drop_in("echo", &publisher.fixture("echo"));
    serving.line(&["rollback"]).await;
    assert_eq!(edition(&client).await, Some(2));
}

/// Calls go on, several at a time, while the shard is replaced. Every one is answered by one release or the other.
#[tokio::test]
async fn no_call_is_lost_in_a_swap() {
    let (host, publisher) = scene::echo();
    let (_serving, mut client) = served(&host, Era::Modern).await;
    client.until_tools(&["echo"]).await;
    host.drop_in("echo", &publisher.fixture("echo-next"));
    let mut calls = 0;
    loop {
        let editions = tokio::join!(edition(&client), edition(&client), edition(&client), edition(&client));
        calls += 4;
        if editions == (Some(2), Some(2), Some(2), Some(2)) {
            break;
        }
        assert!(calls < 1_000_000, "the new release never answered");
    }
    client.until_tools(&["echo", "shout"]).await;
}

#[tokio::test]
async fn two_shards_with_the_same_tool_both_get_a_longer_name() {
    let (host, publisher) = scene::echo();
    let (_serving, mut client) = served(&host, Era::Legacy).await;
    client.until_tools(&["echo"]).await;
    let twin = nexus_test_support::publisher::fixture_manifest("echo").replace("test:echo", "test:twin");
    host.drop_in("twin", &publisher.sign(nexus_test_support::publisher::fixture_wasm("echo"), &twin));
    client.until_tools(&["echo_echo", "twin_echo"]).await;
    host.take_out("twin");
    client.until_tools(&["echo"]).await;
}
