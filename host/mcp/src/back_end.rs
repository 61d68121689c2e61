//! The seam between MCP and whatever runs a tool: a shard, a built-in, another server.

use std::borrow::Cow;

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

/// Something that runs tools. The router calls it with arguments that satisfy the tool's input schema.
pub trait BackEnd: Send + Sync {
    /// Runs one tool call.
    ///
    /// Sets its own deadline; the router's ceiling is only the last resort. When `call.cancelled` fires it has one second
    /// to return before its future is dropped. A panic becomes an `internal` tool error.
    ///
    /// # Errors
    /// A [`ToolFailure`], which the client gets as a tool error.
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, ToolFailure>>;
}

/// One call of one tool.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// Names the call in logs and in the answer's `_meta`; unique within one process.
    pub call_id: String,
    /// The back end's own name for the tool, not the one on the wire.
    pub tool: String,
    /// The arguments; they satisfy the tool's input schema.
    pub arguments: Map<String, Value>,
    /// Fires when the client cancels, goes away, or the host stops.
    pub cancelled: CancellationToken,
}

/// What a tool answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolOutput {
    /// MCP content blocks.
    pub content: Vec<Value>,
    /// The structured result: an object. Required when the tool has an output schema, unless `is_error`.
    pub structured: Option<Value>,
    /// True when the tool itself reports an error, in `content`.
    pub is_error: bool,
    /// What the call cost (`fuel`, `duration-ms`, `attempts`); goes to the answer's `_meta` under `nexus/`.
    pub meta: Map<String, Value>,
}

/// Why a call has no result. The client gets it as a tool error.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ToolFailure {
    /// Stable across releases, in kebab-case.
    pub code: Cow<'static, str>,
    /// What kind of trouble it is.
    pub category: Category,
    /// A sentence that tells the model what to do.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Details for a program; goes to `_meta` as `nexus/data`.
    pub data: Option<Value>,
    /// As in [`ToolOutput::meta`].
    pub meta: Map<String, Value>,
}

impl ToolFailure {
    /// A failure without data, that a retry does not help.
    pub fn new(code: &'static str, category: Category, message: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            category,
            message: message.into(),
            retryable: false,
            data: None,
            meta: Map::new(),
        }
    }
}

/// The kind of trouble a failure is; clients decide by it who has to act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Category {
    /// The caller sent something wrong.
    Validation,
    /// The caller, or the tool, may not do this.
    Permission,
    /// It may work later.
    Transient,
    /// The tool did its work and the answer is no.
    Business,
    /// The tool or the host is at fault.
    Internal,
}

impl Category {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Permission => "permission",
            Self::Transient => "transient",
            Self::Business => "business",
            Self::Internal => "internal",
        }
    }
}
