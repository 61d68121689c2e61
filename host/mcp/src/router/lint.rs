//! Each tool is checked by itself when its back end is published; a bad one is kept back with a reason, the others are served.
//!
//! One bad tool can cost a client every tool of the server (a schema without `type: "object"` does), so nothing that fails
//! here is ever listed.

use std::collections::BTreeSet;
use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};

use super::naming;
use crate::definition::ToolDefinition;
use crate::schema::{Schema, SchemaError};
use crate::text;

/// The most tools of one back end.
pub(crate) const MAX_TOOLS: usize = 128;
/// Clients cut descriptions at about 4 KB; we cut there too, so that everybody reads the same.
const MAX_DESCRIPTION: usize = 4096;
/// The longest title, in bytes.
const MAX_TITLE: usize = 128;

/// Why a tool is not served.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Quarantine {
    /// The name cannot go on the wire.
    #[error("its name must be 1 to 128 letters, digits, `_` or `-`")]
    IllegalName,
    /// Another tool of the same back end has the name.
    #[error("another tool of the same shard has this name")]
    DuplicateName,
    /// The back end has more tools than are served.
    #[error("a shard may have at most {MAX_TOOLS} tools")]
    TooManyTools,
    /// A model cannot choose a tool that does not say what it does.
    #[error("its description is empty")]
    NoDescription,
    /// The input schema is not accepted.
    #[error("its input schema is refused: {0}")]
    InputSchema(#[source] SchemaError),
    /// The output schema is not accepted.
    #[error("its output schema is refused: {0}")]
    OutputSchema(#[source] SchemaError),
    /// The annotations are not MCP tool annotations.
    #[error("its annotations are not MCP tool annotations: {0}")]
    Annotations(String),
    /// The name clashes with another even by hash.
    #[error("its name clashes with another shard's in every form")]
    NameClash,
}

impl Quarantine {
    /// Stable across releases; documented in the table of codes.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::IllegalName => "illegal-name",
            Self::DuplicateName => "duplicate-name",
            Self::TooManyTools => "too-many-tools",
            Self::NoDescription => "no-description",
            Self::InputSchema(_) => "bad-input-schema",
            Self::OutputSchema(_) => "bad-output-schema",
            Self::Annotations(_) => "bad-annotations",
            Self::NameClash => "name-clash",
        }
    }
}

/// A tool that passed: cleaned text, compiled schemas. Only [`lint`] makes one.
#[derive(Debug)]
pub(crate) struct CheckedTool {
    /// As clients get it, under the back end's own name.
    pub(crate) listing: Tool,
    pub(crate) input: Arc<Schema>,
    pub(crate) output: Option<Arc<Schema>>,
}

/// Checks every tool of a back end. Returns those to serve, and the names of the others with the reason.
pub(crate) fn lint(definitions: Vec<ToolDefinition>) -> (Vec<Arc<CheckedTool>>, Vec<(String, Quarantine)>) {
    let mut names = BTreeSet::new();
    let mut served = Vec::new();
    let mut quarantined = Vec::new();
    for definition in definitions {
        let shown = text::cut(text::clean_line(&definition.name).into(), MAX_TITLE).into_owned();
        let outcome = if served.len() == MAX_TOOLS {
            Err(Quarantine::TooManyTools)
        } else if names.insert(definition.name.clone()) {
            check(definition)
        } else {
            Err(Quarantine::DuplicateName)
        };
        match outcome {
            Ok(tool) => served.push(Arc::new(tool)),
            Err(reason) => quarantined.push((shown, reason)),
        }
    }
    (served, quarantined)
}

fn check(definition: ToolDefinition) -> Result<CheckedTool, Quarantine> {
    if !naming::is_legal(&definition.name) {
        return Err(Quarantine::IllegalName);
    }
    let description = text::clean(&definition.description);
    let description = description.trim();
    if description.is_empty() {
        return Err(Quarantine::NoDescription);
    }
    let description = text::cut(description.into(), MAX_DESCRIPTION).into_owned();
    let input = Schema::compile(&definition.input_schema).map_err(Quarantine::InputSchema)?;
    let output =
        definition.output_schema.as_ref().map(Schema::compile).transpose().map_err(Quarantine::OutputSchema)?;
    let annotations = definition.annotations.map(annotations).transpose()?;

    let mut listing = Tool::new(definition.name, description, input.document());
    listing.title = definition.title.as_deref().and_then(title);
    listing.output_schema = output.as_ref().map(Schema::document);
    listing.annotations = annotations;
    Ok(CheckedTool { listing, input: Arc::new(input), output: output.map(Arc::new) })
}

fn annotations(value: serde_json::Value) -> Result<ToolAnnotations, Quarantine> {
    let mut annotations: ToolAnnotations =
        serde_json::from_value(value).map_err(|error| Quarantine::Annotations(text::clean_line(&error.to_string())))?;
    annotations.title = annotations.title.as_deref().and_then(title);
    Ok(annotations)
}

fn title(words: &str) -> Option<String> {
    let line = text::cut(text::clean_line(words).into(), MAX_TITLE).into_owned();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool(name: &str) -> ToolDefinition {
        ToolDefinition {
            name: name.to_owned(),
            title: None,
            description: "Does a thing".to_owned(),
            input_schema: json!({ "type": "object" }),
            output_schema: None,
            annotations: None,
        }
    }

    #[test]
    fn each_bad_tool_is_kept_back_alone() {
        let (served, quarantined) = lint(vec![
            tool("good"),
            tool("bad.name"),
            tool(""),
            tool("good"),
            ToolDefinition { description: " \u{200b}\n".to_owned(), ..tool("silent") },
            ToolDefinition { input_schema: json!({ "properties": {} }), ..tool("untyped") },
            ToolDefinition { output_schema: Some(json!({ "type": "array" })), ..tool("lister") },
            ToolDefinition { annotations: Some(json!({ "readOnlyHint": "yes" })), ..tool("annotated") },
            tool("also_good"),
        ]);
        assert_eq!(served.iter().map(|tool| &*tool.listing.name).collect::<Vec<_>>(), ["good", "also_good"]);
        let codes: Vec<_> = quarantined.iter().map(|(name, reason)| (name.as_str(), reason.code())).collect();
        assert_eq!(
            codes,
            [
                ("bad.name", "illegal-name"),
                ("", "illegal-name"),
                ("good", "duplicate-name"),
                ("silent", "no-description"),
                ("untyped", "bad-input-schema"),
                ("lister", "bad-output-schema"),
                ("annotated", "bad-annotations"),
            ]
        );
    }

    #[test]
    fn serves_a_bounded_number_of_tools() {
        let (served, quarantined) = lint((0..MAX_TOOLS + 2).map(|n| tool(&format!("t{n}"))).collect());
        assert_eq!(served.len(), MAX_TOOLS);
        assert_eq!(quarantined.iter().map(|(_, reason)| reason.code()).collect::<Vec<_>>(), ["too-many-tools"; 2]);
    }

    #[test]
    fn cleans_and_cuts_what_clients_read() {
        let (served, _) = lint(vec![ToolDefinition {
            title: Some("Track\u{202e}\n parcels\u{1b}[31m".to_owned()),
            description: format!("\u{1b}[1mTracks\u{1b}[0m\n{}", "x".repeat(5000)),
            annotations: Some(json!({ "title": "a\u{200b}b", "readOnlyHint": true })),
            ..tool("track")
        }]);
        let listing = &served[0].listing;
        assert_eq!(listing.title.as_deref(), Some("Track parcels"));
        let description = listing.description.as_deref().unwrap_or_default();
        assert!(
            description.starts_with("Tracks\nxxx")
                && description.ends_with('…')
                && description.len() <= MAX_DESCRIPTION
        );
        let annotations = listing.annotations.as_ref().expect("kept");
        assert_eq!((annotations.title.as_deref(), annotations.read_only_hint), (Some("ab"), Some(true)));
    }
}
