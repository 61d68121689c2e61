//! `nexus shard test`: would a host take it, and does it answer the same whoever asks?
//!
//! For its author, before anything is signed. The shard gets nothing but its own memory, `USE_MOCK=true` when it declares
//! that, and the settings named with `--set`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use nexus_mcp::text::{clean_line, cut};
use nexus_mcp::{Answer, UnknownTool};
use nexus_package::Manifest;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::example::{self, Example};
use super::project::Project;
use super::trial::{Candidacy, Trial};
use super::{files, release, size};
use crate::failure;
use crate::terminal::{Mark, Terminal};

/// The setting that every shard with a way outside has.
const MOCK: &str = "USE_MOCK";
/// How much of a result is shown, in bytes.
const SHOWN_BYTES: usize = 200;
/// Exit status when a check failed.
const FAILED: u8 = 1;

/// Options of `nexus shard test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus shard test
  nexus shard test --call greet '{\"name\":\"Ada\"}'
  nexus shard test weather.wasm --manifest weather/shard.toml --set CITY=Bern

Each example call is made twice: on an instance that served the calls before it, and on
a fresh one. Both must answer the same. Examples are in tests/calls.json of the project:
  [{ \"tool\": \"greet\", \"arguments\": { \"name\": \"Ada\" }, \"result\": { \"text\": \"Hello, Ada!\" } },
   { \"tool\": \"greet\", \"arguments\": { \"name\": \"\" }, \"error\": \"invalid-params\" },
   { \"tool\": \"roll_dice\", \"varies\": true }]
`arguments` is {} unless given. `result` and `error` say what is expected. `varies` allows
results to differ.

Exit status: 0 when every check is ok, 1 when one is not.")]
pub(crate) struct Test {
    /// A project's folder, whose component is built, or a component
    #[arg(value_name = "DIR | FILE.wasm", default_value = ".")]
    target: PathBuf,
    /// The manifest of a component [default: shard.toml]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Call this tool too; may be repeated
    #[arg(long, num_args = 2, value_names = ["TOOL", "JSON"])]
    call: Vec<String>,
    /// A value for a setting that the manifest declares; may be repeated. An address given so may be reached
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

impl Test {
    pub(super) async fn run(self, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let is_project = self.target.is_dir();
        let project = match self.manifest {
            Some(manifest) => Project::of_manifest(&manifest)?,
            None if is_project => Project::open(&self.target)?,
            None => Project::of_manifest("shard.toml".as_ref())?,
        };
        let component = if is_project { project.component() } else { self.target };
        let mut examples = example::of_project(&project.folder)?;
        examples.extend(example::of_options(&self.call)?);
        let wasm = files::read_component(&component)?;

        let manifest = &project.manifest;
        let mut report = Report { terminal, bad: 0 };
        let interfaces = match release::check(&wasm, manifest) {
            Ok(interfaces) => interfaces,
            Err(error) => {
                report.refused(&error.into())?;
                return report.end();
            }
        };
        report.ok(format_args!(
            "{} is a shard of {}, and imports only what shard.toml declares",
            component.display(),
            size(wasm.len())
        ))?;
        match Trial::begin(wasm, manifest, release::world(&interfaces), settings(manifest, self.set)).await {
            Ok(trial) => {
                report.ok("it starts, on two instances")?;
                report.tools(&trial)?;
                report.calls(&trial, &examples).await?;
                trial.end().await;
            }
            Err(error) => report.refused(&error)?,
        }
        report.end()
    }
}

fn setting(text: &str) -> anyhow::Result<(String, String)> {
    let (key, value) = text.split_once('=').context("a setting is given as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// What the operator would have set.
fn settings(manifest: &Manifest, given: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mock = manifest.config.keys().find(|key| key.as_str() == MOCK).map(|key| (key.to_string(), "true".to_owned()));
    mock.into_iter().chain(given).collect()
}

/// Says what each check found, and counts those that failed.
struct Report<'a> {
    terminal: &'a mut Terminal,
    bad: usize,
}

impl Report<'_> {
    fn ok(&mut self, line: impl Display) -> anyhow::Result<()> {
        self.terminal.marked(Mark::Good, line)
    }

    fn bad(&mut self, line: impl Display) -> anyhow::Result<()> {
        self.bad += 1;
        self.terminal.marked(Mark::Bad, line)
    }

    /// What a host would say.
    fn refused(&mut self, error: &anyhow::Error) -> anyhow::Result<()> {
        let code = failure::code(error).map(|code| format!(" ({code})")).unwrap_or_default();
        self.bad(format_args!("a host would not load it{code}: {}", clean_line(&failure::sentence(error))))
    }

    fn end(self) -> anyhow::Result<ExitCode> {
        if self.bad == 0 {
            self.terminal.note("\nNext: `nexus shard sign --key NAME`")?;
            return Ok(ExitCode::SUCCESS);
        }
        let checks = if self.bad == 1 { "1 check".to_owned() } else { format!("{} checks", self.bad) };
        self.terminal
            .note(format_args!("\n{checks} failed; `--log warn` shows the last words of a shard that trapped"))?;
        Ok(ExitCode::from(FAILED))
    }

    /// What it lists is the same everywhere, and every tool would be served.
    fn tools(&mut self, trial: &Trial) -> anyhow::Result<()> {
        let Trial { warm, fresh } = trial;
        if warm.shard.tools() != fresh.shard.tools() {
            self.bad("its instances list different tools; list-tools must answer the same every time")?;
        }
        if warm.shard.tools().is_empty() {
            self.bad("it lists no tools")?;
        }
        for tool in &warm.published.quarantined {
            let reason = clean_line(&tool.reason.to_string());
            self.bad(format_args!("{} would be quarantined ({}): {reason}", tool.name, tool.reason.code()))?;
        }
        for tool in warm.published.served.keys() {
            self.ok(format_args!("{tool} would be served"))?;
        }
        Ok(())
    }

    /// The example calls, and which tools have none.
    async fn calls(&mut self, trial: &Trial, examples: &[Example]) -> anyhow::Result<()> {
        for example in examples {
            let call = shown(&format!("{} {}", example.tool, Value::Object(example.arguments.clone())));
            let answers = match (call_one(&trial.warm, example).await, call_one(&trial.fresh, example).await) {
                (Ok(warm), Ok(fresh)) => judge(example, &warm, &fresh).map(|()| warm),
                (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
            };
            match answers {
                Ok(answer) => self.ok(format_args!("{call} answers {}{}", outcome(&answer), cost(&answer)))?,
                Err(reason) => self.bad(format_args!("{call}: {reason}"))?,
            }
        }
        for tool in trial.warm.published.served.keys() {
            if !examples.iter().any(|example| example.tool == *tool) {
                let advice =
                    format!("{tool} was not called; add an example to {} or pass --call {tool} '{{…}}'", example::FILE);
                self.terminal.marked(Mark::Caution, advice)?;
            }
        }
        Ok(())
    }
}

async fn call_one(candidacy: &Candidacy, example: &Example) -> Result<Answer, UnknownTool> {
    let name = candidacy.published.served.get(&example.tool).unwrap_or(&example.tool);
    candidacy.router.call(name, example.arguments.clone(), CancellationToken::new()).await
}

/// Holds two answers to one call against what was expected, and against each other.
fn judge(example: &Example, warm: &Answer, fresh: &Answer) -> Result<(), String> {
    for answer in [warm, fresh] {
        match (&example.error, answer.code()) {
            (None, None) => {}
            (Some(expected), Some(code)) if expected == code => {}
            (None, Some(code)) => return Err(format!("it answers the error {code}: {}", shown(&answer.text()))),
            (Some(expected), found) => {
                return Err(format!(
                    "the error {expected} was expected, and it answers {}",
                    found.unwrap_or("a result")
                ));
            }
        }
        if let Some(expected) = &example.result
            && answer.structured() != Some(expected)
        {
            return Err(format!("{} was expected, and it answers {}", shown(&expected.to_string()), outcome(answer)));
        }
    }
    let same = warm.structured() == fresh.structured() && warm.text() == fresh.text();
    if same || example.varies {
        return Ok(());
    }
    Err(format!(
        "an instance that served calls before answers {}, and a fresh one {}: keep nothing in memory between calls, or mark \
         the example with \"varies\": true",
        outcome(warm),
        outcome(fresh)
    ))
}

fn outcome(answer: &Answer) -> String {
    shown(&answer.structured().map_or_else(|| answer.text(), ToString::to_string))
}

/// Foreign text on one line, cleaned and cut.
fn shown(text: &str) -> String {
    cut(clean_line(text).into(), SHOWN_BYTES).into_owned()
}

fn cost(answer: &Answer) -> String {
    answer.meta("fuel").map(|fuel| format!("  ({fuel} fuel)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nexus_mcp::{
        BackEnd, BoxFuture, CallLimits, Category, Router, ToolCall, ToolDefinition, ToolFailure, ToolOutput,
    };
    use serde_json::json;

    use super::*;

    /// Answers every call the same.
    struct Fixed(Result<Value, &'static str>);

    impl BackEnd for Fixed {
        fn call(&self, _call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, ToolFailure>> {
            let answer = match &self.0 {
                Ok(value) => Ok(ToolOutput { structured: Some(value.clone()), ..ToolOutput::default() }),
                Err(code) => Err(ToolFailure::new(code, Category::Business, "No.")),
            };
            Box::pin(async move { answer })
        }
    }

    async fn answer(answers: Result<Value, &'static str>) -> Answer {
        let router = Router::new(CallLimits::default());
        let tool = ToolDefinition {
            name: "ask".to_owned(),
            title: None,
            description: "Ask".to_owned(),
            input_schema: json!({ "type": "object" }),
            output_schema: None,
            annotations: None,
        };
        router.publish("a:b", "b", vec![tool], Arc::new(Fixed(answers)));
        router.call("ask", serde_json::Map::new(), CancellationToken::new()).await.unwrap()
    }

    fn example(fields: &Value) -> Example {
        let mut example = json!({ "tool": "ask" });
        example.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        serde_json::from_value(example).unwrap()
    }

    #[tokio::test]
    async fn both_instances_must_answer_what_is_expected() {
        let (one, two) = (answer(Ok(json!({ "n": 1 }))).await, answer(Ok(json!({ "n": 2 }))).await);
        let plain = example(&json!({}));
        assert_eq!(judge(&plain, &one, &one), Ok(()));
        assert!(judge(&plain, &one, &two).unwrap_err().contains("keep nothing in memory"));
        assert_eq!(judge(&example(&json!({ "varies": true })), &one, &two), Ok(()));
        let expected = example(&json!({ "result": { "n": 1 }, "varies": true }));
        assert_eq!(judge(&expected, &one, &one), Ok(()));
        assert!(judge(&expected, &one, &two).unwrap_err().contains("was expected"));
    }

    #[tokio::test]
    async fn an_error_counts_only_when_it_is_expected() {
        let (result, error) = (answer(Ok(json!({}))).await, answer(Err("not-found")).await);
        assert!(judge(&example(&json!({})), &error, &error).unwrap_err().contains("not-found"));
        assert_eq!(judge(&example(&json!({ "error": "not-found" })), &error, &error), Ok(()));
        for (expected, warm, fresh) in [("denied", &error, &error), ("not-found", &error, &result)] {
            assert!(judge(&example(&json!({ "error": expected })), warm, fresh).unwrap_err().contains("was expected"));
        }
    }

    #[test]
    fn a_hostile_text_is_shown_cleaned_and_cut() {
        assert_eq!(shown("a\u{1b}[2J\nb"), "a b");
        assert!(shown(&"x".repeat(1000)).len() <= SHOWN_BYTES);
    }

    #[test]
    fn the_mock_switch_is_on_unless_somebody_says_otherwise() {
        let toml = |config: &str| {
            let shard = "[shard]\nname = \"a:b\"\nversion = \"1.0.0\"\ndescription = \"d\"\nlicense = \"MIT\"\ncontract = \"0.1\"\n";
            Manifest::from_toml(&format!("{shard}{config}")).unwrap()
        };
        let mocked = toml("[config.USE_MOCK]\ntype = \"boolean\"\n");
        assert_eq!(settings(&mocked, Vec::new())[MOCK], "true");
        assert_eq!(settings(&mocked, vec![setting("USE_MOCK=false").unwrap()])[MOCK], "false");
        assert!(settings(&toml(""), Vec::new()).is_empty());
        assert!(setting("USE_MOCK").is_err());
    }
}
