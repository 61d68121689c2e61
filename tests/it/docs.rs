//! What the documentation says is done, word for word.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nexus_test_support::{Outcome, Session, TestHost, home, location};
use serde_json::json;
use tokio::process::Command;

/// Documents whose console blocks are kept.
const DOCUMENTS: [&str; 7] = [
    "README.md",
    "CONTRIBUTING.md",
    "host/README.md",
    "plugins/README.md",
    "registry/package/README.md",
    "sdk/rust/README.md",
    "host/broker/README.md",
];
/// The section of the README that takes an author from nothing to an answer.
const FIRST_SHARD: &str = "## Write a shard in five minutes";
/// A project compiles the SDK for the first time.
const PATIENCE: Duration = Duration::from_mins(10);

/// Runs a line as a person would: in a shell, with `nexus` and the Rust tool chain at hand.
async fn shell(host: &TestHost, folder: &Path, line: &str) -> Outcome {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let environment = location::toolchain_environment();
    let programs = location::nexus().parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    for (name, value) in environment {
        let value = if name == "PATH" { format!("{programs}:{value}") } else { value };
        command.env(name, value);
    }
    command.env("NEXUS_HOME", host.home()).envs(host.environment());
    home::run(command, PATIENCE).await
}

#[tokio::test]
async fn every_console_session_in_the_documentation_is_true() {
    for document in DOCUMENTS {
        let Ok(text) = std::fs::read_to_string(location::root().join(document)) else {
            continue;
        };
        for session in Session::all_in(&text) {
            let host = TestHost::new();
            for step in session.steps {
                let line = format!("{} 2>&1", step.command);
                let outcome = shell(&host, &host.work(), &line).await;
                let place = format!("{document}, line {}: {}", session.line, step.command);
                assert!(
                    step.is_kept_by(&outcome.stdout),
                    "{place}\nexpected\n{}\n{}",
                    step.expected.join("\n"),
                    outcome.describe()
                );
            }
        }
    }
}

#[tokio::test]
async fn the_first_shard_of_the_readme_is_written_built_signed_installed_and_answers() {
    let readme = std::fs::read_to_string(location::root().join("README.md")).expect("a README");
    let (_, section) = readme.split_once(FIRST_SHARD).expect("the section is there");
    let (_, block) = section.split_once("```sh\n").expect("it has commands");
    let (commands, _) = block.split_once("```").expect("they end");

    let host = TestHost::new();
    let mut folder = host.work();
    let mut last = None;
    for line in commands.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(name) = line.strip_prefix("cd ") {
            folder.push(name.trim());
        } else {
            last = Some(shell(&host, &folder, line).await.succeeded());
        }
    }
    let answer = last.expect("there are commands");
    assert_eq!(answer.json().get("words"), Some(&json!(4)), "{}", answer.describe());
}
