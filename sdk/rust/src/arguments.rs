//! The arguments of one call.
//!
//! The host has checked them against the input schema before the shard is entered. They are checked here again because a
//! shard may run under another host: what does not fit is an error that names the property, never a trap.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{ToolError, ToolResult};

/// What is left of the arguments of one call while the tool takes them one by one.
#[derive(Debug)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// Reads the object that the host hands to `call-tool`.
    pub(crate) fn from_json(text: &str) -> ToolResult<Self> {
        Self::from_value(serde_json::from_str(text).unwrap_or_default())
    }

    pub(crate) fn from_value(value: Value) -> ToolResult<Self> {
        match value {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(ToolError::invalid_params("the arguments are not one JSON object")),
        }
    }

    /// Takes `name`. What is absent reads as null, so that an `Option` may be left out.
    ///
    /// # Errors
    /// `InvalidParams`, naming the property, when it is missing or of another form.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> ToolResult<T> {
        match self.0.remove(name) {
            Some(value) => read(name, value),
            None => T::deserialize(Value::Null).map_err(|_| wrong(name, format!("`{name}` is missing"))),
        }
    }

    /// Takes `name`, or its default.
    ///
    /// # Errors
    /// `InvalidParams`, naming the property, when it is of another form.
    pub fn take_or<T: DeserializeOwned>(&mut self, name: &str, default: &impl Serialize) -> ToolResult<T> {
        match self.0.remove(name) {
            Some(value) => read(name, value),
            None => read_default(default)
                .map_err(|reason| ToolError::internal(format!("the default of `{name}`: {reason}"))),
        }
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// `InvalidParams`, naming a property that the tool does not know.
    pub fn finish(self) -> ToolResult<()> {
        match self.0.keys().next() {
            Some(name) => Err(wrong(name, format!("`{name}` is no parameter of this tool"))),
            None => Ok(()),
        }
    }
}

/// Reads a default by way of JSON, as if a caller had sent it: what a newtype refuses, it refuses here too.
pub(crate) fn read_default<T: DeserializeOwned>(default: &impl Serialize) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::to_value(default)?)
}

fn read<T: DeserializeOwned>(name: &str, value: Value) -> ToolResult<T> {
    serde_json::from_value(value).map_err(|reason| wrong(name, format!("`{name}`: {reason}")))
}

fn wrong(name: &str, message: String) -> ToolError {
    ToolError::invalid_params(message).with("property", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn arguments() -> Arguments {
        Arguments::from_json(r#"{"number":"7","limit":5,"country":null}"#).unwrap()
    }

    #[test]
    fn takes_what_is_there_and_defaults_what_is_not() {
        let mut arguments = arguments();
        assert_eq!(arguments.take::<String>("number").unwrap(), "7");
        assert_eq!(arguments.take_or::<u32>("limit", &50).unwrap(), 5);
        assert_eq!(arguments.take_or::<u32>("offset", &50).unwrap(), 50);
        assert_eq!(arguments.take::<Option<String>>("country").unwrap(), None);
        assert_eq!(arguments.take::<Option<String>>("state").unwrap(), None);
        arguments.finish().unwrap();
    }

    #[test]
    fn every_fault_names_its_property() {
        let faults = [
            ("limit", arguments().take::<String>("limit").unwrap_err()),
            ("city", arguments().take::<String>("city").unwrap_err()),
            ("number", arguments().take_or::<u32>("number", &1).unwrap_err()),
            ("number", arguments().finish().unwrap_err()),
        ];
        for (property, error) in faults {
            assert_eq!(error.kind(), ErrorKind::InvalidParams);
            assert_eq!(error.data()["property"], property);
            assert!(error.message().starts_with(&format!("`{property}`")), "{error}");
        }
    }

    #[test]
    fn refuses_what_is_no_object() {
        for text in ["", "[]", "null", r#"{"a":1"#] {
            let error = Arguments::from_json(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidParams);
        }
    }
}
