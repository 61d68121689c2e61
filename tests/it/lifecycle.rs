//! How a host ends: in order, whatever the reason, with the calls in flight answered.

use nexus_test_support::fedex::{Fault, Gate, TRACK_PATH};
use nexus_test_support::publisher::{fixture_manifest, fixture_wasm};
use nexus_test_support::python::Era;
use nexus_test_support::{FedEx, Publisher, Serving, TestHost};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::client::Client;
use crate::scene;

/// What the host logs when it begins to stop.
const STOPPING: &str = "stopping";

fn any_parcel() -> Value {
    json!({ "tracking_number": nexus_mock_data::shipments().first().map(|shipment| &shipment.tracking_number) })
}

async fn a_signal_lets_the_call_in_flight_finish(signal: Signal) {
    let fedex = FedEx::start().await;
    let gate = Gate::default();
    fedex.fault(TRACK_PATH, Fault::Held(gate.clone()));
    let host = scene::live_logistics(&fedex);
    let mut serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Legacy).await;
    let call = client.call("fedex_track_shipment", any_parcel());
    let end = async {
        fedex.wait_for_requests(TRACK_PATH, 1).await;
        serving.signal(signal);
        serving.line(&[STOPPING]).await;
        assert!(serving.is_running());
        gate.open();
    };
    let (answer, ()) = tokio::join!(call, end);
    assert!(!answer.is_error(), "{}", answer.0);
    drop(client);
    assert!(serving.ended().await.success(), "{}", serving.stderr());
}

#[tokio::test]
async fn sigterm_ends_it_in_order() {
    a_signal_lets_the_call_in_flight_finish(Signal::TERM).await;
}

#[tokio::test]
async fn sigint_ends_it_in_order() {
    a_signal_lets_the_call_in_flight_finish(Signal::INT).await;
}

#[tokio::test]
async fn an_idle_host_ends_at_once_even_with_a_client_that_listens() {
    let (host, _publisher) = scene::echo();
    let mut serving = host.serve_http().await;
    let clients = (Client::http(&serving, Era::Legacy).await, Client::http(&serving, Era::Modern).await);
    serving.signal(Signal::TERM);
    assert!(serving.ended().await.success(), "{}", serving.stderr());
    drop(clients);
}

/// Spoken to by hand, because a client library would close both directions at once.
struct Raw {
    serving: Serving,
    stdin: Option<tokio::process::ChildStdin>,
    stdout: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Raw {
    async fn start(mut serving: Serving) -> Self {
        let (stdout, stdin) = serving.take_pipes();
        let mut raw = Self { serving, stdin: Some(stdin), stdout: BufReader::new(stdout).lines() };
        let client = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "raw", "version": "1" } });
        raw.say(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client })).await;
        raw.answer(1).await;
        raw.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        raw
    }

    async fn say(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(format!("{message}\n").as_bytes()).await.expect("the host reads");
    }

    async fn call(&mut self, id: u64, tool: &str, arguments: &Value) {
        let params = json!({ "name": tool, "arguments": arguments });
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })).await;
    }

    /// The answer to a request. Everything on stdout until then must be a message of the protocol.
    async fn answer(&mut self, id: u64) -> Value {
        while let Some(message) = self.message().await {
            if message.get("id") == Some(&json!(id)) {
                return message;
            }
        }
        panic!("the host ended without an answer to {id}:\n{}", self.serving.stderr());
    }

    async fn message(&mut self) -> Option<Value> {
        let line = self.stdout.next_line().await.expect("stdout can be read")?;
        let message: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?} on stdout"));
        assert_eq!(message.get("jsonrpc"), Some(&json!("2.0")), "{line}");
        Some(message)
    }
}

#[tokio::test]
async fn closing_stdin_lets_the_call_in_flight_finish() {
    let fedex = FedEx::start().await;
    let gate = Gate::default();
    fedex.fault(TRACK_PATH, Fault::Held(gate.clone()));
    let host = scene::live_logistics(&fedex);
    let mut raw = Raw::start(host.serve_stdio()).await;
    raw.call(2, "fedex_track_shipment", &any_parcel()).await;
    fedex.wait_for_requests(TRACK_PATH, 1).await;
    // The vendor's answer needs longer than the end of the input: a host that did not wait would lose it.
    drop(raw.stdin.take());
    gate.open();
    let answer = raw.answer(2).await;
    assert_eq!(answer.pointer("/result/isError"), Some(&json!(false)), "{answer}");
    assert_eq!(raw.message().await, None);
    assert!(raw.serving.ended().await.success(), "{}", raw.serving.stderr());
}

#[tokio::test]
async fn stdout_carries_nothing_but_the_protocol() {
    let fedex = FedEx::start().await;
    let host = scene::misbehaving(&fedex);
    let mut raw = Raw::start(host.serve_stdio()).await;
    for (id, tool) in (2..).zip(["print", "chatter", "trap", "behave"]) {
        raw.call(id, tool, &json!({})).await;
        raw.answer(id).await;
    }
    host.drop_in("bad", &Publisher::new().fixture("echo").unsigned());
    raw.serving.line(&["unsigned"]).await;
    raw.say(&json!({ "jsonrpc": "2.0", "id": 9, "method": "no/such/method" })).await;
    raw.answer(9).await;
    drop(raw.stdin.take());
    while raw.message().await.is_some() {}
    assert!(raw.serving.ended().await.success());
}

#[tokio::test]
async fn instances_are_stopped_and_disposed_of_at_the_end() {
    let (host, _publisher) = scene::echo();
    let mut serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Modern).await;
    assert!(!client.call("echo", json!({ "text": "hello" })).await.is_error());
    serving.signal(Signal::TERM);
    serving.line(&["the voice is stopped"]).await;
    serving.line(&["the voice is disposed of"]).await;
    assert!(serving.ended().await.success(), "{}", serving.stderr());
}

#[tokio::test]
async fn isolation_by_call_ends_an_instance_after_each() {
    let publisher = Publisher::new();
    let host = TestHost::trusting(&publisher);
    let manifest = fixture_manifest("echo").replace("contract =", "isolation = \"call\"\ncontract =");
    host.drop_in("echo", &publisher.sign(fixture_wasm("echo"), &manifest));
    let mut serving = host.serve_http().await;
    let client = Client::http(&serving, Era::Modern).await;
    for _ in 0..10 {
        assert!(!client.call("echo", json!({ "text": "hello" })).await.is_error());
    }
    serving.line(&["the voice is disposed of"]).await;
    assert!(serving.is_running());
}
