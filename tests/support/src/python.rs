//! The official Python client, driven as a process: a client from another house.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::location;
use crate::skip::skip;

/// How long one line of the script may take. The script itself gives up after 30 seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// Which protocol era the client asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Era {
    /// `initialize`, sessions, notifications.
    Legacy,
    /// `server/discover`, every request by itself.
    Modern,
}

/// How the client reaches the host.
#[derive(Clone, Debug)]
pub enum Reach {
    /// Streamable HTTP at this URL.
    Http(String),
    /// A child process of the client: the command with its arguments, and its environment.
    Stdio(Vec<String>, BTreeMap<String, String>),
}

/// The interpreter with the client installed.
#[derive(Clone, Debug)]
pub struct Python(PathBuf);

impl Python {
    /// The interpreter of the test environment. None, with a note, where it is missing, which a test answers by returning.
    ///
    /// # Panics
    /// When it is missing and `CI=true`: there nothing may be skipped.
    pub fn find() -> Option<Self> {
        let found = location::python().map(Self);
        if found.is_none() {
            skip("needs Python with the package `mcp`, which `cargo xtask test` installs where python3 is");
        }
        found
    }

    /// Starts the client: it makes `calls`, pairs of tool and arguments, then waits for `changes` list changes.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start(&self, era: Era, reach: &Reach, calls: &[(&str, Value)], changes: usize) -> Conversation {
        let mode = if era == Era::Legacy { "legacy" } else { "auto" };
        let mut command = Command::new(&self.0);
        command.arg("-I").arg(location::root().join("tests/support/clients/client.py"));
        command.args(["--mode", mode, "--wait-for-change", &changes.to_string()]);
        match reach {
            Reach::Http(url) => command.args(["--url", url]),
            Reach::Stdio(server, environment) => {
                let environment = serde_json::to_string(environment).expect("a map of strings is JSON");
                command.args(["--env", &environment, "--stdio"]).args(server)
            }
        };
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child = command.spawn().expect("the interpreter starts");
        let plan: Vec<Value> =
            calls.iter().map(|(tool, arguments)| serde_json::json!({ "tool": tool, "arguments": arguments })).collect();
        let plan = serde_json::to_vec(&plan).expect("a plan is JSON");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        stdin.write_all(&plan).await.expect("the script reads its plan");
        drop(stdin);
        let lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
        Conversation { child, lines }
    }
}

/// What a running client reports. It is killed when it is dropped.
#[derive(Debug)]
pub struct Conversation {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Conversation {
    /// The next report, which must be `event`.
    ///
    /// # Panics
    /// When another one comes, or none.
    pub async fn next(&mut self, event: &str) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line())
            .await
            .unwrap_or_else(|_| panic!("the client did not report {event:?} in time"))
            .expect("the client's stdout can be read")
            .unwrap_or_else(|| panic!("the client ended before it reported {event:?}; its reason is above"));
        let report: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("no report: {error}: {line}"));
        assert_eq!(report.get("event").and_then(Value::as_str), Some(event), "another report came: {line}");
        report
    }

    /// The tools' names in the next report, which must be `event`.
    ///
    /// # Panics
    /// As [`Self::next`].
    pub async fn tools(&mut self, event: &str) -> Vec<String> {
        let report = self.next(event).await;
        let tools = report.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
        tools.iter().filter_map(|tool| tool.get("name")?.as_str().map(str::to_owned)).collect()
    }

    /// Waits for the end, which must be a good one.
    ///
    /// # Panics
    /// When the client failed or does not end.
    pub async fn finish(mut self) {
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the client ends")
            .expect("it can be waited for");
        assert!(status.success(), "the client failed; its reason is above");
    }
}
