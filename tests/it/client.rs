//! An MCP client in this process: rmcp's own, in both eras.

use std::time::Duration;

use nexus_test_support::Serving;
use nexus_test_support::python::Era;
use rmcp::model::{CallToolRequestParams, ClientConfig, ProtocolVersion, SubscriptionFilter};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::{IntoTransport, StreamableHttpClientTransport};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient, ServiceError};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a test waits for the tools to become what it expects. The product's promise is a second; a busy machine is given more.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connected client. It disconnects when it is dropped.
#[derive(Debug)]
pub(crate) struct Client {
    service: RunningService<RoleClient, Listener>,
    changes: watch::Receiver<u64>,
    _subscription: JoinSet<()>,
}

/// Counts the list changes that it is told of.
#[derive(Debug)]
struct Listener {
    changes: watch::Sender<u64>,
}

impl ClientHandler for Listener {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::default()
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Client {
    /// Over the pipes of a host that was started with `--stdio`.
    pub(crate) async fn stdio(host: &mut Serving, era: Era) -> Self {
        Self::connect(host.take_pipes(), era).await
    }

    /// Over HTTP.
    pub(crate) async fn http(host: &Serving, era: Era) -> Self {
        Self::connect(StreamableHttpClientTransport::from_uri(host.url()), era).await
    }

    async fn connect<T, E, A>(transport: T, era: Era) -> Self
    where
        T: IntoTransport<RoleClient, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let mode = match era {
            Era::Legacy => ClientLifecycleMode::Initialize,
            Era::Modern => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
        };
        let (sender, changes) = watch::channel(0);
        let service = Listener { changes: sender.clone() }.serve_with_lifecycle(transport, mode);
        let service = service.await.expect("the host accepts a client");
        let mut subscription = JoinSet::new();
        if era == Era::Modern {
            let filter = SubscriptionFilter::builder().tools_list_changed().build();
            let mut stream = service.listen(filter).await.expect("the host tells of list changes");
            subscription.spawn(async move {
                while let Ok(Some(_)) = stream.next().await {
                    sender.send_modify(|count| *count += 1);
                }
            });
        }
        Self { service, changes, _subscription: subscription }
    }

    /// The version that was agreed on.
    pub(crate) fn protocol(&self) -> String {
        self.service.peer_info().expect("a connected client knows its peer").protocol_version.to_string()
    }

    /// Every tool, as JSON, in the host's order.
    pub(crate) async fn list(&self) -> Vec<Value> {
        let tools = self.service.list_all_tools().await.expect("tools can be listed");
        tools.iter().map(|tool| serde_json::to_value(tool).expect("a tool is JSON")).collect()
    }

    /// The names of the tools, in the host's order.
    pub(crate) async fn tools(&self) -> Vec<String> {
        self.list().await.iter().filter_map(|tool| tool.get("name")?.as_str().map(str::to_owned)).collect()
    }

    /// Waits until the tools are `expected`, looking only when the host says that they changed.
    pub(crate) async fn until_tools(&mut self, expected: &[&str]) {
        let mut expected: Vec<&str> = expected.to_vec();
        expected.sort_unstable();
        let mut last = Vec::new();
        let reached = async {
            loop {
                self.changes.borrow_and_update();
                last = self.tools().await;
                last.sort_unstable();
                if last == expected {
                    return;
                }
                self.changes.changed().await.expect("the client is connected");
            }
        };
        let waited = tokio::time::timeout(PATIENCE, reached).await;
        assert!(
            waited.is_ok(),
            "expected the tools {expected:?}, and the host said nothing of a change since {last:?}"
        );
    }

    /// Calls a tool.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Answer {
        self.try_call(tool, arguments).await.unwrap_or_else(|error| panic!("calling {tool}: {error}"))
    }

    /// Calls a tool, where the protocol itself may say no.
    pub(crate) async fn try_call(&self, tool: &str, arguments: Value) -> Result<Answer, ServiceError> {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = self.service.call_tool(request).await?;
        Ok(Answer(serde_json::to_value(result).expect("a result is JSON")))
    }
}

/// What a tool answered, in MCP's form.
#[derive(Clone, Debug)]
pub(crate) struct Answer(pub(crate) Value);

impl Answer {
    /// The structured result of a call that went well.
    pub(crate) fn structured(&self) -> &Value {
        assert!(!self.is_error(), "expected a result, and the tool failed: {}", self.0);
        self.0.get("structuredContent").unwrap_or_else(|| panic!("no structured content: {}", self.0))
    }

    /// Whether it is a tool error.
    pub(crate) fn is_error(&self) -> bool {
        self.0.get("isError") == Some(&Value::Bool(true))
    }

    /// The code of a tool error.
    pub(crate) fn code(&self) -> &str {
        assert!(self.is_error(), "expected a tool error: {}", self.0);
        self.meta("code").and_then(Value::as_str).unwrap_or_else(|| panic!("a tool error without a code: {}", self.0))
    }

    /// What `_meta` holds under `nexus/` and a name.
    pub(crate) fn meta(&self, name: &str) -> Option<&Value> {
        self.0.get("_meta")?.get(format!("nexus/{name}"))
    }

    /// All text of the answer.
    pub(crate) fn text(&self) -> String {
        let blocks = self.0.get("content").and_then(Value::as_array).cloned().unwrap_or_default();
        let texts: Vec<&str> = blocks.iter().filter_map(|block| block.get("text")?.as_str()).collect();
        texts.join("\n")
    }
}
