//! Talking to a person: plain text that reads well without colour, colour where the terminal shows it and `NO_COLOR`
//! does not forbid it, and JSON for machines.
//!
//! Everything that comes from a shard is cleaned before it gets here: a terminal obeys escape sequences.

use std::io::{self, BufRead as _, IsTerminal as _, Write};

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, bail};
use nexus_mcp::text::clean;
use serde::Serialize;

use crate::failure;

const GOOD: Style = AnsiColor::Green.on_default();
const CAUTION: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();

/// Standard output and standard error, as one person sees them.
pub(crate) struct Terminal {
    out: anstream::AutoStream<io::Stdout>,
    err: anstream::AutoStream<io::Stderr>,
}

/// How a line is marked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mark {
    Good,
    Caution,
    Bad,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { out: anstream::AutoStream::auto(io::stdout()), err: anstream::AutoStream::auto(io::stderr()) }
    }

    /// One line of the answer.
    pub(crate) fn say(&mut self, line: impl std::fmt::Display) -> anyhow::Result<()> {
        finish(writeln!(self.out, "{line}"))
    }

    /// One line of the answer, emphasised.
    pub(crate) fn heading(&mut self, line: impl std::fmt::Display) -> anyhow::Result<()> {
        finish(writeln!(self.out, "{STRONG}{line}{STRONG:#}"))
    }

    /// One line with a sign before it.
    pub(crate) fn marked(&mut self, mark: Mark, line: impl std::fmt::Display) -> anyhow::Result<()> {
        let (style, sign) = match mark {
            Mark::Good => (GOOD, "ok  "),
            Mark::Caution => (CAUTION, "note"),
            Mark::Bad => (BAD, "bad "),
        };
        finish(writeln!(self.out, "{style}{sign}{style:#} {line}"))
    }

    /// The answer for machines, and nothing else on standard output.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(value).context("writing JSON")?;
        self.say(text)
    }

    /// A remark that is not part of the answer.
    pub(crate) fn note(&mut self, line: impl std::fmt::Display) -> anyhow::Result<()> {
        finish(writeln!(self.err, "{line}"))
    }

    /// Why the command failed.
    pub(crate) fn error(&mut self, error: &anyhow::Error) {
        let code = failure::code(error).map(|code| format!(" ({code})")).unwrap_or_default();
        // Nothing is left to be done when standard error itself is gone.
        drop(writeln!(self.err, "{BAD}error{code}:{BAD:#} {}", clean(&failure::sentence(error))));
    }

    /// Asks a yes-or-no question. No is the default.
    ///
    /// # Errors
    /// When there is nobody to ask.
    pub(crate) fn confirm(&mut self, question: &str) -> anyhow::Result<bool> {
        if !io::stdin().is_terminal() {
            bail!("{question} There is no terminal to ask on; pass --yes to agree");
        }
        write!(self.err, "{STRONG}{question}{STRONG:#} [y/N] ")?;
        self.err.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

/// `nexus list | head` is no failure.
fn finish(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
