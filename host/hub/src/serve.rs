//! Running the edge, and ending it: first what is in flight, then the streams, then whatever is left.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use http_body_util::BodyExt;
use nexus_mcp::{HttpSettings, Router, ServerInfo, http_service};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::bind::Hub;
use crate::connections::Connections;
use crate::{guard, health};

/// How long connections may take to close once everything on them has been told to end.
const CLOSING: Duration = Duration::from_secs(2);

/// What the host adds to `/health`.
pub type Health = Arc<dyn Fn() -> Map<String, Value> + Send + Sync>;

/// The limits of the edge.
#[derive(Clone)]
pub struct HubSettings {
    /// How long requests in flight may take to finish once the host stops. Default 10 seconds.
    pub grace: Duration,
    /// Connections open at once; more wait to be accepted. Default 512.
    pub connections: usize,
    /// How long a client may pause while it sends a body. Default 30 seconds.
    pub body_pause: Duration,
    /// The limits of MCP's own transport.
    pub mcp: HttpSettings,
    /// What the host adds to `/health`. Default: nothing.
    pub health: Health,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(10),
            connections: 512,
            body_pause: Duration::from_secs(30),
            mcp: HttpSettings::default(),
            health: Arc::new(Map::new),
        }
    }
}

impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubSettings")
            .field("grace", &self.grace)
            .field("connections", &self.connections)
            .field("body_pause", &self.body_pause)
            .field("mcp", &self.mcp)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// Serves until `shutdown` is cancelled and everything has ended.
    ///
    /// Then, in this order: no new connection is accepted and subscriptions end; requests in flight get `settings.grace` to be
    /// answered; sessions, streams and what still runs are cancelled; connections that do not close are dropped. It returns
    /// at most `settings.grace` and a few seconds after `shutdown`.
    pub async fn serve(
        self,
        router: Arc<Router>,
        info: ServerInfo,
        settings: HubSettings,
        shutdown: CancellationToken,
    ) {
        let stopped = CancellationToken::new();
        let posts = TaskTracker::new();
        let source = health::Source {
            router: Arc::clone(&router),
            version: info.version.as_str().into(),
            more: settings.health,
        };
        let mcp = http_service(router, info, settings.mcp, shutdown.clone(), stopped.clone());
        let app = axum::Router::new()
            .route_service("/mcp", mcp)
            .route("/health", get(health::get).with_state(source))
            .layer(middleware::from_fn_with_state(posts.clone(), count_posts))
            .layer(middleware::from_fn(plain_end_of_session))
            .layer(middleware::from_fn(guard::only_this_machine))
            .layer(RequestBodyTimeoutLayer::new(settings.body_pause));

        let connections = Connections::new(settings.connections, shutdown);
        connections.accept(self.listener, &app).await;

        posts.close();
        if tokio::time::timeout(settings.grace, posts.wait()).await.is_err() {
            tracing::warn!(
                requests = posts.len(),
                "requests in flight did not finish within the grace time and are cancelled"
            );
        }
        stopped.cancel();
        connections.end(CLOSING).await;
    }
}

/// Counts requests that are being answered, until the last byte of the answer: a reply may be a stream.
///
/// Only POST counts: a GET on `/mcp` is a stream of notifications that never ends by itself.
async fn count_posts(State(posts): State<TaskTracker>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let counted = posts.token();
    next.run(request).await.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _until_the_body_is_dropped = &counted;
            frame
        }))
    })
}

/// Answers the end of a session with 204. rmcp answers 202, which the official Python client reports as a failure.
async fn plain_end_of_session(request: Request, next: Next) -> Response {
    let ends = request.method() == Method::DELETE;
    let mut response = next.run(request).await;
    if ends && response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = Body::empty();
    }
    response
}

#[cfg(test)]
mod tests;
