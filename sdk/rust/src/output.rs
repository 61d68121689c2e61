//! From a tool's result to what crosses the boundary.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{ToolError, ToolResult, bindings::nexus::shard::types::CallOutput};

/// What a tool function may return: a `Result` whose value serialises and has a schema, and whose error is, or turns into, a
/// [`ToolError`].
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "return `ToolResult<T>`, where `T` derives `Serialize` and `JsonSchema`, or is `String` or `()`"
)]
pub trait Outcome {
    /// The result when all goes well.
    type Value: Serialize + JsonSchema;

    /// The result as the two things it may be.
    ///
    /// # Errors
    /// The tool's own.
    fn into_result(self) -> ToolResult<Self::Value>;
}

impl<T: Serialize + JsonSchema, E: Into<ToolError>> Outcome for Result<T, E> {
    type Value = T;

    fn into_result(self) -> ToolResult<T> {
        self.map_err(Into::into)
    }
}

/// A tool's answer: always a text, and the same as an object when it is one.
///
/// Both, because clients differ in which of them the model gets to see.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub(crate) text: String,
    pub(crate) structured: Option<Map<String, Value>>,
}

impl Output {
    /// Makes an answer of what the function returned.
    ///
    /// # Errors
    /// The function's own; `Internal` when the value is no object, text or nothing.
    pub fn of(outcome: impl Outcome) -> ToolResult<Self> {
        let value = serde_json::to_value(outcome.into_result()?)
            .map_err(|_| ToolError::internal("the result cannot be written as JSON"))?;
        let text = value.to_string();
        match value {
            Value::Object(object) => Ok(Self { text, structured: Some(object) }),
            Value::String(text) => Ok(Self { text, structured: None }),
            Value::Null => Ok(Self { text: "Done.".to_owned(), structured: None }),
            _ => Err(ToolError::internal("the result is neither an object nor a text")),
        }
    }
}

impl From<Output> for CallOutput {
    fn from(output: Output) -> Self {
        Self {
            content: json!([{ "type": "text", "text": output.text }]).to_string(),
            structured: output.structured.map(|object| Value::Object(object).to_string()),
            is_error: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn crossed<T: Serialize + JsonSchema>(value: T) -> CallOutput {
        Output::of(Ok::<T, ToolError>(value)).unwrap().into()
    }

    #[test]
    fn an_object_is_given_twice() {
        let output = crossed(std::collections::BTreeMap::from([("a", "\"")]));
        assert_eq!(output.structured.as_deref(), Some(r#"{"a":"\""}"#));
        assert_eq!(output.content, r#"[{"type":"text","text":"{\"a\":\"\\\"\"}"}]"#);
    }

    #[test]
    fn a_text_stays_a_text_and_nothing_says_so() {
        assert_eq!(crossed("hi").content, r#"[{"type":"text","text":"hi"}]"#);
        assert_eq!(crossed("hi").structured, None);
        assert_eq!(crossed(()).content, r#"[{"type":"text","text":"Done."}]"#);
    }

    #[test]
    fn a_list_is_a_fault_of_the_shard() {
        let error = Output::of(Ok::<_, ToolError>(vec![1])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
}
