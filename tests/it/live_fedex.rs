//! The logistics shard against a FedEx that refuses, fails, forgets and lies.

use std::time::Duration;

use nexus_test_support::fedex::{Fault, TOKEN_PATH, TRACK_PATH};
use nexus_test_support::python::Era;
use nexus_test_support::{FedEx, Serving, TestHost};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Answer, Client};
use crate::scene;

/// A live host with a client, and the vendor behind it.
struct Live {
    fedex: FedEx,
    client: Client,
    _serving: Serving,
    _host: TestHost,
}

impl Live {
    async fn start() -> Self {
        let fedex = FedEx::start().await;
        let host = scene::live_logistics(&fedex);
        let serving = host.serve_http().await;
        let client = Client::http(&serving, Era::Modern).await;
        Self { fedex, client, _serving: serving, _host: host }
    }

    async fn track(&self) -> Answer {
        self.client.call("fedex_track_shipment", any_parcel()).await
    }
}

fn any_parcel() -> Value {
    json!({ "tracking_number": nexus_mock_data::shipments().first().map(|shipment| &shipment.tracking_number) })
}

#[tokio::test]
async fn the_token_is_fetched_once_and_reused() {
    let live = Live::start().await;
    let (one, other) = tokio::join!(live.track(), live.track());
    for answer in [one, other, live.track().await] {
        assert!(!answer.is_error(), "{}", answer.0);
    }
    assert_eq!(live.fedex.requests(TOKEN_PATH).len(), 1);
    let token = live.fedex.last_token().expect("a token was issued");
    let tracked = live.fedex.requests(TRACK_PATH);
    assert_eq!(tracked.len(), 3);
    for request in tracked {
        assert_eq!(request.header("authorization"), format!("Bearer {token}"));
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_fetched_anew() {
    let live = Live::start().await;
    assert!(!live.track().await.is_error());
    live.fedex.expire_tokens();
    assert!(!live.track().await.is_error());
    assert_eq!(live.fedex.requests(TOKEN_PATH).len(), 2);
}

#[tokio::test]
async fn two_failures_and_a_success_are_one_answer() {
    let live = Live::start().await;
    live.fedex.faults(TRACK_PATH, 2, &Fault::Status(503));
    assert!(!live.track().await.is_error());
    assert_eq!(live.fedex.requests(TRACK_PATH).len(), 3);
}

#[tokio::test]
async fn broken_connections_and_bodies_are_retried() {
    let live = Live::start().await;
    live.fedex.fault(TRACK_PATH, Fault::Close);
    live.fedex.fault(TRACK_PATH, Fault::Truncated);
    assert!(!live.track().await.is_error());
    assert_eq!(live.fedex.requests(TRACK_PATH).len(), 3);
}

#[tokio::test]
async fn what_is_not_found_is_not_asked_for_again() {
    let live = Live::start().await;
    live.fedex.fault(TRACK_PATH, Fault::Status(404));
    assert!(live.track().await.is_error());
    assert_eq!(live.fedex.requests(TRACK_PATH).len(), 1);
}

#[tokio::test]
async fn too_many_requests_waits_as_long_as_the_vendor_says() {
    let live = Live::start().await;
    live.fedex.fault(TRACK_PATH, Fault::TooManyRequests { retry_after: 1 });
    let began = Instant::now();
    assert!(!live.track().await.is_error());
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(live.fedex.requests(TRACK_PATH).len(), 2);
}

#[tokio::test]
async fn five_failures_open_the_breaker_and_the_sixth_call_fails_at_once() {
    let live = Live::start().await;
    live.fedex.faults(TRACK_PATH, 100, &Fault::Status(500));
    for _ in 0..5 {
        assert!(live.track().await.is_error());
    }
    let asked = live.fedex.requests(TRACK_PATH).len();
    assert!(asked >= 5, "only {asked} requests were sent");
    let refused = live.track().await;
    assert!(refused.0.to_string().contains("circuit-open"), "{}", refused.0);
    assert_eq!(live.fedex.requests(TRACK_PATH).len(), asked, "the open breaker let a request through");
}

#[tokio::test]
async fn a_redirect_to_another_place_is_not_followed() {
    let live = Live::start().await;
    let elsewhere = FedEx::start().await;
    live.fedex.fault(TRACK_PATH, Fault::Redirect(format!("{}{TRACK_PATH}", elsewhere.url())));
    assert!(live.track().await.is_error());
    assert!(elsewhere.all_requests().is_empty(), "the request went where nobody granted it");
}

#[tokio::test]
async fn an_answer_that_is_too_large_or_no_answer_is_an_error_and_the_next_call_works() {
    let live = Live::start().await;
    live.fedex.fault(TRACK_PATH, Fault::Huge(64 << 20));
    assert!(live.track().await.is_error());
    live.fedex.fault(TRACK_PATH, Fault::NotJson);
    assert!(live.track().await.is_error());
    assert!(!live.track().await.is_error());
}

#[tokio::test]
async fn wrong_credentials_are_said_to_be_wrong_and_are_not_repeated() {
    let fedex = FedEx::start().await;
    let mut host = scene::live_logistics(&fedex);
    host.set("FEDEX_API_SECRET", "quite-another-secret");
    let serving = host.serve_http().await;
    let answer = Client::http(&serving, Era::Legacy).await.call("fedex_track_shipment", any_parcel()).await;
    assert!(answer.is_error());
    assert!(fedex.requests(TRACK_PATH).is_empty());
    assert!(
        !answer.0.to_string().contains("quite-another-secret") && !serving.stderr().contains("quite-another-secret")
    );
}

#[tokio::test]
async fn missing_credentials_are_named_and_nothing_is_sent() {
    let fedex = FedEx::start().await;
    let mut host = scene::live_logistics(&fedex);
    host.unset("FEDEX_API_SECRET");
    let serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Legacy).await;
    assert_eq!(client.tools().await.len(), scene::LOGISTICS.len(), "a shard without credentials still lists its tools");
    let answer = client.call("fedex_track_shipment", any_parcel()).await;
    assert!(answer.is_error() && answer.text().contains("FEDEX_API_SECRET"), "{}", answer.0);
    assert!(fedex.all_requests().is_empty());
}

/// The shard that misbehaves is given credentials to use, and looks for them everywhere that it can see.
#[tokio::test]
async fn the_guest_never_holds_the_secret() {
    let fedex = FedEx::start().await;
    let host = scene::misbehaving(&fedex);
    let command = host.command(["--log", "trace", "serve", "--http", "127.0.0.1:0"]);
    let serving = Serving::http(command).await;
    let client = Client::http(&serving, Era::Modern).await;

    let body = json!({ "trackingInfo": [{ "trackingNumberInfo": { "trackingNumber": "000000000000" } }] }).to_string();
    let dialled = client.call("dial", json!({ "url": format!("{}{TRACK_PATH}", fedex.url()), "body": body })).await;
    assert_eq!(dialled.structured().get("status"), Some(&json!(200)), "the credentials were used: {}", dialled.0);

    let token = fedex.last_token().expect("a token was issued");
    assert!(found(&client, fedex.url()).await, "the search finds what is there");
    for secret in [fedex.secret(), fedex.key(), &token] {
        assert!(!found(&client, secret).await, "a credential lies in the guest's memory");
        assert!(!serving.stderr().contains(secret), "a credential is in the log");
    }
    for name in ["VENDOR_SECRET", "VENDOR_KEY", "PATH", "HOME"] {
        for tool in ["read_setting", "read_environment"] {
            let answer = client.call(tool, json!({ "name": name })).await;
            assert_eq!(answer.structured().get("value"), Some(&Value::Null), "{tool} {name}");
        }
    }
}

async fn found(client: &Client, text: &str) -> bool {
    let disguised = hex::encode(text.bytes().map(|byte| !byte).collect::<Vec<u8>>());
    let answer = client.call("search_memory", json!({ "disguised": disguised })).await;
    answer.structured().get("found").and_then(Value::as_u64).expect("a count") > 0
}
