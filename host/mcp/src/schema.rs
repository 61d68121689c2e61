//! JSON Schemas of tools: checked and compiled once, at load; then asked about every call.
//!
//! A schema is hostile input that the host *executes*. It would fetch a URL or read a file (`$ref`), recurse without end (a `$ref`
//! to itself overflows the stack), double its work at every level, or backtrack in a pattern. So: references stay inside
//! the document, `cost` bounds the work before a validator is built and again before it runs, patterns have a backtracking limit,
//! and long checks leave the reactor's thread.

mod complaint;
mod cost;

use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use rmcp::model::JsonObject;
use serde_json::Value;

use self::cost::Cost;
use crate::text;

/// The largest schema, in bytes of compact JSON.
pub(crate) const MAX_BYTES: usize = 64 * 1024;
/// How deep a schema's JSON may nest.
pub(crate) const MAX_NESTING: usize = 32;
/// Backtracking steps of one pattern on one string.
const MAX_BACKTRACKING: usize = 100_000;
/// The largest compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 512 * 1024;
/// A check that may take more subschema evaluations than this (some milliseconds) runs on a blocking thread.
const INLINE: u64 = 100_000;
/// The most subschema evaluations of one check (about a second or two).
const MAX_EVALUATIONS: u64 = 50_000_000;

/// Why a tool's schema is not accepted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SchemaError {
    /// Clients drop every tool of a server when one schema is not of an object.
    #[error("its `type` must be \"object\"")]
    NotAnObject,
    /// Not a valid JSON Schema.
    #[error("it is not a valid JSON Schema: {0}")]
    Invalid(String),
    /// More than 64 KiB.
    #[error("it is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Nested more than 32 levels deep.
    #[error("it is nested more than {MAX_NESTING} levels deep")]
    TooDeep,
    /// A `$ref` that leaves the document; the host fetches nothing.
    #[error("`$ref` to {0:?} leaves the schema; put what it names under `$defs`")]
    RemoteReference(String),
    /// A `$ref` that leads nowhere.
    #[error("`$ref` to {0:?} leads nowhere")]
    DanglingReference(String),
    /// A `$ref` that leads back to itself without descending into the value.
    #[error("`$ref` to {0:?} leads back to itself")]
    EndlessReference(String),
    /// A keyword whose cost cannot be bounded beforehand.
    #[error("the keyword `{0}` is not supported")]
    Unsupported(&'static str),
    /// Checking a value against it would take too long.
    #[error("checking a value against it takes too much work; use fewer alternatives, patterns and references")]
    TooComplex,
    /// Invisible or control characters where they cannot just be removed.
    #[error("it has invisible or control characters in {0:?}")]
    HiddenCharacters(String),
}

/// Why a value does not pass a schema, in words for a model.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Complaint {
    /// What is wrong, property by property.
    Broken(String),
    /// Checking it would take too long.
    TooLarge,
}

/// A compiled schema of an object.
#[derive(Debug)]
pub(crate) struct Schema {
    document: Arc<JsonObject>,
    validator: Validator,
    cost: Cost,
}

impl Schema {
    /// Checks and compiles `document`; hidden characters in its titles and descriptions are removed.
    pub(crate) fn compile(document: &Value) -> Result<Self, SchemaError> {
        let Value::Object(object) = document else {
            return Err(SchemaError::NotAnObject);
        };
        if object.get("type").and_then(Value::as_str) != Some("object") {
            return Err(SchemaError::NotAnObject);
        }
        if depth(document) > MAX_NESTING {
            return Err(SchemaError::TooDeep);
        }
        if document.to_string().len() > MAX_BYTES {
            return Err(SchemaError::TooLarge);
        }
        let mut document = document.clone();
        purge(&mut document)?;
        let cost = Cost::of(&document)?;
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(
                PatternOptions::fancy_regex()
                    .backtrack_limit(MAX_BACKTRACKING)
                    .size_limit(MAX_PATTERN_BYTES)
                    .dfa_size_limit(MAX_PATTERN_BYTES),
            )
            .build(&document)
            .map_err(|error| {
                SchemaError::Invalid(text::cut(text::clean_line(&error.to_string()).into(), 300).into_owned())
            })?;
        let Value::Object(object) = document else {
            return Err(SchemaError::NotAnObject);
        };
        Ok(Self { document: Arc::new(object), validator, cost })
    }

    /// The schema as clients get it, in its author's order.
    pub(crate) fn document(&self) -> Arc<JsonObject> {
        Arc::clone(&self.document)
    }

    /// Checks `value` and hands it back.
    pub(crate) async fn check(self: &Arc<Self>, value: Value) -> Result<Value, Complaint> {
        let evaluations = self.cost.on(&value);
        if evaluations > MAX_EVALUATIONS {
            return Err(Complaint::TooLarge);
        }
        if evaluations <= INLINE {
            return self.check_now(value);
        }
        let schema = Arc::clone(self);
        match tokio::task::spawn_blocking(move || schema.check_now(value)).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(%error, "checking a value against a tool's schema panicked");
                Err(Complaint::TooLarge)
            }
        }
    }

    fn check_now(&self, value: Value) -> Result<Value, Complaint> {
        if self.validator.is_valid(&value) {
            return Ok(value);
        }
        Err(Complaint::Broken(complaint::describe(self.validator.iter_errors(&value))))
    }
}

/// How deep `value` nests; a scalar is 1.
fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Removes hidden characters from what only describes, and refuses them where removing would change the meaning.
fn purge(value: &mut Value) -> Result<(), SchemaError> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(purge),
        Value::Object(members) => members.iter_mut().try_for_each(|(key, member)| {
            refuse_hidden(key)?;
            match member {
                Value::String(words) if matches!(key.as_str(), "title" | "description" | "$comment") => {
                    *words = text::clean(words).into_owned();
                    Ok(())
                }
                other => purge(other),
            }
        }),
        Value::String(words) => refuse_hidden(words),
        _ => Ok(()),
    }
}

fn refuse_hidden(words: &str) -> Result<(), SchemaError> {
    if words.chars().any(text::hides) {
        return Err(SchemaError::HiddenCharacters(text::cut(text::clean_line(words).into(), 80).into_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(schema: &Value) -> SchemaError {
        Schema::compile(schema).expect_err("must be refused")
    }

    fn with(properties: &Value) -> Value {
        json!({ "type": "object", "properties": properties })
    }

    #[test]
    fn refuses_what_is_not_a_schema_of_an_object() {
        for schema in [json!(true), json!({}), json!({ "type": "string" }), json!({ "type": ["object", "null"] })] {
            assert_eq!(refusal(&schema), SchemaError::NotAnObject, "{schema}");
        }
        assert!(matches!(refusal(&with(&json!({ "a": { "type": "strnig" } }))), SchemaError::Invalid(_)));
        assert!(matches!(refusal(&with(&json!({ "a": { "pattern": "(" } }))), SchemaError::Invalid(_)));
    }

    #[test]
    fn refuses_to_leave_the_document() {
        for target in ["https://example.com/a.json", "file:///etc/passwd", "other.json#/a", "//host/a"] {
            let schema = with(&json!({ "a": { "$ref": target } }));
            assert_eq!(refusal(&schema), SchemaError::RemoteReference(target.to_owned()));
        }
        let schema = with(&json!({ "a": { "$id": "https://example.com/", "type": "string" } }));
        assert_eq!(refusal(&schema), SchemaError::Unsupported("$id"));
    }

    #[test]
    fn refuses_size_and_nesting() {
        let mut deep = json!({ "type": "string" });
        for _ in 0..MAX_NESTING {
            deep = json!({ "items": deep });
        }
        assert_eq!(refusal(&with(&json!({ "a": deep }))), SchemaError::TooDeep);
        assert_eq!(refusal(&with(&json!({ "a": { "description": "x".repeat(MAX_BYTES) } }))), SchemaError::TooLarge);
    }

    #[test]
    fn cleans_descriptions_and_refuses_hidden_names() {
        let schema = Schema::compile(&with(&json!({ "a": { "description": "x\u{200b}y" } }))).expect("is accepted");
        assert_eq!(schema.document().get("properties"), Some(&json!({ "a": { "description": "xy" } })));
        assert_eq!(refusal(&with(&json!({ "a\u{202e}b": {} }))), SchemaError::HiddenCharacters("ab".to_owned()));
    }

    #[test]
    fn keeps_the_authors_order() {
        let document = json!({ "type": "object", "required": ["z"], "properties": { "z": {}, "a": {} }, "$schema": "https://json-schema.org/draft/2020-12/schema" });
        let schema = Schema::compile(&document).expect("is accepted");
        assert_eq!(Value::Object((*schema.document()).clone()).to_string(), document.to_string());
    }

    #[tokio::test]
    async fn a_backtracking_pattern_ends() {
        let schema = Arc::new(
            Schema::compile(&with(&json!({ "a": { "pattern": "^(?=(a+)+$)(a|aa)+$" } }))).expect("is accepted"),
        );
        let outcome = schema.check(json!({ "a": format!("{}!", "a".repeat(60)) })).await;
        assert!(matches!(outcome, Err(Complaint::Broken(_))), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_recursive_schema_works_and_its_work_is_bounded() {
        let tree = json!({
            "type": "object",
            "properties": { "root": { "$ref": "#/$defs/node" } },
            "$defs": { "node": { "type": "object", "properties": {
                "left": { "$ref": "#/$defs/node" }, "right": { "$ref": "#/$defs/node" }, "value": { "type": "integer" } } } }
        });
        let schema = Arc::new(Schema::compile(&tree).expect("is accepted"));
        let good = json!({ "root": { "left": { "value": 1 }, "right": { "left": { "value": 2 } } } });
        assert_eq!(schema.check(good.clone()).await, Ok(good));
        let bad = schema.check(json!({ "root": { "left": { "left": { "value": "x" } } } })).await;
        assert!(matches!(&bad, Err(Complaint::Broken(text)) if text.contains("/root/left/left/value")), "{bad:?}");
        let mut deep = json!({ "value": 1 });
        for _ in 0..60 {
            deep = json!({ "left": deep });
        }
        assert_eq!(schema.check(json!({ "root": deep })).await, Err(Complaint::TooLarge));
    }

    #[tokio::test]
    async fn a_long_check_leaves_the_reactor_and_answers() {
        let schema =
            Arc::new(Schema::compile(&with(&json!({ "a": { "items": { "type": "integer" } } }))).expect("is accepted"));
        let value = json!({ "a": (0..200_000).collect::<Vec<_>>() });
        assert_eq!(schema.check(value.clone()).await, Ok(value));
    }
}
