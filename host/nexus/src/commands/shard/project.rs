//! A shard's project: a folder with a `shard.toml`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use nexus_package::Manifest;

/// A project, and what its manifest says.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
}

impl Project {
    /// Opens the project in `folder`.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        // So that a path reads `target/nexus/…`, as people write it, and not `./target/nexus/…`.
        Self::of_manifest(&folder.strip_prefix(".").unwrap_or(folder).join("shard.toml"))
    }

    /// Opens the project that the manifest at `path` belongs to.
    pub(super) fn of_manifest(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!(
                "{} cannot be read; `nexus shard new NAME` writes a project, and its commands run in its folder",
                path.display()
            )
        })?;
        let manifest = Manifest::from_toml(&text).with_context(|| path.display().to_string())?;
        Ok(Self { folder: path.parent().unwrap_or(Path::new("")).to_owned(), manifest })
    }

    /// Where `nexus shard build` puts the component.
    pub(super) fn component(&self) -> PathBuf {
        let file = format!("{}.wasm", self.manifest.shard.name.name());
        self.folder.join("target").join("nexus").join(file)
    }
}
