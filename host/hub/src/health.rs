//! `GET /health`: is it up, and what does it serve? For people, supervisors and load balancers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use nexus_mcp::Router;
use serde_json::{Map, Value};

use crate::serve::Health;

/// What the endpoint answers from.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) router: Arc<Router>,
    pub(crate) version: Arc<str>,
    pub(crate) more: Health,
}

/// Answers the host's own fields over `status`, `version` and `tools`, so that it can report `"status": "degraded"`.
pub(crate) async fn get(State(source): State<Source>) -> Json<Map<String, Value>> {
    let mut answer = Map::new();
    answer.insert("status".to_owned(), "ok".into());
    answer.insert("version".to_owned(), (*source.version).into());
    answer.insert("tools".to_owned(), source.router.tool_count().into());
    answer.extend((source.more)());
    Json(answer)
}
