//! Files of a shard on the author's disk: read within limits, and written whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nexus_package::{MAX_COMPONENT_BYTES, MAX_ENVELOPE_BYTES};

/// Reads a component, which may be anything that somebody gave this name.
pub(super) fn read_component(path: &Path) -> anyhow::Result<Vec<u8>> {
    let found = read(path, MAX_COMPONENT_BYTES)?;
    found.with_context(|| format!("{} does not exist; `nexus shard build` makes a project's component", path.display()))
}

/// Reads the statement beside a component, if there is one.
pub(super) fn read_statement(component: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    read(&statement_path(component), MAX_ENVELOPE_BYTES)
}

/// Where a component's statement lies: `x.wasm` has `x.wasm.intoto.json`.
pub(super) fn statement_path(component: &Path) -> PathBuf {
    let mut path = OsString::from(component);
    path.push(".intoto.json");
    path.into()
}

/// Reads a regular file of at most `limit` bytes; none when there is no such file.
pub(super) fn read(path: &Path, limit: usize) -> anyhow::Result<Option<Vec<u8>>> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.with_context(|| format!("{} cannot be read", path.display()))?,
    };
    // Before it is opened: a pipe would be waited for, and a device may do something.
    if !metadata.is_file() {
        bail!("{} is not a regular file; name the .wasm file itself", path.display());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    // The length was a claim; a file may grow while it is read.
    let read = file.take(limit as u64 + 1).read_to_end(&mut bytes);
    if read.with_context(|| format!("{} cannot be read", path.display()))? > limit {
        bail!("{} is larger than {limit} bytes, which is the most that a host takes (too-large)", path.display());
    }
    Ok(Some(bytes))
}

/// Puts a file in place whole: whoever looks sees the old one or the new one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut draft = OsString::from(path);
    draft.push(".draft");
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    if written.is_err() {
        // What matters is why it failed; a draft that stays behind is overwritten by the next attempt.
        drop(fs::remove_file(&draft));
    }
    written.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_read_within_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        assert_eq!(read(&path, 10).unwrap(), None);
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(read(&path, 6).unwrap().as_deref(), Some(&b"second"[..]));
        assert!(read(&path, 5).unwrap_err().to_string().contains("too-large"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a draft stayed behind");
        assert_eq!(statement_path(&path), folder.path().join("a.wasm.intoto.json"));
    }

    #[test]
    fn what_is_no_file_is_refused_and_nothing_stays_of_a_failed_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        fs::create_dir(&path).unwrap();
        assert!(read(&path, 10).is_err());
        assert!(write(&path, b"over a folder").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
