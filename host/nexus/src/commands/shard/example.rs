//! Example calls of a shard's tools, which `nexus shard test` makes: `tests/calls.json` in the project.
//!
//! ```json
//! [
//!   { "tool": "greet", "arguments": { "name": "Ada" }, "result": { "text": "Hello, Ada!" } },
//!   { "tool": "greet", "arguments": { "name": "" }, "error": "invalid-params" },
//!   { "tool": "roll_dice", "varies": true }
//! ]
//! ```

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Where a project keeps its example calls.
pub(super) const FILE: &str = "tests/calls.json";

/// One call, and what is expected of it: a result, unless `error` says otherwise.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    /// The shard's own name for the tool.
    pub(super) tool: String,
    #[serde(default)]
    pub(super) arguments: Map<String, Value>,
    /// The structured result, whole. Left out, any that fits the tool's output schema will do.
    #[serde(default)]
    pub(super) result: Option<Value>,
    /// The code of the tool error that is expected.
    #[serde(default)]
    pub(super) error: Option<String>,
    /// The result may differ from instance to instance: it holds the time, or chance.
    #[serde(default)]
    pub(super) varies: bool,
}

/// The examples of the project in `folder`; none when it has no such file.
pub(super) fn of_project(folder: &Path) -> anyhow::Result<Vec<Example>> {
    let path = folder.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("{} cannot be read", path.display()))?,
    };
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is not a list of calls such as [{{\"tool\": \"greet\", \"arguments\": {{\"name\": \"Ada\"}}}}]",
            path.display()
        )
    })
}

/// The examples of `--call TOOL JSON`, whose values clap hands over in one flat list.
pub(super) fn of_options(values: &[String]) -> anyhow::Result<Vec<Example>> {
    let pairs = values.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.last()?)));
    pairs
        .map(|(tool, json)| {
            let arguments = serde_json::from_str(json).with_context(|| {
                format!("the arguments of --call {tool} must be one JSON object, such as '{{\"name\":\"Ada\"}}'")
            })?;
            Ok(Example { tool: tool.clone(), arguments, result: None, error: None, varies: false })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_the_documentation_shows() {
        let shown: String = include_str!("example.rs")
            .lines()
            .skip_while(|line| *line != "//! ```json")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| line.trim_start_matches("//!"))
            .collect();
        let examples: Vec<Example> = serde_json::from_str(&shown).unwrap();
        assert_eq!(examples.len(), 3);
        assert_eq!(examples[0].result, Some(json!({ "text": "Hello, Ada!" })));
    }

    #[test]
    fn a_misspelt_key_is_an_error_and_no_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of_project(folder.path()).unwrap(), []);
        std::fs::create_dir(folder.path().join("tests")).unwrap();
        std::fs::write(folder.path().join(FILE), r#"[{ "tool": "greet", "argumets": {} }]"#).unwrap();
        assert!(format!("{:#}", of_project(folder.path()).unwrap_err()).contains("argumets"));
    }

    #[test]
    fn options_come_in_pairs() {
        let values = ["greet", "{\"name\":\"Ada\"}", "now", "{}"].map(str::to_owned);
        let examples = of_options(&values).unwrap();
        assert_eq!(examples.iter().map(|example| example.tool.as_str()).collect::<Vec<_>>(), ["greet", "now"]);
        assert!(of_options(&["greet".to_owned(), "[]".to_owned()]).is_err());
    }
}
