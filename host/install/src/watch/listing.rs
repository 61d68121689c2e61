//! How everything that the watch minds looks right now, without reading any of it: names, sizes, times.
//!
//! Looking is cheap and is done often; a component is read and verified only when it looks different from before.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata};

use crate::source::{MANIFEST, STATEMENT_SUFFIX};

/// The most component files that are minded in one folder; those after them by name are not.
pub(super) const MOST_FILES: usize = 1_000;

/// How a file looked. Two equal stamps mean the same contents, unless somebody goes to great lengths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    identity: Identity,
}

/// Which file or folder it is, and when its entry last changed, where the platform says so.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Identity {
    device: u64,
    inode: u64,
    changed: (i64, i64),
}

/// How a component file and what belongs to it looked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct FileMark {
    component: Stamp,
    /// The statement; or, without one, the manifest that an unsigned component is read with.
    companion: Option<Stamp>,
}

/// The component files of a folder.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: BTreeMap<OsString, FileMark>,
    /// Which folder it was: another one may come to have its name.
    pub(super) folder: Option<(u64, u64)>,
    /// Whether there were more than [`MOST_FILES`].
    pub(super) overflows: bool,
}

/// Why the drop-in folder cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is no such folder.
    #[error("the shards folder {} does not exist; create it or name another with --shards", .0.display())]
    Missing(PathBuf),
    /// It is a file.
    #[error("the shards folder {} is not a folder; name another with --shards", .0.display())]
    NotAFolder(PathBuf),
    /// It cannot be read.
    #[error("the shards folder {path} cannot be read: {source}; make it readable for the user that runs nexus", path = path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl WatchError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "shards-folder-missing",
            Self::NotAFolder(_) => "shards-folder-invalid",
            Self::Unreadable { .. } => "shards-folder-unreadable",
        }
    }

    fn of(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing(path),
            io::ErrorKind::NotADirectory => Self::NotAFolder(path),
            _ => Self::Unreadable { path, source },
        }
    }
}

/// Looks at the component files in `folder`.
pub(super) fn list(folder: &Path) -> Result<Listing, WatchError> {
    let failed = |error| WatchError::of(folder, error);
    let dir = Dir::open_ambient_dir(folder, ambient_authority()).map_err(failed)?;
    let mut names = BTreeSet::new();
    let mut overflows = false;
    for entry in dir.entries().map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if is_component(&name) {
            names.insert(name);
        }
        // Bounded here and not at the end: the folder may hold millions.
        if names.len() > MOST_FILES {
            names.pop_last();
            overflows = true;
        }
    }
    let files = names.into_iter().filter_map(|name| Some((name.clone(), mark(&dir, &name)?))).collect();
    let folder = Stamp::of(&dir.dir_metadata().map_err(failed)?).identity;
    Ok(Listing { files, folder: Some((folder.device, folder.inode)), overflows })
}

/// How the file `name` in `dir` looks; nothing when it is gone.
pub(super) fn stamp(dir: &Dir, name: impl AsRef<Path>) -> Option<Stamp> {
    // Through a link, to see what it points to change; the link itself when that lies outside or nowhere.
    let metadata = dir.metadata(&name).or_else(|_| dir.symlink_metadata(&name)).ok()?;
    Some(Stamp::of(&metadata))
}

fn mark(dir: &Dir, name: &OsStr) -> Option<FileMark> {
    let mut statement = name.to_os_string();
    statement.push(STATEMENT_SUFFIX);
    let companion = stamp(dir, &statement).or_else(|| stamp(dir, MANIFEST));
    Some(FileMark { component: stamp(dir, name)?, companion })
}

/// Whether a file is there to be served: hidden ones, and those that editors and downloads leave half-done, are not.
fn is_component(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b".wasm") && !name.starts_with(b".") && !name.starts_with(b"~")
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use cap_std::fs::MetadataExt;
            Identity {
                device: metadata.dev(),
                inode: metadata.ino(),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
            }
        };
        #[cfg(not(unix))]
        let identity = Identity::default();
        let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
        Self { length: metadata.len(), modified, identity }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(listing: &Listing) -> Vec<&str> {
        listing.files.keys().filter_map(|name| name.to_str()).collect()
    }

    #[test]
    fn minds_components_and_nothing_half_done() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            "a.wasm",
            "a.wasm.intoto.json",
            ".b.wasm",
            "~c.wasm",
            "d.wasm~",
            "e.wasm.tmp",
            "f.wasm.part",
            "g.txt",
            "h h.wasm",
        ];
        for file in files {
            std::fs::write(folder.path().join(file), "x").unwrap();
        }
        let listing = list(folder.path()).unwrap();
        assert_eq!(names(&listing), ["a.wasm", "h h.wasm"]);
        assert!(!listing.overflows);
    }

    #[test]
    fn a_mark_changes_with_the_file_and_with_its_statement() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let look = || list(folder.path()).unwrap().files.remove(OsStr::new("a.wasm"));
        std::fs::write(path("a.wasm"), "one").unwrap();
        let first = look();
        assert_eq!(look(), first);
        std::fs::write(path("a.wasm.intoto.json"), "{}").unwrap();
        let second = look();
        assert_ne!(second, first);
        std::fs::write(path("other"), "one").unwrap();
        std::fs::rename(path("other"), path("a.wasm")).unwrap();
        assert_ne!(look(), second);
        std::fs::remove_file(path("a.wasm")).unwrap();
        assert_eq!(look(), None);
    }

    #[test]
    fn a_flood_of_files_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=MOST_FILES {
            std::fs::write(folder.path().join(format!("{number:05}.wasm")), "").unwrap();
        }
        let listing = list(folder.path()).unwrap();
        assert_eq!((listing.files.len(), listing.overflows), (MOST_FILES, true));
        assert_eq!(names(&listing).last(), Some(&"00999.wasm"));
    }

    #[test]
    fn says_why_a_folder_cannot_be_watched() {
        let folder = tempfile::tempdir().unwrap();
        let missing = list(&folder.path().join("missing")).unwrap_err();
        assert_eq!(missing.code(), "shards-folder-missing");
        assert!(missing.to_string().contains("--shards"));
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(list(&folder.path().join("file")).unwrap_err().code(), "shards-folder-invalid");
    }
}
