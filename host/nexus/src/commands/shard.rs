//! `nexus shard`: what an author does, from an empty folder to a signed release, and how anybody looks into a file.

mod build;
mod example;
mod files;
mod inspect;
mod new;
mod project;
mod release;
mod sign;
mod test;
mod toolchain;
mod trial;
mod verify;

use std::process::ExitCode;

use bytesize::ByteSize;
use clap::Subcommand;
use nexus_install::Capabilities;
use nexus_mcp::text::clean_line;
use nexus_package::Manifest;

use super::Context;
use crate::terminal::Terminal;

/// What to do with a shard.
#[derive(Debug, Subcommand)]
pub(crate) enum Shard {
    /// Write a new project: one tool, its tests, its manifest
    New(new::New),
    /// Build a project's component and check it
    Build(build::Build),
    /// Try a built shard as a host would, before it is signed
    Test(test::Test),
    /// Sign a component with its manifest, as a release
    Sign(sign::Sign),
    /// Say whether this host trusts a shard's file, and whose it is
    Verify(verify::Verify),
    /// Say what a file is, trusted or not
    Inspect(inspect::Inspect),
}

impl Shard {
    pub(crate) async fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        match self {
            Self::New(command) => command.run(terminal)?,
            Self::Build(command) => command.run(terminal)?,
            Self::Test(command) => return command.run(terminal).await,
            Self::Sign(command) => command.run(context, terminal)?,
            Self::Verify(command) => command.run(context, terminal)?,
            Self::Inspect(command) => command.run(terminal)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Says in words what a manifest asks for, one line each.
fn say_needs(manifest: &Manifest, terminal: &mut Terminal) -> anyhow::Result<()> {
    let capabilities = Capabilities::of(manifest);
    if capabilities.sentences().is_empty() {
        return terminal.say("     it asks for nothing but its own memory");
    }
    for sentence in capabilities.sentences() {
        terminal.say(format_args!("     it {}", clean_line(sentence)))?;
    }
    Ok(())
}

/// A number of bytes, for people.
fn size(bytes: usize) -> String {
    ByteSize::b(bytes as u64).to_string()
}
