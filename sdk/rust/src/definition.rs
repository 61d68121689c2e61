//! What clients see of a tool: its texts, its schemas, its hints.
//!
//! The macro checks what it can see in the source. What only the types know (is the result an object? is every property
//! described?) is checked here, by the test that `shard!` writes and again when the host lists the tools.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{arguments::read_default, bindings::nexus::shard::types, schema};

/// Why a tool cannot be offered as it is written.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// A property of the input, perhaps inside another, has no description.
    #[error("tool `{tool}`: the property `{property}` has no description; write a doc comment on the field")]
    Undescribed {
        /// The function.
        tool: &'static str,
        /// The way to the property, with dots.
        property: String,
    },
    /// The result is a list, a number or a choice that may be one.
    #[error(
        "tool `{tool}`: the result is no object; return a struct that derives `Serialize` and `JsonSchema`, or `String`, or `()`"
    )]
    ResultNotObject {
        /// The function.
        tool: &'static str,
    },
    /// A default is not a value that the parameter's type accepts.
    #[error("tool `{tool}`: the default of `{property}` is no value of its type: {reason}")]
    Default {
        /// The function.
        tool: &'static str,
        /// The parameter.
        property: &'static str,
        /// What the type says.
        reason: String,
    },
}

/// What clients see of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// What the macro read from the source.
    pub source: Source,
    /// Describes the arguments: a closed object.
    pub input_schema: Value,
    /// Describes the result, when it is an object.
    pub output_schema: Option<Value>,
}

/// What the macro reads from the source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Source {
    /// The function's name.
    pub name: &'static str,
    /// For people.
    pub title: Option<&'static str>,
    /// The doc comment.
    pub description: &'static str,
    /// The four hints, as a JSON object.
    pub annotations: &'static str,
}

impl Source {
    /// Starts the definition with the parameters, gathered in `P`, and the result.
    ///
    /// # Errors
    /// [`DefinitionError::Undescribed`], [`DefinitionError::ResultNotObject`].
    pub fn define<P: JsonSchema, R: JsonSchema>(self) -> Result<Definition, DefinitionError> {
        let tool = self.name;
        let input_schema = schema::of_input::<P>();
        if let Some(property) = schema::undescribed(&input_schema) {
            return Err(DefinitionError::Undescribed { tool, property });
        }
        let output_schema =
            schema::of_output::<R>().map_err(|schema::NotObject| DefinitionError::ResultNotObject { tool })?;
        Ok(Definition { source: self, input_schema, output_schema })
    }
}

impl Definition {
    /// Gives one parameter, of type `T`, a default: it is shown, and the parameter is no longer required.
    ///
    /// # Errors
    /// [`DefinitionError::Default`] when it is no value of `T`.
    pub fn with_default<T: DeserializeOwned>(
        mut self,
        property: &'static str,
        default: &impl Serialize,
    ) -> Result<Self, DefinitionError> {
        let shown = read_default::<T>(default).and_then(|_| serde_json::to_value(default)).map_err(|reason| {
            DefinitionError::Default { tool: self.source.name, property, reason: reason.to_string() }
        })?;
        if let Some(Value::Object(schema)) = self.input_schema.pointer_mut(&format!("/properties/{property}")) {
            schema.insert("default".to_owned(), shown);
        }
        if let Some(Value::Array(required)) = self.input_schema.get_mut("required") {
            required.retain(|name| name != property);
        }
        Ok(self)
    }

    /// The definition as one JSON object, in MCP's own names.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn to_json(&self) -> Value {
        serde_json::json!({
            "name": self.source.name,
            "title": self.source.title,
            "description": self.source.description,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
            "annotations": serde_json::from_str::<Value>(self.source.annotations).unwrap_or_default(),
        })
    }
}

impl From<Definition> for types::Tool {
    fn from(definition: Definition) -> Self {
        let source = definition.source;
        Self {
            name: source.name.to_owned(),
            title: source.title.map(str::to_owned),
            description: source.description.to_owned(),
            input_schema: definition.input_schema.to_string(),
            output_schema: definition.output_schema.map(|schema| schema.to_string()),
            annotations: Some(source.annotations.to_owned()),
        }
    }
}
