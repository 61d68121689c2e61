//! Back ends and tools for this crate's tests.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{Answer, BackEnd, Router, ServerInfo, ToolCall, ToolDefinition, ToolFailure, ToolOutput};

type Outcome = Result<ToolOutput, ToolFailure>;

/// A back end that does what a closure says.
struct Scripted(Box<dyn Fn(ToolCall) -> BoxFuture<'static, Outcome> + Send + Sync>);

impl BackEnd for Scripted {
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Outcome> {
        (self.0)(call)
    }
}

pub(crate) fn back_end<F>(script: impl Fn(ToolCall) -> F + Send + Sync + 'static) -> Arc<dyn BackEnd>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    Arc::new(Scripted(Box::new(move |call| Box::pin(script(call)))))
}

/// A back end that answers `{"said": word}` whatever it is asked.
pub(crate) fn says(word: &'static str) -> Arc<dyn BackEnd> {
    back_end(move |_| async move { Ok(said(word)) })
}

pub(crate) fn said(word: &str) -> ToolOutput {
    ToolOutput {
        content: vec![json!({ "type": "text", "text": word })],
        structured: Some(json!({ "said": word })),
        ..ToolOutput::default()
    }
}

/// A tool that takes one optional string, `word`.
pub(crate) fn tool(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        title: None,
        description: format!("Runs {name}"),
        input_schema: json!({ "type": "object", "properties": { "word": { "type": "string" } }, "additionalProperties": false }),
        output_schema: None,
        annotations: None,
    }
}

pub(crate) fn info() -> ServerInfo {
    ServerInfo { name: "nexus".to_owned(), title: None, version: "0.0.0".to_owned(), instructions: None }
}

pub(crate) fn arguments(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().expect("arguments are an object")
}

/// Calls a tool that is served.
pub(crate) async fn call(router: &Router, name: &str, with: Value) -> Answer {
    router.call(name, arguments(&with), CancellationToken::new()).await.expect("the tool is served")
}
