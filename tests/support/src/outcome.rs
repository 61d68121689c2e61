//! What a command that ran to its end left behind.

use std::process::{ExitStatus, Output};

use serde_json::Value;

/// A finished command. Its checks print the whole of it when they fail.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it was started, for messages.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed on stdout.
    pub stdout: String,
    /// What it printed on stderr.
    pub stderr: String,
}

impl Outcome {
    /// What `output` says, as text.
    pub fn new(command: String, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { command, status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Goes on with a success.
    ///
    /// # Panics
    /// When the command failed.
    #[expect(clippy::return_self_not_must_use, reason = "a check is made for its own sake")]
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "expected a success\n{}", self.describe());
        self
    }

    /// Goes on with a failure which says each of `parts` on stderr.
    ///
    /// # Panics
    /// When the command succeeded, ended by a signal, panicked, or does not say so.
    #[expect(clippy::return_self_not_must_use, reason = "a check is made for its own sake")]
    pub fn failed_saying(self, parts: &[&str]) -> Self {
        assert!(
            self.status.code().is_some_and(|code| code != 0 && code != 101),
            "expected a failure\n{}",
            self.describe()
        );
        for part in parts {
            assert!(self.stderr.contains(part), "expected {part:?} on stderr\n{}", self.describe());
        }
        self
    }

    /// stdout as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is no JSON: {error}\n{}", self.describe()))
    }

    /// The whole, for a message.
    pub fn describe(&self) -> String {
        let Self { command, status, stdout, stderr } = self;
        format!("$ {command}\n{status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
