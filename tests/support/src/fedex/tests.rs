//! The stand-in is only worth something when it is as strict, and as broken, as it says. Spoken to in bytes, because what
//! matters here is what is on the wire.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

async fn send(fedex: &FedEx, path: &str, headers: &str, body: &str) -> String {
    let address = fedex.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset after a part of the answer is one of the faults.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

async fn token(fedex: &FedEx, secret: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={secret}", fedex.key());
    send(fedex, TOKEN_PATH, "Content-Type: application/x-www-form-urlencoded\r\n", &form).await
}

async fn authorized(fedex: &FedEx, path: &str, body: &Value) -> String {
    assert!(token(fedex, fedex.secret()).await.starts_with("HTTP/1.1 200"));
    let header = format!("Authorization: Bearer {}\r\n", fedex.last_token().unwrap());
    send(fedex, path, &header, &body.to_string()).await
}

fn tracking(number: &str) -> Value {
    json!({ "includeDetailedScans": true, "trackingInfo": [{ "trackingNumberInfo": { "trackingNumber": number } }] })
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn a_token_needs_the_right_secret_and_an_api_needs_the_token() {
    let fedex = FedEx::start().await;
    assert!(token(&fedex, "wrong").await.starts_with("HTTP/1.1 401"));
    assert!(send(&fedex, TRACK_PATH, "", "{}").await.contains("NOT.AUTHORIZED.ERROR"));
    let number = &nexus_mock_data::shipments()[0].tracking_number;
    assert!(authorized(&fedex, TRACK_PATH, &tracking(number)).await.starts_with("HTTP/1.1 200"));
    let header = format!("Authorization: Bearer {}\r\n", fedex.last_token().unwrap());
    fedex.expire_tokens();
    assert!(send(&fedex, TRACK_PATH, &header, "{}").await.starts_with("HTTP/1.1 401"));
    assert_eq!(fedex.requests(TOKEN_PATH).len(), 2);
    assert_eq!(fedex.all_requests().len(), 5);
}

#[tokio::test]
async fn a_parcel_is_told_newest_scan_first_and_an_unknown_one_in_its_place() {
    let fedex = FedEx::start().await;
    let known = nexus_mock_data::shipments().iter().find(|shipment| shipment.delivered_at().is_some()).unwrap();
    let answer = body(&authorized(&fedex, TRACK_PATH, &tracking(&known.tracking_number)).await);
    let result = answer.pointer("/output/completeTrackResults/0/trackResults/0").unwrap();
    assert_eq!(result.pointer("/latestStatusDetail/code"), Some(&json!("DL")));
    assert_eq!(result.pointer("/scanEvents/0/eventType"), Some(&json!("DL")));
    let answer = body(&authorized(&fedex, TRACK_PATH, &tracking("000000000000")).await);
    let error = answer.pointer("/output/completeTrackResults/0/trackResults/0/error/code");
    assert_eq!(error, Some(&json!("TRACKING.TRACKINGNUMBER.NOTFOUND")));
}

#[tokio::test]
async fn addresses_and_rates_are_answered_in_the_vendors_shape() {
    let fedex = FedEx::start().await;
    let address = json!({ "addressesToValidate": [{ "address": {
        "streetLines": ["500 Congress Ave Ste 1200"], "city": "Austin", "stateOrProvinceCode": "TX", "postalCode": "78701", "countryCode": "US",
    } }] });
    let answer = body(&authorized(&fedex, ADDRESS_PATH, &address).await);
    assert_eq!(answer.pointer("/output/resolvedAddresses/0/attributes/Resolved"), Some(&json!("true")));
    let place = |postal: &str| json!({ "address": { "postalCode": postal, "countryCode": "US" } });
    let rate = json!({ "accountNumber": { "value": "740561073" }, "requestedShipment": {
        "shipper": place("78701"), "recipient": place("98101"), "pickupType": "DROPOFF_AT_FEDEX_LOCATION",
        "requestedPackageLineItems": [{ "weight": { "units": "LB", "value": 5 } }],
    } });
    let answer = body(&authorized(&fedex, RATE_PATH, &rate).await);
    assert!(
        answer.pointer("/output/rateReplyDetails/0/ratedShipmentDetails/0/totalNetCharge").is_some_and(Value::is_f64)
    );
}

#[tokio::test]
async fn faults_come_in_order_and_then_it_is_well_again() {
    let fedex = FedEx::start().await;
    fedex.faults(TRACK_PATH, 2, &Fault::Status(503));
    fedex.fault(TRACK_PATH, Fault::TooManyRequests { retry_after: 7 });
    let number = &nexus_mock_data::shipments()[0].tracking_number;
    for _ in 0..2 {
        assert!(authorized(&fedex, TRACK_PATH, &tracking(number)).await.starts_with("HTTP/1.1 503"));
    }
    assert!(authorized(&fedex, TRACK_PATH, &tracking(number)).await.contains("retry-after: 7\r\n"));
    assert!(authorized(&fedex, TRACK_PATH, &tracking(number)).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn broken_answers_are_broken() {
    let fedex = FedEx::start().await;
    let ask = async |fault| {
        fedex.fault(TRACK_PATH, fault);
        send(&fedex, TRACK_PATH, "Authorization: Bearer mine\r\n", "{}").await
    };
    let truncated = ask(Fault::Truncated).await;
    assert!(truncated.contains("content-length: 4096") && truncated.len() < 1024, "{truncated}");
    assert_eq!(ask(Fault::Close).await, "");
    assert!(ask(Fault::Redirect("http://169.254.169.254/".into())).await.contains("location: http://169.254.169.254/"));
    assert!(ask(Fault::EchoAuthorization).await.contains("Bearer mine"));
    assert!(ask(Fault::Huge(1 << 20)).await.len() >= 1 << 20);
    assert!(ask(Fault::NotJson).await.contains("<html>"));
}

#[tokio::test]
async fn a_held_answer_comes_when_the_gate_opens() {
    let fedex = FedEx::start().await;
    let gate = Gate::default();
    fedex.fault(TRACK_PATH, Fault::Held(gate.clone()));
    let open = async {
        fedex.wait_for_requests(TRACK_PATH, 1).await;
        gate.open();
    };
    let (answer, ()) = tokio::join!(send(&fedex, TRACK_PATH, "", "{}"), open);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}
