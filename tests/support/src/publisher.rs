//! A publisher with a key of its own, and what it releases.
//!
//! Signs with the same code that `nexus shard sign` uses. The command itself is tested for its own sake; here a test needs to
//! sign things that a careful command would not.

use std::fs;
use std::path::{Path, PathBuf};

use nexus_package::{Manifest, PublicKey, ReleaseRequest, SecretKey, Timestamp, World, sign};

use crate::{location, random};

/// When the releases say that they were made: 2026-01-01. Nothing depends on it.
const CREATED: u64 = 1_767_225_600;

/// Somebody who signs releases. Every value has another key.
#[derive(Debug)]
pub struct Publisher {
    key: SecretKey,
}

/// A component with what is said about it.
#[derive(Clone, Debug)]
pub struct Release {
    /// The component's bytes.
    pub wasm: Vec<u8>,
    /// The signed statement; none for an unsigned one.
    pub statement: Option<Vec<u8>>,
}

impl Publisher {
    /// A publisher whose key nobody has seen before.
    ///
    /// # Panics
    /// When the operating system has no randomness.
    pub fn new() -> Self {
        Self { key: SecretKey::from_random(&random::bytes()) }
    }

    /// The public half of its key.
    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    /// A `trust.toml` that lets it sign for the namespaces `nexus` and `test`, and nobody else for anything.
    pub fn trust(&self) -> String {
        let key = self.public_key();
        let publisher = |namespace: &str| {
            format!(
                "[[publisher]]\nnamespace = \"{namespace}\"\nkeys = [\"{key}\"]\nthreshold = 1\nallow = [\"{namespace}:*\"]\n"
            )
        };
        format!(
            "version = 1\n[default]\nunsigned = \"deny\"\nunknown_publisher = \"deny\"\n{}{}",
            publisher("nexus"),
            publisher("test")
        )
    }

    /// Signs any bytes with any manifest.
    ///
    /// # Panics
    /// When the manifest is none.
    pub fn sign(&self, wasm: Vec<u8>, manifest: &str) -> Release {
        let manifest = Manifest::from_toml(manifest).unwrap_or_else(|error| panic!("a test's manifest: {error}"));
        let request = ReleaseRequest {
            manifest: &manifest,
            wasm: &wasm,
            // What a component imports is for people here: a host looks at the component itself.
            world: World { name: "nexus:shard/shard@0.1.0".to_owned(), ..World::default() },
            created: Timestamp::from_unix_seconds(CREATED),
            previous: None,
            source: None,
            commit: None,
        };
        let statement = sign(request, &[&self.key]).expect("a good manifest can be signed");
        Release { wasm, statement: Some(statement) }
    }

    /// The first-party shard of that folder in `plugins/`.
    ///
    /// # Panics
    /// When it has not been built.
    pub fn plugin(&self, folder: &str) -> Release {
        let wasm = location::plugin(&format!("nexus_{folder}"));
        self.sign(read(&wasm), &manifest_in(&location::root().join("plugins").join(folder)))
    }

    /// The shard of that folder in `tests/fixtures/`.
    ///
    /// # Panics
    /// When it has not been built.
    pub fn fixture(&self, folder: &str) -> Release {
        self.sign(fixture_wasm(folder), &fixture_manifest(folder))
    }
}

impl Default for Publisher {
    fn default() -> Self {
        Self::new()
    }
}

impl Release {
    /// Writes `STEM.wasm` and, when there is one, its statement. The statement comes first and both arrive whole, so that
    /// a host which watches the folder never sees the component unsigned or half.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write_to(&self, folder: &Path, stem: &str) -> PathBuf {
        let component = folder.join(format!("{stem}.wasm"));
        if let Some(statement) = &self.statement {
            place(&folder.join(format!("{stem}.wasm.intoto.json")), statement);
        }
        place(&component, &self.wasm);
        component
    }

    /// The same bytes with one bit of the last byte flipped.
    #[must_use]
    pub fn tampered(mut self) -> Self {
        if let Some(last) = self.wasm.last_mut() {
            *last ^= 1;
        }
        self
    }

    /// The same bytes without a statement.
    #[must_use]
    pub fn unsigned(self) -> Self {
        Self { statement: None, ..self }
    }

    /// The same bytes with the statement of another release.
    #[must_use]
    pub fn with_statement_of(self, other: &Self) -> Self {
        Self { statement: other.statement.clone(), ..self }
    }
}

/// The component of a folder in `tests/fixtures/`.
///
/// # Panics
/// When it has not been built.
pub fn fixture_wasm(folder: &str) -> Vec<u8> {
    read(&location::fixture(&format!("fixture-{folder}")))
}

/// The manifest of a folder in `tests/fixtures/`.
///
/// # Panics
/// When it cannot be read.
pub fn fixture_manifest(folder: &str) -> String {
    manifest_in(&location::root().join("tests/fixtures").join(folder))
}

fn manifest_in(project: &Path) -> String {
    String::from_utf8(read(&project.join("shard.toml"))).expect("a manifest is text")
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("reading {}: {error}", file.display()))
}

/// Writes beside the place and renames, as careful programs do.
fn place(file: &Path, content: &[u8]) {
    let draft = file.with_extension(format!("{}.draft", random::hex()));
    fs::write(&draft, content)
        .and_then(|()| fs::rename(&draft, file))
        .unwrap_or_else(|error| panic!("writing {}: {error}", file.display()));
}
