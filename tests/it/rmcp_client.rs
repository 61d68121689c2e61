//! rmcp's own client, over both transports and in both eras; and that mock and live are the same.

use nexus_test_support::python::Era;
use nexus_test_support::{FedEx, TestHost};
use serde_json::{Value, json};

use crate::client::Client;
use crate::scene::{self, LOGISTICS};

async fn lists_and_calls(mut client: Client, version: &str) {
    assert_eq!(client.protocol(), version);
    client.until_tools(&LOGISTICS).await;
    let shipment = nexus_mock_data::shipments().first().expect("there are parcels");
    let answer = client.call("fedex_track_shipment", json!({ "tracking_number": shipment.tracking_number })).await;
    assert_eq!(answer.structured().get("tracking_number"), Some(&json!(shipment.tracking_number)));
    assert!(answer.meta("fuel").and_then(Value::as_u64).is_some_and(|fuel| fuel > 0), "{}", answer.0);
    // What a model reads when its client shows text only.
    assert!(answer.text().contains(&shipment.tracking_number));
}

#[tokio::test]
async fn every_transport_serves_both_eras() {
    let (host, _publisher) = scene::mock_logistics();
    let serving = host.serve_http().await;
    lists_and_calls(Client::http(&serving, Era::Legacy).await, "2025-11-25").await;
    lists_and_calls(Client::http(&serving, Era::Modern).await, "2026-07-28").await;
    lists_and_calls(Client::stdio(&mut host.serve_stdio(), Era::Legacy).await, "2025-11-25").await;
    lists_and_calls(Client::stdio(&mut host.serve_stdio(), Era::Modern).await, "2026-07-28").await;
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    let (host, _publisher) = scene::echo();
    let serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Legacy).await;
    let error = client.try_call("no_such_tool", json!({})).await.expect_err("there is no such tool");
    assert!(error.to_string().contains("no_such_tool"), "{error}");
}

/// The same questions to a host with mock data and to one whose FedEx is the stand-in.
#[tokio::test]
async fn mock_and_live_give_the_same_structured_output() {
    let fedex = FedEx::start().await;
    let ((mock_host, _publisher), live_host) = (scene::mock_logistics(), scene::live_logistics(&fedex));
    let (mock, live) = (serving(&mock_host).await, serving(&live_host).await);
    for (tool, arguments) in questions() {
        let (expected, found) =
            tokio::join!(mock.1.call(tool, arguments.clone()), live.1.call(tool, arguments.clone()));
        assert_eq!(expected.structured(), found.structured(), "{tool} {arguments}");
    }
    assert!(!fedex.all_requests().is_empty(), "the live host asked nobody");
}

async fn serving(host: &TestHost) -> (nexus_test_support::Serving, Client) {
    let serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Modern).await;
    (serving, client)
}

/// Every parcel in every way, an unknown one among others, good and bad addresses, journeys with and without a border.
fn questions() -> Vec<(&'static str, Value)> {
    let numbers: Vec<&str> =
        nexus_mock_data::shipments().iter().map(|shipment| shipment.tracking_number.as_str()).collect();
    let mut questions =
        vec![("fedex_track_multiple", json!({ "tracking_numbers": [numbers.first(), "000000000000"] }))];
    questions.extend(numbers.chunks(30).map(|some| ("fedex_track_multiple", json!({ "tracking_numbers": some }))));
    for number in numbers.iter().take(16) {
        questions.push(("fedex_track_shipment", json!({ "tracking_number": number })));
        questions.push(("fedex_get_shipment_events", json!({ "tracking_number": number })));
    }
    for (street, state) in
        [("500 Congress Avenue, Suite 1200", "TX"), ("1200 Barton Hills Drive", "TX"), ("Nowhere", "WA")]
    {
        let address = json!({ "street": street, "city": "Austin", "state": state, "postal": "78701" });
        questions.push(("fedex_validate_address", address));
    }
    for (postal, country) in [("98101", "US"), ("M5X 1C9", "CA")] {
        let parcel =
            json!({ "origin_postal": "78701", "dest_postal": postal, "dest_country": country, "weight_lb": 4.5 });
        questions.push(("fedex_get_rates", parcel));
    }
    questions
}
