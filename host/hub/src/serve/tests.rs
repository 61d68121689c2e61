use std::net::SocketAddr;

use futures::future::BoxFuture;
use nexus_mcp::{BackEnd, CallLimits, ToolCall, ToolDefinition, ToolFailure, ToolOutput};
use rmcp::model::{
    CallToolRequestParams, ClientRequest, ProtocolVersion, Request as ClientCall, ServerNotification,
    SubscriptionFilter,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;

/// Answers `speak` at once, and `wait` when it gets a permit; says when a `wait` has begun.
struct Tools {
    entered: mpsc::Sender<CancellationToken>,
    gate: Arc<Semaphore>,
}

impl BackEnd for Tools {
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, ToolFailure>> {
        Box::pin(async move {
            if call.tool == "wait" {
                self.entered.send(call.cancelled.clone()).await.unwrap();
                self.gate.acquire().await.unwrap().forget();
            }
            Ok(ToolOutput { content: vec![json!({ "type": "text", "text": "done" })], ..ToolOutput::default() })
        })
    }
}

struct Running {
    router: Arc<Router>,
    address: SocketAddr,
    shutdown: CancellationToken,
    entering: mpsc::Receiver<CancellationToken>,
    gate: Arc<Semaphore>,
    task: JoinSet<()>,
}

fn tool(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        title: None,
        description: "Answers".to_owned(),
        input_schema: json!({ "type": "object", "properties": { "word": { "type": "string" } } }),
        output_schema: None,
        annotations: None,
    }
}

async fn start(settings: HubSettings) -> Running {
    let (entered, entering) = mpsc::channel(64);
    let gate = Arc::new(Semaphore::new(0));
    let router = Router::new(CallLimits::default());
    let tools = Tools { entered, gate: Arc::clone(&gate) };
    router.publish("nexus:test", "test", vec![tool("speak"), tool("wait")], Arc::new(tools));
    let info = ServerInfo { name: "nexus".to_owned(), title: None, version: "1.2.3".to_owned(), instructions: None };
    let hub = Hub::bind("127.0.0.1:0".parse().unwrap()).await.expect("binds");
    let (address, shutdown) = (hub.address(), CancellationToken::new());
    let mut task = JoinSet::new();
    task.spawn(hub.serve(Arc::clone(&router), info, settings, shutdown.clone()));
    Running { router, address, shutdown, entering, gate, task }
}

impl Running {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn ended(mut self) {
        self.shutdown.cancel();
        self.task.join_next().await.expect("one task").expect("no panic");
    }
}

struct Watcher(mpsc::UnboundedSender<()>);

impl ClientHandler for Watcher {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.0.send(()).ok();
    }
}

fn eras() -> [ClientLifecycleMode; 2] {
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
    ]
}

type Client = RunningService<RoleClient, Watcher>;

fn http() -> reqwest::Client {
    // The provider is set once for the process; the next test finds it set.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    reqwest::Client::builder().no_proxy().build().expect("builds")
}

async fn connect(hub: &Running, era: ClientLifecycleMode) -> (Client, mpsc::UnboundedReceiver<()>) {
    let (sender, changes) = mpsc::unbounded_channel();
    let config = StreamableHttpClientTransportConfig::with_uri(hub.url("/mcp"));
    let transport = StreamableHttpClientTransport::with_client(http(), config);
    (Watcher(sender).serve_with_lifecycle(transport, era).await.expect("connects"), changes)
}

fn call(name: &'static str) -> CallToolRequestParams {
    CallToolRequestParams::new(name).with_arguments(serde_json::Map::new())
}

fn post(hub: &Running) -> reqwest::RequestBuilder {
    http()
        .post(hub.url("/mcp"))
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}"#;

#[tokio::test]
async fn lists_and_calls_in_both_eras() {
    let hub = start(HubSettings::default()).await;
    for era in eras() {
        let (client, _) = connect(&hub, era).await;
        let tools = client.list_all_tools().await.expect("lists");
        assert_eq!(tools.iter().map(|tool| &*tool.name).collect::<Vec<_>>(), ["speak", "wait"]);
        let result = client.call_tool(call("speak")).await.expect("answers");
        assert_eq!(result.is_error, Some(false));
        let wrong = call("speak").with_arguments(json!({ "word": 1 }).as_object().cloned().unwrap());
        let refused = client.call_tool(wrong).await.expect("answers");
        let text = refused
            .content
            .first()
            .and_then(|block| block.as_text())
            .map(|block| block.text.clone())
            .unwrap_or_default();
        assert!(text.contains("`/word`"), "{text}");
        client.call_tool(call("nobody")).await.expect_err("is unknown");
        client.cancel().await.expect("ends");
    }
    hub.ended().await;
}

#[tokio::test]
async fn clients_of_both_eras_hear_of_changes() {
    let hub = start(HubSettings::default()).await;
    let [legacy, modern] = eras();
    let (old, mut changes) = connect(&hub, legacy).await;
    let (new, _) = connect(&hub, modern).await;
    let mut subscription =
        new.listen(SubscriptionFilter::builder().tools_list_changed().build()).await.expect("subscribes");
    hub.router.withdraw("nexus:test");
    changes.recv().await.expect("is told");
    let notification = subscription.next().await.expect("is open");
    assert!(matches!(notification, Some(ServerNotification::ToolListChangedNotification(_))), "{notification:?}");
    assert!(old.list_all_tools().await.expect("lists").is_empty());
    hub.ended().await;
    assert!(matches!(subscription.next().await, Ok(None)));
}

#[tokio::test]
async fn a_modern_call_is_answered_in_plain_json() {
    let hub = start(HubSettings::default()).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "speak", "arguments": {}, "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": { "name": "t", "version": "0" },
        "io.modelcontextprotocol/clientCapabilities": {} } } });
    let response = post(&hub)
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "speak")
        .body(body.to_string())
        .send()
        .await
        .expect("answers");
    assert_eq!(
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
        (200, "application/json")
    );
    let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "done", "{answer}");
    hub.ended().await;
}

#[tokio::test]
async fn a_client_that_cancels_reaches_the_back_end() {
    for era in eras() {
        let mut hub = start(HubSettings::default()).await;
        let (client, _) = connect(&hub, era).await;
        let request = ClientRequest::CallToolRequest(ClientCall::new(call("wait")));
        let handle = client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.expect("is sent");
        let cancelled = hub.entering.recv().await.expect("is entered");
        handle.cancel(None).await.expect("is sent");
        cancelled.cancelled().await;
        hub.ended().await;
    }
}

#[tokio::test]
async fn web_pages_from_elsewhere_are_refused() {
    let hub = start(HubSettings::default()).await;
    for (header, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost.evil.example"),
        ("host", "evil.example"),
        ("host", "127.0.0.1.evil.example:80"),
    ] {
        let response = post(&hub).header(header, value).body(INITIALIZE).send().await.expect("answers");
        assert_eq!(response.status(), 403, "{header}: {value}");
    }
    for origin in ["http://localhost:6274", "http://127.0.0.1:3000", "http://[::1]:1"] {
        let response = post(&hub).header("origin", origin).body(INITIALIZE).send().await.expect("answers");
        assert_eq!(response.status(), 200, "{origin}");
    }
    let health = http().get(hub.url("/health")).header("host", "evil.example").send().await.expect("answers");
    assert_eq!(health.status(), 403);
    hub.ended().await;
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let mcp = HttpSettings { max_body: 1000, ..HttpSettings::default() };
    let hub = start(HubSettings { mcp, ..HubSettings::default() }).await;
    let response = post(&hub).body("x".repeat(1001)).send().await.expect("answers");
    assert_eq!(response.status(), 413);
    hub.ended().await;
}

#[tokio::test]
async fn the_end_of_a_session_is_answered_as_clients_expect() {
    let hub = start(HubSettings::default()).await;
    let opened = post(&hub).body(INITIALIZE).send().await.unwrap();
    let session = opened.headers()["mcp-session-id"].clone();
    let ended = http().delete(hub.url("/mcp")).header("mcp-session-id", session).send().await.unwrap();
    assert_eq!(ended.status(), 204);
    hub.ended().await;
}

#[tokio::test]
async fn sessions_are_bounded() {
    let mcp = HttpSettings { max_sessions: 2, ..HttpSettings::default() };
    let hub = start(HubSettings { mcp, ..HubSettings::default() }).await;
    let mut opened = Vec::new();
    for _ in 0..3 {
        let response = post(&hub).body(INITIALIZE).send().await.expect("answers");
        opened.push((response.status().as_u16(), response.headers().contains_key("mcp-session-id")));
    }
    assert_eq!(opened, [(200, true), (200, true), (500, false)]);
    hub.ended().await;
}

#[tokio::test]
async fn says_how_it_is() {
    let health: Health = Arc::new(|| Map::from_iter([("shards".to_owned(), json!({ "nexus:test": "ready" }))]));
    let hub = start(HubSettings { health, ..HubSettings::default() }).await;
    let response = http().get(hub.url("/health")).send().await.expect("answers");
    assert_eq!(response.status(), 200);
    let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(answer, json!({ "status": "ok", "version": "1.2.3", "tools": 2, "shards": { "nexus:test": "ready" } }));
    assert_eq!(http().get(hub.url("/")).send().await.expect("answers").status(), 404);
    hub.ended().await;
}

#[tokio::test]
async fn what_is_in_flight_is_answered_when_the_host_stops() {
    for era in eras() {
        let mut hub = start(HubSettings::default()).await;
        let (client, _) = connect(&hub, era).await;
        let (result, ()) = tokio::join!(client.call_tool(call("wait")), async {
            hub.entering.recv().await.expect("is entered");
            hub.shutdown.cancel();
            hub.gate.add_permits(1);
        });
        assert_eq!(result.expect("is answered").is_error, Some(false));
        hub.ended().await;
    }
}

#[tokio::test]
async fn streams_and_stuck_calls_do_not_hold_up_the_end() {
    let mut hub = start(HubSettings { grace: Duration::ZERO, ..HubSettings::default() }).await;
    let [legacy, modern] = eras();
    let (old, _) = connect(&hub, legacy).await;
    let (new, _) = connect(&hub, modern).await;
    let _subscription =
        new.listen(SubscriptionFilter::builder().tools_list_changed().build()).await.expect("subscribes");
    for client in [&old, &new] {
        let request = ClientRequest::CallToolRequest(ClientCall::new(call("wait")));
        client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.expect("is sent");
        hub.entering.recv().await.expect("is entered");
    }
    let mut half = TcpStream::connect(hub.address).await.expect("connects");
    half.write_all(b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le").await.expect("writes");
    let before = Instant::now();
    hub.ended().await;
    assert!(before.elapsed() < CLOSING * 3, "{:?}", before.elapsed());
    assert_eq!(half.read(&mut [0; 1]).await.unwrap_or(0), 0, "the half request's connection is gone");
}

#[tokio::test]
async fn at_the_limit_a_connection_waits_for_another_to_end() {
    let hub = start(HubSettings { connections: 1, ..HubSettings::default() }).await;
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let silent = TcpStream::connect(hub.address).await.expect("connects");
    let mut second = TcpStream::connect(hub.address).await.expect("connects");
    second.write_all(request).await.expect("writes");
    let mut answer = Vec::new();
    let (ended, ()) = tokio::join!(second.read_to_end(&mut answer), async { drop(silent) });
    ended.expect("reads");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    hub.ended().await;
}
