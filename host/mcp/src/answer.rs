//! What a call comes to, in MCP's form: the one place where outputs and failures become results.
//!
//! Keys that we put into `_meta` are under `nexus/` (MCP, "General fields: `_meta`": an optional prefix of labels and a slash, then a name).

use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::{Map, Value};

use crate::back_end::{Category, ToolFailure, ToolOutput};
use crate::text;

/// The longest message of a tool error, in bytes.
const MAX_MESSAGE: usize = 4096;

/// The answer to a tool call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(CallToolResult);

impl Answer {
    /// The result of a tool that ran.
    ///
    /// # Errors
    /// Why the content is not MCP content.
    pub(crate) fn of_output(output: ToolOutput, call_id: &str) -> Result<Self, String> {
        let mut content = Vec::with_capacity(output.content.len());
        for block in output.content {
            let block = serde_json::from_value::<ContentBlock>(block);
            content.push(block.map_err(|error| format!("a content block is not MCP content ({error})"))?);
        }
        if let (true, Some(structured)) = (content.is_empty(), &output.structured) {
            // Clients of older protocol versions read text only.
            content.push(ContentBlock::text(structured.to_string()));
        }
        let mut meta = namespaced(output.meta, call_id);
        if output.is_error {
            content.iter_mut().for_each(clean_text);
            label(&mut meta, "tool-error", Category::Business, false);
        }
        let mut result = CallToolResult::success(content);
        result.is_error = Some(output.is_error);
        result.structured_content = output.structured;
        result.meta = Some(MetaObject(meta));
        Ok(Self(result))
    }

    /// A tool error: the sentence for the model, the rest in `_meta`.
    pub(crate) fn of_failure(failure: ToolFailure, call_id: &str) -> Self {
        let mut meta = namespaced(failure.meta, call_id);
        label(&mut meta, &failure.code, failure.category, failure.retryable);
        if let Some(data) = failure.data {
            meta.insert(key("data"), data);
        }
        let message = text::cut(text::clean(&failure.message), MAX_MESSAGE).into_owned();
        let mut result = CallToolResult::error(vec![ContentBlock::text(message)]);
        result.meta = Some(MetaObject(meta));
        Self(result)
    }

    /// True for a tool error.
    pub fn is_error(&self) -> bool {
        self.0.is_error == Some(true)
    }

    /// The stable code of a tool error.
    pub fn code(&self) -> Option<&str> {
        self.meta("code").and_then(Value::as_str)
    }

    /// What `_meta` holds under `nexus/` and `name`.
    pub fn meta(&self, name: &str) -> Option<&Value> {
        self.0.meta.as_ref()?.0.get(&key(name))
    }

    /// The text of all text blocks, one a line.
    pub fn text(&self) -> String {
        let texts: Vec<&str> =
            self.0.content.iter().filter_map(|block| block.as_text()).map(|block| block.text.as_str()).collect();
        texts.join("\n")
    }

    /// The structured result.
    pub fn structured(&self) -> Option<&Value> {
        self.0.structured_content.as_ref()
    }

    /// The result as it goes to the client.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(&self.0).unwrap_or_default()
    }

    pub(crate) fn into_result(self) -> CallToolResult {
        self.0
    }
}

/// The tool broke its own contract: the client cannot help it.
pub(crate) fn invalid_result(reason: &str) -> ToolFailure {
    ToolFailure::new(
        "invalid-result",
        Category::Internal,
        format!(
            "The tool answered something that is not a valid result: {reason}. This is a fault of the tool; report it to its author."
        ),
    )
}

fn key(name: &str) -> String {
    format!("nexus/{name}")
}

fn namespaced(meta: Map<String, Value>, call_id: &str) -> Map<String, Value> {
    let mut all: Map<String, Value> = meta.into_iter().map(|(name, value)| (key(&name), value)).collect();
    all.insert(key("call-id"), call_id.into());
    all
}

fn label(meta: &mut Map<String, Value>, code: &str, category: Category, retryable: bool) {
    meta.insert(key("code"), code.into());
    meta.insert(key("category"), category.as_str().into());
    meta.insert(key("retryable"), retryable.into());
}

fn clean_text(block: &mut ContentBlock) {
    if let ContentBlock::Text(block) = block {
        block.text = text::clean(&block.text).into_owned();
    }
}
