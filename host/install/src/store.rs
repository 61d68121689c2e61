//! The installed components, each under the digest of its bytes: `store/sha256/HEX/{component.wasm,statement.intoto.json}`.
//!
//! What goes in are the bytes that were verified, never a second reading of the file they came from. What comes out is
//! compared with the digest it was asked for by, so a component that was damaged or swapped on the disk is an error and
//! never runs. Paths are made of digests alone, below one directory handle: no name from outside is ever part of one.

use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use nexus_package::{Digest, MAX_COMPONENT_BYTES, MAX_ENVELOPE_BYTES};

use crate::draft;
use crate::home::{Home, HomeError, HomeLock, STORE, private_dir};
use crate::source::{self, Found, SourceError};

const ALGORITHM: &str = "sha256";
const COMPONENT: &str = "component.wasm";
const STATEMENT: &str = "statement.intoto.json";

/// The store of one home.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    dir: Dir,
}

/// Why the store cannot give or take a component.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What is in the store is not what was put there.
    #[error("{} is damaged: its contents have changed since they were installed; install the shard again", .0.display())]
    Altered(PathBuf),
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
    /// It cannot be written.
    #[error("{path} cannot be written: {source}; check the disk's free space and the folder's owner", path = path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Its folder cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl StoreError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Altered(_) => "store-altered",
            Self::Unreadable(SourceError::Missing(_)) => "store-missing",
            Self::Unreadable(_) => "store-unreadable",
            Self::Unwritable { .. } => "store-unwritable",
            Self::Home(error) => error.code(),
        }
    }
}

impl Store {
    pub(crate) fn open(home: &Home) -> Result<Self, HomeError> {
        let path = home.store_dir().join(ALGORITHM);
        let dir = private_dir(&home.open_dir(STORE)?, Path::new(ALGORITHM), &path)?;
        Ok(Self { path, dir })
    }

    /// Where the component with `digest` lies, or would.
    pub(crate) fn component(&self, digest: &Digest) -> PathBuf {
        self.path.join(digest.to_string()).join(COMPONENT)
    }

    /// Puts a verified component and its statement in, in place of what has the same digest.
    pub(crate) fn insert(
        &self,
        digest: &Digest,
        wasm: &[u8],
        statement: &[u8],
        held: &HomeLock,
    ) -> Result<(), StoreError> {
        let path = self.path.join(digest.to_string());
        let dir = private_dir(&self.dir, Path::new(&digest.to_string()), &path)?;
        draft::replace(&dir, COMPONENT, wasm, held)
            .and_then(|()| draft::replace(&dir, STATEMENT, statement, held))
            .map_err(|source| StoreError::Unwritable { path, source })
    }

    /// Reads the component with `digest`, and its statement.
    pub(crate) fn read(&self, digest: &Digest) -> Result<Found, StoreError> {
        let path = self.path.join(digest.to_string());
        let dir = self.dir.open_dir(digest.to_string()).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SourceError::Missing(path.clone()),
            _ => SourceError::Io { path: path.clone(), source: error },
        })?;
        let wasm = source::read_bounded(&dir, COMPONENT, &path.join(COMPONENT), MAX_COMPONENT_BYTES as u64)?;
        if Digest::of(&wasm) != *digest {
            return Err(StoreError::Altered(path.join(COMPONENT)));
        }
        let statement = match source::read_bounded(&dir, STATEMENT, &path.join(STATEMENT), MAX_ENVELOPE_BYTES as u64) {
            Ok(statement) => Some(statement),
            Err(SourceError::Missing(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Found { wasm, statement })
    }

    /// Takes the component with `digest` out. Nothing happens when it is not there.
    pub(crate) fn remove(&self, digest: &Digest, _held: &HomeLock) -> Result<(), StoreError> {
        match self.dir.remove_dir_all(digest.to_string()) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::Unwritable { path: self.path.join(digest.to_string()), source })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Home, Store) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let store = Store::open(&home).unwrap();
        (folder, home, store)
    }

    #[test]
    fn gives_back_what_was_put_in() {
        let (_folder, home, store) = store();
        let held = home.lock().unwrap();
        let digest = Digest::of(b"wasm");
        store.insert(&digest, b"wasm", b"{}", &held).unwrap();
        store.insert(&digest, b"wasm", b"{ }", &held).unwrap();
        let found = store.read(&digest).unwrap();
        assert_eq!((found.wasm.as_ref(), found.statement.as_deref()), (&b"wasm"[..], Some(&b"{ }"[..])));
        store.remove(&digest, &held).unwrap();
        store.remove(&digest, &held).unwrap();
        assert_eq!(store.read(&digest).unwrap_err().code(), "store-missing");
    }

    #[test]
    fn a_component_swapped_on_the_disk_is_an_error_and_installing_again_repairs_it() {
        let (_folder, home, store) = store();
        let held = home.lock().unwrap();
        let digest = Digest::of(b"wasm");
        store.insert(&digest, b"wasm", b"{}", &held).unwrap();
        std::fs::write(store.component(&digest), b"evil").unwrap();
        assert_eq!(store.read(&digest).unwrap_err().code(), "store-altered");
        store.insert(&digest, b"wasm", b"{}", &held).unwrap();
        assert_eq!(store.read(&digest).unwrap().wasm, "wasm");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_store_is_not_followed() {
        let (folder, home, store) = store();
        let held = home.lock().unwrap();
        let digest = Digest::of(b"wasm");
        let outside = folder.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join(COMPONENT), b"wasm").unwrap();
        std::os::unix::fs::symlink(&outside, store.path.join(digest.to_string())).unwrap();
        assert_eq!(store.read(&digest).unwrap_err().code(), "store-unreadable");
        assert_eq!(store.insert(&digest, b"wasm", b"{}", &held).unwrap_err().code(), "home-unsafe");
        // The link goes, what it points to stays.
        store.remove(&digest, &held).unwrap();
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    }
}
