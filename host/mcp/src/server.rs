//! One MCP session (or one stateless request) on top of the router: what rmcp asks of a server.
//!
//! Both eras come here. State is in the router; a [`Server`] is an `Arc` and two empty cells, because streamable HTTP makes
//! one per stateless request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestMethod, CompleteRequestParams, CompleteResult,
    Implementation, InitializeRequestParams, InitializeResult, ListPromptsRequestMethod, ListPromptsResult,
    ListResourceTemplatesRequestMethod, ListResourceTemplatesResult, ListResourcesRequestMethod, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::changes;
use crate::router::Router;

/// Tools in one page of `tools/list`. Many clients read the first page only, so it holds what a host of ordinary size serves.
const PAGE: usize = 1000;
/// How long a client may show a list without asking again. Short: a dropped-in tool is to appear within a second.
const LIST_TTL_MS: u64 = 1000;
/// `subscriptions/listen` requests open at once, in all sessions.
const MAX_SUBSCRIPTIONS: usize = 1024;

/// What the host says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerInfo {
    /// The server's name.
    pub name: String,
    /// Its title for people.
    pub title: Option<String>,
    /// Its version.
    pub version: String,
    /// How a model should use the server.
    pub instructions: Option<String>,
}

/// What all sessions of one transport share.
pub(crate) struct Shared {
    pub(crate) router: Arc<Router>,
    config: ServerConfig,
    /// Cancelled: finish what is in flight; subscriptions end.
    pub(crate) stopping: CancellationToken,
    /// Cancelled: calls in flight are cancelled too.
    pub(crate) stopped: CancellationToken,
    pub(crate) tasks: TaskTracker,
    subscriptions: Semaphore,
}

/// Serves one session, or one stateless request.
pub struct Server {
    shared: Arc<Shared>,
    session: OnceLock<LegacySession>,
    /// The state of the list when each `subscriptions/listen` was accepted, so that a change between the
    /// acknowledgement and the first wait is not missed.
    accepted: Mutex<VecDeque<watch::Receiver<u64>>>,
}

/// What `initialize` opened. The waiter for changes ends with the session, whose last owner drops this.
struct LegacySession {
    changes: watch::Receiver<u64>,
    announcing: OnceLock<DropGuard>,
}

impl Shared {
    pub(crate) fn new(
        router: Arc<Router>,
        info: ServerInfo,
        stopping: CancellationToken,
        stopped: CancellationToken,
    ) -> Arc<Self> {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build();
        let mut implementation = Implementation::new(info.name, info.version);
        implementation.title = info.title;
        let mut config = ServerConfig::new(capabilities).with_server_info(implementation);
        config.instructions = info.instructions;
        Arc::new(Self {
            router,
            config,
            stopping,
            stopped,
            tasks: TaskTracker::new(),
            subscriptions: Semaphore::new(MAX_SUBSCRIPTIONS),
        })
    }
}

impl Server {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, session: OnceLock::new(), accepted: Mutex::default() }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        self.shared.config.clone()
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        self.session
            .get_or_init(|| LegacySession { changes: self.shared.router.subscribe(), announcing: OnceLock::new() });
        self.negotiate_initialize(&request)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let Some(session) = self.session.get() else { return };
        let over = self.shared.stopping.child_token();
        if session.announcing.set(over.clone().drop_guard()).is_ok() {
            self.shared.tasks.spawn(changes::announce(session.changes.clone(), context.peer, over));
        }
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        // The cursor is the last name of the page before: it stays right when the list changes in between.
        let after = request.and_then(|request| request.cursor);
        let (tools, more) = self.shared.router.page(after.as_deref(), PAGE);
        let mut result = ListToolsResult::default().with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private);
        result.next_cursor = if more { tools.last().map(|tool| tool.name.clone().into_owned()) } else { None };
        result.tools = tools;
        Ok(result)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.shared.router.find(name).map(|tool| tool.listing().clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let cancelled = context.ct.child_token();
        let arguments = request.arguments.unwrap_or_default();
        let call = self.shared.router.call(&request.name, arguments, cancelled.clone());
        let mut call = std::pin::pin!(call);
        let answer = tokio::select! {
            biased;
            answer = &mut call => answer,
            () = self.shared.stopped.cancelled() => {
                cancelled.cancel();
                call.await
            }
        };
        match answer {
            Ok(answer) => Ok(answer.into_result().into()),
            Err(unknown) => Err(ErrorData::invalid_params(unknown.to_string(), None)),
        }
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.shared.router.subscribe());
        Some(requested.supported_by(&self.shared.config.capabilities))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let changes = accepted.unwrap_or_else(|| self.shared.router.subscribe());
        let Ok(_slot) = self.shared.subscriptions.try_acquire() else {
            return Err(ErrorData::internal_error("too many subscriptions are open", None));
        };
        changes::listen(changes, &context, &self.shared.stopping).await;
        Ok(())
    }

    // Not declared, so not there: rmcp's defaults would answer an empty success.

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListPromptsRequestMethod>())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourcesRequestMethod>())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourceTemplatesRequestMethod>())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(ErrorData::method_not_found::<CompleteRequestMethod>())
    }
}
