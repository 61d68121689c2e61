use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, ProtocolVersion, Request, ServerNotification,
    SubscriptionFilter,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RoleClient, RunningService, ServiceError};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::*;
use crate::testing::{arguments, back_end, info, said, says, tool};
use crate::{BackEnd, CallLimits};

const GRACE: Duration = Duration::from_secs(20);

/// A client that passes on every "the list has changed".
struct Watcher(mpsc::UnboundedSender<()>);

impl ClientHandler for Watcher {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.0.send(()).ok();
    }
}

/// A server on one end of a pipe.
struct Served {
    router: Arc<Router>,
    shutdown: CancellationToken,
    task: JoinSet<Result<(), StdioError>>,
}

fn serve(back_end: Arc<dyn BackEnd>) -> (Served, DuplexStream) {
    let router = Router::new(CallLimits::default());
    router.publish("nexus:test", "test", vec![tool("speak")], back_end);
    let shutdown = CancellationToken::new();
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let mut task = JoinSet::new();
    let (serving, stop) = (Arc::clone(&router), shutdown.clone());
    task.spawn(async move { serve_stream(serving, info(), tokio::io::split(ours), GRACE, &stop).await });
    (Served { router, shutdown, task }, theirs)
}

impl Served {
    async fn ended(mut self) {
        self.task.join_next().await.expect("one task").expect("no panic").expect("no error");
    }
}

fn eras() -> [ClientLifecycleMode; 2] {
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
    ]
}

async fn connect(
    pipe: DuplexStream,
    era: ClientLifecycleMode,
) -> (RunningService<RoleClient, Watcher>, mpsc::UnboundedReceiver<()>) {
    let (sender, changes) = mpsc::unbounded_channel();
    (Watcher(sender).serve_with_lifecycle(pipe, era).await.expect("connects"), changes)
}

fn speak(with: &Value) -> CallToolRequestParams {
    CallToolRequestParams::new("speak").with_arguments(arguments(with))
}

fn code(result: &CallToolResult) -> Option<&str> {
    result.meta.as_ref()?.0.get("nexus/code")?.as_str()
}

/// A back end whose calls say when they have begun, and wait for a permit.
fn gated() -> (Arc<dyn BackEnd>, mpsc::Receiver<CancellationToken>, Arc<Semaphore>) {
    let (entered, entering) = mpsc::channel(16);
    let gate = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&gate);
    let back_end = back_end(move |call| {
        let (entered, gate) = (entered.clone(), Arc::clone(&waiting));
        async move {
            entered.send(call.cancelled.clone()).await.unwrap();
            gate.acquire().await.unwrap().forget();
            Ok(said("done"))
        }
    });
    (back_end, entering, gate)
}

#[tokio::test]
async fn lists_and_calls_in_both_eras() {
    for era in eras() {
        let (served, pipe) = serve(says("hello"));
        let (client, _) = connect(pipe, era).await;
        let tools = client.list_all_tools().await.expect("lists");
        assert_eq!(tools.iter().map(|tool| &*tool.name).collect::<Vec<_>>(), ["speak"]);
        let result = client.call_tool(speak(&json!({ "word": "x" }))).await.expect("answers");
        assert_eq!(result.structured_content, Some(json!({ "said": "hello" })));
        let refused = client.call_tool(speak(&json!({ "word": 1 }))).await.expect("answers");
        assert_eq!((refused.is_error, code(&refused)), (Some(true), Some("invalid-arguments")));
        client.cancel().await.expect("ends");
        served.ended().await;
    }
}

#[tokio::test]
async fn an_unknown_tool_and_an_undeclared_method_are_protocol_errors() {
    for era in eras() {
        let (served, pipe) = serve(says("hello"));
        let (client, _) = connect(pipe, era).await;
        let unknown = client.call_tool(CallToolRequestParams::new("nobody")).await.expect_err("is unknown");
        assert!(
            matches!(&unknown, ServiceError::McpError(error) if error.code.0 == -32602 && error.message.contains("nobody")),
            "{unknown:?}"
        );
        for undeclared in [
            client.list_all_prompts().await.map(drop),
            client.list_all_resources().await.map(drop),
            client.list_all_resource_templates().await.map(drop),
        ] {
            assert!(
                matches!(&undeclared, Err(ServiceError::McpError(error)) if error.code.0 == -32601),
                "{undeclared:?}"
            );
        }
        client.cancel().await.expect("ends");
        served.ended().await;
    }
}

#[tokio::test]
async fn a_legacy_session_hears_of_changes() {
    let (served, pipe) = serve(says("hello"));
    let (client, mut changes) = connect(pipe, ClientLifecycleMode::Initialize).await;
    for name in ["one", "two"] {
        served.router.publish("nexus:more", "more", vec![tool(name)], says("more"));
        changes.recv().await.expect("is told");
        assert!(client.list_all_tools().await.expect("lists").iter().any(|tool| tool.name == name));
    }
    client.cancel().await.expect("ends");
    served.ended().await;
}

#[tokio::test]
async fn a_modern_subscription_hears_of_changes_and_ends_with_the_server() {
    let (served, pipe) = serve(says("hello"));
    let [_, modern] = eras();
    let (client, _) = connect(pipe, modern).await;
    let filter = SubscriptionFilter::builder().tools_list_changed().prompts_list_changed().build();
    let mut subscription = client.listen(filter).await.expect("subscribes");
    assert_eq!(subscription.acknowledged(), &SubscriptionFilter::builder().tools_list_changed().build());
    served.router.withdraw("nexus:test");
    let notification = subscription.next().await.expect("is open");
    assert!(matches!(notification, Some(ServerNotification::ToolListChangedNotification(_))), "{notification:?}");
    served.shutdown.cancel();
    assert!(matches!(subscription.next().await, Ok(None)));
    served.ended().await;
}

#[tokio::test]
async fn a_clients_cancellation_reaches_the_back_end() {
    for era in eras() {
        let (back_end, mut entering, _gate) = gated();
        let (served, pipe) = serve(back_end);
        let (client, _) = connect(pipe, era).await;
        let request = ClientRequest::CallToolRequest(Request::new(speak(&json!({}))));
        let handle = client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.expect("is sent");
        let cancelled = entering.recv().await.expect("is entered");
        handle.cancel(None).await.expect("is sent");
        cancelled.cancelled().await;
        client.cancel().await.expect("ends");
        served.ended().await;
    }
}

#[tokio::test]
async fn what_is_in_flight_is_answered_when_the_host_stops() {
    for era in eras() {
        let (back_end, mut entering, gate) = gated();
        let (served, pipe) = serve(back_end);
        let (client, _) = connect(pipe, era).await;
        let stop = served.shutdown.clone();
        let (result, ()) = tokio::join!(client.call_tool(speak(&json!({}))), async {
            entering.recv().await.expect("is entered");
            stop.cancel();
            gate.add_permits(1);
        });
        assert_eq!(result.expect("is answered").structured_content, Some(json!({ "said": "done" })));
        served.ended().await;
    }
}

/// Speaks the protocol by hand, for what a well-behaved client does not do.
struct Raw {
    write: Option<tokio::io::WriteHalf<DuplexStream>>,
    read: tokio::io::Lines<BufReader<tokio::io::ReadHalf<DuplexStream>>>,
}

impl Raw {
    fn new(pipe: DuplexStream) -> Self {
        let (read, write) = tokio::io::split(pipe);
        Self { write: Some(write), read: BufReader::new(read).lines() }
    }

    async fn send(&mut self, line: &str) {
        let write = self.write.as_mut().expect("is open");
        write.write_all(format!("{line}\n").as_bytes()).await.expect("writes");
    }

    async fn receive(&mut self) -> Value {
        let line = self.read.next_line().await.expect("reads").expect("is open");
        serde_json::from_str(&line).expect("only JSON comes out")
    }

    async fn open(&mut self) {
        let client = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "raw", "version": "0" } });
        self.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client }).to_string()).await;
        let opened = self.receive().await;
        assert_eq!(opened["result"]["capabilities"], json!({ "tools": { "listChanged": true } }));
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    }

    async fn call(&mut self, id: u32) {
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": "speak", "arguments": {} } });
        self.send(&call.to_string()).await;
    }
}

/// The pipe's write half, shut, so that the server sees the end of its input while we go on reading.
async fn hang_up(raw: &mut Raw) {
    raw.write.as_mut().expect("is open").shutdown().await.expect("shuts");
}

#[tokio::test]
async fn what_is_in_flight_is_answered_when_stdin_closes() {
    let (back_end, mut entering, gate) = gated();
    let (served, pipe) = serve(back_end);
    let mut raw = Raw::new(pipe);
    raw.open().await;
    raw.call(1).await;
    raw.call(2).await;
    hang_up(&mut raw).await;
    entering.recv().await.expect("is entered");
    entering.recv().await.expect("is entered");
    gate.add_permits(2);
    let mut answered = [raw.receive().await, raw.receive().await]
        .map(|answer| (answer["id"].as_u64(), answer["result"]["isError"].as_bool()));
    answered.sort_unstable();
    assert_eq!(answered, [(Some(1), Some(false)), (Some(2), Some(false))]);
    served.ended().await;
}

#[tokio::test(start_paused = true)]
async fn what_outlives_the_grace_time_is_cancelled_and_that_is_answered() {
    let (back_end, mut entering, _gate) = gated();
    let (served, pipe) = serve(back_end);
    let mut raw = Raw::new(pipe);
    raw.open().await;
    raw.call(1).await;
    let cancelled = entering.recv().await.expect("is entered");
    let before = Instant::now();
    served.shutdown.cancel();
    let answer = raw.receive().await;
    assert_eq!(answer["result"]["_meta"]["nexus/code"], "cancelled", "{answer}");
    assert!(cancelled.is_cancelled());
    assert!((GRACE..GRACE + Duration::from_secs(2)).contains(&before.elapsed()), "{:?}", before.elapsed());
    served.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_does_not_keep_the_host() {
    let big = back_end(|_| async { Ok(said(&"x".repeat(100_000))) });
    let (served, pipe) = serve(big);
    let mut raw = Raw::new(pipe);
    raw.open().await;
    raw.call(1).await;
    served.shutdown.cancel();
    served.ended().await;
    drop(raw);
}

#[tokio::test]
async fn a_client_that_leaves_before_it_opened_is_no_error() {
    let (served, pipe) = serve(says("x"));
    drop(pipe);
    served.ended().await;
    let (served, _pipe) = serve(says("x"));
    served.shutdown.cancel();
    served.ended().await;
}

#[tokio::test]
async fn broken_lines_do_not_end_the_host() {
    let (served, pipe) = serve(says("still here"));
    let mut raw = Raw::new(pipe);
    raw.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#).await;
    raw.open().await;
    raw.send("{ this is not JSON").await;
    raw.send(&"[".repeat(200)).await;
    raw.send("\u{0}\u{1b}[2J").await;
    raw.send(r#"{"jsonrpc":"2.0","id":5,"method":5}"#).await;
    let refused = raw.receive().await;
    assert_eq!(refused["error"]["code"], -32600, "{refused}");
    raw.call(1).await;
    let answer = raw.receive().await;
    assert_eq!((&answer["id"], &answer["result"]["structuredContent"]["said"]), (&json!(1), &json!("still here")));
    hang_up(&mut raw).await;
    served.ended().await;
}

#[tokio::test]
async fn an_oversized_line_is_dropped_unread() {
    let (served, pipe) = serve(says("still here"));
    let mut raw = Raw::new(pipe);
    raw.open().await;
    let long = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "x".repeat(MAX_LINE), "arguments": {} } });
    raw.send(&long.to_string()).await;
    raw.call(2).await;
    assert_eq!(raw.receive().await["id"], 2);
    hang_up(&mut raw).await;
    served.ended().await;
}

#[tokio::test]
async fn a_flood_of_calls_is_bounded_and_every_one_is_answered() {
    const FLOOD: u32 = 2000;
    let (back_end, mut entering, gate) = gated();
    let entered = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&entered);
    let mut counter = JoinSet::new();
    counter.spawn(async move {
        while entering.recv().await.is_some() {
            counting.fetch_add(1, Ordering::Relaxed);
        }
    });
    let (served, pipe) = serve(back_end);
    let mut raw = Raw::new(pipe);
    raw.open().await;
    let mut write = raw.write.take().expect("is open");
    let writing = async {
        for id in 1..=FLOOD {
            let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": "speak", "arguments": {} } });
            write.write_all(format!("{call}\n").as_bytes()).await.expect("writes");
        }
    };
    let limit = CallLimits::default().per_back_end;
    let reading = async {
        let mut answered = HashSet::new();
        let mut busy = 0;
        while answered.len() < FLOOD as usize {
            let answer = raw.receive().await;
            answered.insert(answer["id"].as_u64().expect("has an id"));
            busy += usize::from(answer["result"]["_meta"]["nexus/code"] == "busy");
            if answered.len() == FLOOD as usize - limit {
                // All that is left waits in the back end.
                gate.add_permits(limit);
            }
        }
        busy
    };
    let ((), busy) = tokio::join!(writing, reading);
    assert_eq!((busy, entered.load(Ordering::Relaxed)), (FLOOD as usize - limit, limit));
    write.shutdown().await.expect("shuts");
    served.ended().await;
    counter.join_next().await.expect("one task").expect("ends");
}
