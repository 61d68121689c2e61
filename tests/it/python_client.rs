//! A client from another house: the official Python package, over both transports and in both eras.

use nexus_test_support::python::{Era, Python, Reach};
use nexus_test_support::{TestHost, location};
use serde_json::{Value, json};

use crate::scene::{self, LOGISTICS};

/// One call of each tool.
fn calls() -> Vec<(&'static str, Value)> {
    let numbers: Vec<&str> =
        nexus_mock_data::shipments().iter().take(3).map(|shipment| shipment.tracking_number.as_str()).collect();
    vec![
        ("fedex_track_shipment", json!({ "tracking_number": numbers.first() })),
        ("fedex_track_multiple", json!({ "tracking_numbers": numbers })),
        ("fedex_get_shipment_events", json!({ "tracking_number": numbers.first() })),
        (
            "fedex_validate_address",
            json!({ "street": "500 Congress Ave Ste 1200", "city": "Austin", "state": "TX", "postal": "78701" }),
        ),
        ("fedex_get_rates", json!({ "origin_postal": "78701", "dest_postal": "98101", "weight_lb": 5 })),
    ]
}

/// Lists and calls everything, and checks what every client relies on.
async fn converse(python: &Python, era: Era, reach: &Reach) {
    let calls = calls();
    let mut conversation = python.start(era, reach, &calls, 0).await;
    let connected = conversation.next("connected").await;
    let version = connected.get("protocol").and_then(Value::as_str);
    assert_eq!(version, Some(if era == Era::Modern { "2026-07-28" } else { "2025-11-25" }));

    let listed = conversation.next("tools").await;
    let tools = listed.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut names: Vec<&str> = tools.iter().filter_map(|tool| tool.get("name")?.as_str()).collect();
    names.sort_unstable();
    let mut expected = LOGISTICS.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    for tool in &tools {
        assert_eq!(tool.pointer("/inputSchema/type"), Some(&json!("object")), "{tool}");
        assert_eq!(tool.pointer("/inputSchema/additionalProperties"), Some(&json!(false)), "{tool}");
        assert_eq!(tool.pointer("/annotations/readOnlyHint"), Some(&json!(true)), "{tool}");
        assert!(tool.get("outputSchema").is_some_and(Value::is_object), "{tool}");
    }
    for (tool, _) in &calls {
        // The client holds structured results against the output schema itself, and fails when they do not fit.
        let call = conversation.next("call").await;
        assert_eq!(call.get("tool").and_then(Value::as_str), Some(*tool));
        assert_ne!(call.pointer("/result/isError"), Some(&json!(true)), "{call}");
        assert!(call.pointer("/result/structuredContent").is_some_and(Value::is_object), "{call}");
        assert!(call.pointer("/result/content/0/text").is_some_and(Value::is_string), "{call}");
    }
    conversation.finish().await;
}

fn stdio(host: &TestHost) -> Reach {
    let command = [location::nexus().display().to_string(), "--home".into(), host.home().display().to_string()];
    Reach::Stdio(command.into_iter().chain(["serve".into(), "--stdio".into()]).collect(), host.environment().clone())
}

#[tokio::test]
async fn the_legacy_era_over_stdio() {
    let Some(python) = Python::find() else { return };
    let (host, _publisher) = scene::mock_logistics();
    converse(&python, Era::Legacy, &stdio(&host)).await;
}

#[tokio::test]
async fn the_modern_era_over_stdio() {
    let Some(python) = Python::find() else { return };
    let (host, _publisher) = scene::mock_logistics();
    converse(&python, Era::Modern, &stdio(&host)).await;
}

#[tokio::test]
async fn the_legacy_era_over_http() {
    let Some(python) = Python::find() else { return };
    let (host, _publisher) = scene::mock_logistics();
    let serving = host.serve_http().await;
    converse(&python, Era::Legacy, &Reach::Http(serving.url().to_owned())).await;
}

#[tokio::test]
async fn the_modern_era_over_http() {
    let Some(python) = Python::find() else { return };
    let (host, _publisher) = scene::mock_logistics();
    let serving = host.serve_http().await;
    converse(&python, Era::Modern, &Reach::Http(serving.url().to_owned())).await;
}

/// A shard that is dropped in and taken out while the client is connected.
async fn changes(era: Era) {
    let Some(python) = Python::find() else { return };
    let (host, publisher) = scene::echo();
    let serving = host.serve_http().await;
    let mut conversation = python.start(era, &Reach::Http(serving.url().to_owned()), &[], 2).await;
    conversation.next("connected").await;
    assert_eq!(conversation.tools("tools").await, ["echo"]);
    conversation.next("listening").await;
    host.drop_in("echo", &publisher.fixture("echo-next"));
    assert_eq!(conversation.tools("changed").await, ["echo", "shout"]);
    host.take_out("echo");
    assert!(conversation.tools("changed").await.is_empty());
    conversation.finish().await;
}

#[tokio::test]
async fn the_legacy_era_is_told_of_changes() {
    changes(Era::Legacy).await;
}

#[tokio::test]
async fn the_modern_era_is_told_of_changes() {
    changes(Era::Modern).await;
}
