//! The compiled-code cache: machine code by digest of the component and settings of the engine.
//!
//! Loading an entry is running native code, so an entry is believed only when its tag was made with the key that lies
//! beside it and that only the host's user can read. An attacker who can write here but not read the key gains
//! nothing: the entry is refused and the verified bytes are compiled again. The tag covers the entry's name, so that
//! one shard's code cannot be put in the place of another's.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use nexus_package::Digest;
use sha2::Sha256;
use wasmtime::Engine;
use wasmtime::component::Component;

const KEY_FILE: &str = "key";
const TAG_BYTES: usize = 32;

/// Why the cache folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the compiled-code cache {path} cannot be used")]
pub struct CacheError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl CacheError {
    /// A stable code, documented in the table of codes.
    pub fn code(&self) -> &'static str {
        "cache-unusable"
    }
}

/// A folder of authenticated entries, for one engine.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    /// What the engine says must match, so that another version or setting never finds this one's code.
    compatibility: u64,
}

/// What a look-up found.
pub(crate) enum Lookup {
    Found(Component),
    Absent,
    /// There was an entry and it was not believed. The caller compiles and says so.
    Rejected(&'static str),
}

impl Cache {
    pub(crate) fn open(folder: &Path, engine: &Engine) -> Result<Self, CacheError> {
        let problem = |source| CacheError { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(problem)?;
        own_only(folder, 0o700).map_err(problem)?;
        let key = read_or_create_key(&folder.join(KEY_FILE)).map_err(problem)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { folder: folder.to_owned(), key, compatibility: hasher.finish() })
    }

    pub(crate) fn load(&self, engine: &Engine, digest: &Digest) -> Lookup {
        let name = self.entry_name(digest);
        let Ok(entry) = fs::read(self.folder.join(&name)) else {
            return Lookup::Absent;
        };
        let Some((tag, code)) = entry.split_at_checked(TAG_BYTES) else {
            return Lookup::Rejected("it is cut off");
        };
        if self.mac(&name, code).verify_slice(tag).is_err() {
            return Lookup::Rejected("its tag was not made by this host");
        }
        #[expect(
            unsafe_code,
            reason = "the tag proves that this host wrote these bytes with `Component::serialize`; wasmtime checks version and settings itself"
        )]
        // SAFETY: the bytes come from `Component::serialize` in this host, as the verified tag shows.
        let component = unsafe { Component::deserialize(engine, code) };
        component.map_or(Lookup::Rejected("it was made by another version of the engine"), Lookup::Found)
    }

    /// Writes an entry, whole or not at all.
    pub(crate) fn store(&self, digest: &Digest, component: &Component) -> io::Result<()> {
        let name = self.entry_name(digest);
        let code = component.serialize().map_err(io::Error::other)?;
        let tag = self.mac(&name, &code).finalize().into_bytes();
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&tag)?;
        file.write_all(&code)?;
        file.persist(self.folder.join(name)).map_err(|error| error.error)?;
        Ok(())
    }

    fn entry_name(&self, digest: &Digest) -> String {
        format!("{digest}-{:016x}", self.compatibility)
    }

    fn mac(&self, name: &str, code: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length");
        mac.update(name.as_bytes());
        mac.update(&[0]);
        mac.update(code);
        mac
    }
}

fn read_or_create_key(path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    match fs::File::open(path) {
        Ok(mut file) => {
            own_only(path, 0o600)?;
            file.read_exact(&mut key)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            getrandom::fill(&mut key).map_err(io::Error::other)?;
            let folder = path.parent().unwrap_or(Path::new("."));
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&key)?;
            // Another process may have been first: then its key counts.
            return match file.persist_noclobber(path) {
                Ok(_) => Ok(key),
                Err(_) => read_or_create_key(path),
            };
        }
        Err(error) => return Err(error),
    }
    Ok(key)
}

/// Takes every right from group and others.
#[cfg(unix)]
fn own_only(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn own_only(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::engine;

    fn cached() -> (tempfile::TempDir, Engine, Cache, Digest) {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine().unwrap();
        let cache = Cache::open(folder.path(), &engine).unwrap();
        let digest = Digest::of(b"a");
        let component = Component::new(&engine, wat::parse_str("(component)").unwrap()).unwrap();
        cache.store(&digest, &component).unwrap();
        (folder, engine, cache, digest)
    }

    #[test]
    fn an_entry_is_found_again_by_another_cache_in_the_same_folder() {
        let (folder, engine, _, digest) = cached();
        let again = Cache::open(folder.path(), &engine).unwrap();
        assert!(matches!(again.load(&engine, &digest), Lookup::Found(_)));
        assert!(matches!(again.load(&engine, &Digest::of(b"b")), Lookup::Absent));
    }

    #[test]
    fn a_changed_entry_is_rejected() {
        let (folder, engine, cache, digest) = cached();
        let path = folder.path().join(cache.entry_name(&digest));
        let mut entry = fs::read(&path).unwrap();
        *entry.last_mut().unwrap() ^= 1;
        fs::write(&path, &entry).unwrap();
        assert!(matches!(cache.load(&engine, &digest), Lookup::Rejected(_)));
        fs::write(&path, b"short").unwrap();
        assert!(matches!(cache.load(&engine, &digest), Lookup::Rejected(_)));
    }

    #[test]
    fn an_entry_moved_to_another_shard_is_rejected() {
        let (folder, engine, cache, digest) = cached();
        let other = Digest::of(b"other");
        fs::rename(folder.path().join(cache.entry_name(&digest)), folder.path().join(cache.entry_name(&other)))
            .unwrap();
        assert!(matches!(cache.load(&engine, &other), Lookup::Rejected(_)));
    }

    #[test]
    fn an_entry_made_with_another_key_is_rejected() {
        let (folder, engine, _, digest) = cached();
        fs::write(folder.path().join(KEY_FILE), [7; 32]).unwrap();
        let other = Cache::open(folder.path(), &engine).unwrap();
        assert!(matches!(other.load(&engine, &digest), Lookup::Rejected(_)));
    }

    #[cfg(unix)]
    #[test]
    fn the_key_belongs_to_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, ..) = cached();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join(KEY_FILE)), 0o600);
    }
}
