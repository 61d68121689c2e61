//! The one tool that is measured, twice: as a shard, and native.

use std::sync::Arc;

use nexus_mcp::{BackEnd, BoxFuture, Category, ToolCall, ToolDefinition, ToolFailure, ToolOutput};
use nexus_runtime::{CallFailure, Measures, Shard};
use serde_json::{Map, Value, json};

/// Arguments whose JSON is 200 bytes long.
pub(crate) fn arguments() -> Map<String, Value> {
    Map::from_iter([("text".to_owned(), "All work and no play. ".repeat(9).get(..189).unwrap_or_default().into())])
}

/// `tests/fixtures/echo` as a back end, as the host's binary mounts it; what a failing call needs is left out.
pub(crate) struct ShardEcho(pub(crate) Arc<Shard>);

impl ShardEcho {
    /// Its tools as the router takes them; the native one has the same.
    pub(crate) fn definitions(&self) -> Vec<ToolDefinition> {
        let definition = |tool: &nexus_runtime::ToolSpec| ToolDefinition {
            name: tool.name.clone(),
            title: tool.title.clone(),
            description: tool.description.clone(),
            input_schema: tool.input_schema.clone(),
            output_schema: tool.output_schema.clone(),
            annotations: tool.annotations.clone(),
        };
        self.0.tools().iter().map(definition).collect()
    }
}

impl BackEnd for ShardEcho {
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, ToolFailure>> {
        Box::pin(async move {
            let arguments = Value::Object(call.arguments).to_string();
            let (outcome, measures) = self.0.call(&call.call_id, &call.tool, arguments, &call.cancelled).await;
            let meta = meta(measures);
            outcome
                .map(|answer| ToolOutput {
                    content: answer.content,
                    structured: answer.structured,
                    is_error: answer.is_error,
                    meta,
                })
                .map_err(|failure: CallFailure| ToolFailure::new("failed", Category::Internal, failure.to_string()))
        })
    }
}

fn meta(measures: Measures) -> Map<String, Value> {
    let milliseconds = (measures.duration.as_secs_f64() * 1e6).round() / 1e3;
    let fields =
        [("fuel", json!(measures.fuel)), ("duration-ms", json!(milliseconds)), ("attempts", json!(measures.attempts))];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// The same tool as part of the host: what a built-in would be.
pub(crate) struct NativeEcho;

impl BackEnd for NativeEcho {
    fn call(&self, mut call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, ToolFailure>> {
        Box::pin(async move {
            let Some(text) = call.arguments.get_mut("text").map(Value::take) else {
                return Err(ToolFailure::new("failed", Category::Validation, "`text` is missing"));
            };
            let structured = json!({ "text": text, "edition": 1 });
            let content = vec![json!({ "type": "text", "text": structured.to_string() })];
            Ok(ToolOutput { content, structured: Some(structured), ..ToolOutput::default() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_200_bytes_long() {
        assert_eq!(Value::Object(arguments()).to_string().len(), 200);
    }
}
