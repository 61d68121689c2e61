//! The standard door to the broker: an ecosystem's own client, through `wasi:http/outgoing-handler`.

use nexus_test_support::FedEx;
use nexus_test_support::fedex::{Fault, TOKEN_PATH, TRACK_PATH};
use nexus_test_support::python::Era;
use serde_json::{Value, json};

use crate::client::Client;
use crate::scene;

fn tracking() -> Value {
    let number = nexus_mock_data::shipments().first().map(|shipment| &shipment.tracking_number);
    json!({ "includeDetailedScans": true, "trackingInfo": [{ "trackingNumberInfo": { "trackingNumber": number } }] })
}

#[tokio::test]
async fn a_request_goes_out_with_the_hosts_credentials() {
    let fedex = FedEx::start().await;
    let host = scene::fetching(&fedex);
    let serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Modern).await;
    let url = format!("{}{TRACK_PATH}", fedex.url());
    let answer = client.call("fetch", json!({ "url": url, "body": tracking().to_string() })).await;
    assert_eq!(answer.structured()["status"], 200, "{}", answer.0);
    assert!(answer.structured()["body"].as_str().unwrap_or_default().contains("completeTrackResults"), "{}", answer.0);
    let token = fedex.last_token().expect("a token was issued");
    assert_eq!(fedex.requests(TRACK_PATH)[0].header("authorization"), format!("Bearer {token}"));
    assert_eq!(answer.meta("attempts"), Some(&json!(2)), "the token's request and the shard's: {}", answer.0);
}

#[tokio::test]
async fn a_post_is_not_retried_because_nobody_said_that_it_may_be() {
    let fedex = FedEx::start().await;
    let host = scene::fetching(&fedex);
    let serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Modern).await;
    fedex.fault(TRACK_PATH, Fault::Status(503));
    let url = format!("{}{TRACK_PATH}", fedex.url());
    let answer = client.call("fetch", json!({ "url": url, "body": "{}" })).await;
    assert_eq!(answer.structured()["status"], 503, "{}", answer.0);
    assert_eq!(fedex.requests(TRACK_PATH).len(), 1);
}

#[tokio::test]
async fn what_is_not_granted_is_denied_and_nothing_leaves_the_machine() {
    let (fedex, elsewhere) = (FedEx::start().await, FedEx::start().await);
    let host = scene::fetching(&fedex);
    let mut serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Modern).await;
    let answer = client.call("fetch", json!({ "url": format!("{}{TRACK_PATH}", elsewhere.url()), "body": "" })).await;
    assert!(answer.is_error() && answer.text().contains("HttpRequestDenied"), "{}", answer.0);
    assert!(elsewhere.all_requests().is_empty() && fedex.requests(TOKEN_PATH).is_empty());
    serving.line(&["destination-not-granted", elsewhere.url()]).await;
}
