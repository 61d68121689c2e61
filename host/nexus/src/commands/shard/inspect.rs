//! `nexus shard inspect`: what is this file?
//!
//! For files that nobody vouches for: broken, foreign, unsigned, hostile. Nothing is run or compiled, what a statement says
//! is shown as a claim, and every foreign text is cleaned before it is printed.

use std::path::PathBuf;

use nexus_install::Capabilities;
use nexus_mcp::text::clean_line;
use nexus_package::{Digest, Envelope, KeyId, Statement};
use nexus_runtime::{InspectError, Interfaces};
use serde::Serialize;

use super::{files, release};
use crate::terminal::{Mark, Terminal};

/// Options of `nexus shard inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus shard inspect weather.wasm
  nexus shard inspect weather.wasm --json

It says what the file is, not whether to trust it: `nexus shard verify` does.")]
pub(crate) struct Inspect {
    /// Any file
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Report {
    file: PathBuf,
    size: usize,
    digest: Digest,
    component: Finding<Component>,
    /// None when there is no statement beside the file.
    statement: Option<Finding<Claims>>,
}

/// A part of the file, or what is wrong with it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Finding<T> {
    Whole(T),
    Problem { code: &'static str, reason: String },
}

#[derive(Debug, Serialize)]
struct Component {
    world: String,
    exports: Vec<String>,
    imports: Vec<String>,
}

/// What a statement says. Nobody has checked a signature.
#[derive(Debug, Serialize)]
struct Claims {
    verified: bool,
    name: String,
    version: String,
    description: String,
    license: String,
    /// The keys that it says it was signed with.
    keys: Vec<KeyId>,
    created: String,
    /// Whether it is about this file's bytes.
    about_this_file: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// What the shard would ask for, in words.
    capabilities: Vec<String>,
    /// An import that the manifest in the statement does not declare.
    #[serde(skip_serializing_if = "Option::is_none")]
    undeclared: Option<String>,
}

impl Inspect {
    pub(super) fn run(self, terminal: &mut Terminal) -> anyhow::Result<()> {
        let wasm = files::read_component(&self.file)?;
        let report = Report::of(self.file.clone(), &wasm, files::read_statement(&self.file)?.as_deref());
        if self.json { terminal.json(&report) } else { report.print(terminal) }
    }
}

impl Report {
    fn of(file: PathBuf, wasm: &[u8], statement: Option<&[u8]>) -> Self {
        let digest = Digest::of(wasm);
        let interfaces = Interfaces::read(wasm);
        let statement = statement.map(|envelope| match Claims::of(envelope, &digest, interfaces.as_ref().ok()) {
            Ok(claims) => Finding::Whole(claims),
            Err(reason) => Finding::Problem { code: "statement-invalid", reason: clean_line(&reason) },
        });
        Self { file, size: wasm.len(), digest, component: component(interfaces), statement }
    }

    fn print(&self, terminal: &mut Terminal) -> anyhow::Result<()> {
        terminal.heading(self.file.display())?;
        terminal.say(format_args!("  size     {} bytes", self.size))?;
        terminal.say(format_args!("  SHA-256  {}", self.digest))?;
        match &self.component {
            Finding::Whole(component) => component.print(terminal)?,
            Finding::Problem { code, reason } => terminal.marked(Mark::Bad, format_args!("{code}: {reason}"))?,
        }
        match &self.statement {
            Some(Finding::Whole(claims)) => claims.print(terminal),
            Some(Finding::Problem { code, reason }) => terminal.marked(Mark::Bad, format_args!("{code}: {reason}")),
            None => terminal.marked(
                Mark::Caution,
                format_args!("unsigned: there is no {} beside it", files::statement_path(&self.file_name()).display()),
            ),
        }
    }

    fn file_name(&self) -> PathBuf {
        self.file.file_name().map_or_else(PathBuf::new, PathBuf::from)
    }
}

fn component(interfaces: Result<Interfaces, InspectError>) -> Finding<Component> {
    match interfaces {
        Ok(interfaces) => {
            let world = release::world(&interfaces);
            let clean = |names: Vec<String>| names.iter().map(|name| clean_line(name)).collect();
            Finding::Whole(Component {
                world: clean_line(&world.name),
                exports: clean(world.exports),
                imports: clean(world.imports),
            })
        }
        Err(error) => Finding::Problem { code: error.code(), reason: clean_line(&error.to_string()) },
    }
}

impl Component {
    fn print(&self, terminal: &mut Terminal) -> anyhow::Result<()> {
        terminal.say(format_args!("  world    {}", self.world))?;
        for export in &self.exports {
            terminal.say(format_args!("  exports  {export}"))?;
        }
        for import in &self.imports {
            terminal.say(format_args!("  imports  {import}"))?;
        }
        Ok(())
    }
}

impl Claims {
    /// Reads an envelope without asking who signed it.
    fn of(envelope: &[u8], digest: &Digest, interfaces: Option<&Interfaces>) -> Result<Self, String> {
        let envelope = Envelope::parse(envelope).map_err(|error| error.to_string())?;
        let statement = Statement::from_payload(envelope.payload()).map_err(|error| error.to_string())?;
        let Statement { manifest, component, created, source, commit, .. } = &statement;
        let shard = &manifest.shard;
        let undeclared = interfaces.and_then(|interfaces| interfaces.within(manifest).err());
        Ok(Self {
            verified: false,
            name: shard.name.to_string(),
            version: shard.version.to_string(),
            description: clean_line(&shard.description),
            license: clean_line(&shard.license),
            keys: envelope.claimed_keys().collect(),
            created: created.to_string(),
            about_this_file: component == digest,
            source: source.as_deref().map(clean_line),
            commit: commit.as_deref().map(clean_line),
            capabilities: Capabilities::of(manifest).sentences().iter().map(|sentence| clean_line(sentence)).collect(),
            undeclared: undeclared.map(|error| clean_line(&error.to_string())),
        })
    }

    fn print(&self, terminal: &mut Terminal) -> anyhow::Result<()> {
        terminal.say("")?;
        terminal.heading("What its statement claims; nobody has checked it (`nexus shard verify` does)")?;
        terminal.say(format_args!("  release  {} {}: {}", self.name, self.version, self.description))?;
        terminal.say(format_args!("  licence  {}", self.license))?;
        for key in &self.keys {
            terminal.say(format_args!("  key      {key}"))?;
        }
        terminal.say(format_args!("  made     {}", self.created))?;
        for (label, text) in [("source ", &self.source), ("commit ", &self.commit)] {
            if let Some(text) = text {
                terminal.say(format_args!("  {label}  {text}"))?;
            }
        }
        for sentence in &self.capabilities {
            terminal.say(format_args!("  it {sentence}"))?;
        }
        if !self.about_this_file {
            terminal
                .marked(Mark::Bad, "digest-mismatch: the statement is about another file, or this one was changed")?;
        }
        match &self.undeclared {
            Some(reason) => terminal.marked(Mark::Bad, format_args!("capability-undeclared: {reason}")),
            None => Ok(()),
        }
    }
}
