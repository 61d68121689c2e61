//! A tool as a back end describes it, before anything is checked.

use serde_json::Value;

/// A tool as its back end describes it: untrusted until the router has linted it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDefinition {
    /// The back end's own name for the tool: 1 to 128 of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// A title for people.
    pub title: Option<String>,
    /// What the tool does, for the model. More than 4096 bytes are cut.
    pub description: String,
    /// JSON Schema of the arguments; its `type` is `"object"`.
    pub input_schema: Value,
    /// JSON Schema of the structured result, when it has one; its `type` is `"object"`.
    pub output_schema: Option<Value>,
    /// MCP tool annotations (`readOnlyHint`, `destructiveHint`, `idempotentHint`, `openWorldHint`, `title`).
    pub annotations: Option<Value>,
}
