//! `lock.json`: what is installed, what the operator agreed to, and the highest version seen of every shard.
//!
//! The highest version is remembered for every shard that ever served, installed or dropped in, and outlives its removal:
//! otherwise an attacker who can place files brings back an old release with a known hole. The file is replaced whole,
//! under the home's lock, so that two processes lose none of each other's changes. A file that cannot be understood is an
//! error, never "nothing installed".

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use nexus_package::{Digest, KeyId, Package, ShardName, Timestamp, Version};
use serde::{Deserialize, Serialize};

use crate::capability::Capabilities;
use crate::draft;
use crate::home::{Home, HomeError, HomeLock, LOCK_FILE};
use crate::source::{self, SourceError};

/// The version of the format that this module writes and reads.
const VERSION: u32 = 1;
/// The largest file that is read, in bytes: some ten thousand shards.
const MAX_BYTES: u64 = 16 << 20;

/// The lockfile of one home.
#[derive(Clone, Debug)]
pub struct Lockfile {
    home: Home,
}

/// What the lockfile said when it was read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Locked {
    shards: BTreeMap<ShardName, Entry>,
}

/// What is recorded of one shard.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The highest version that ever served on this host. A lower one is refused as a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest_seen: Option<Version>,
    /// The operator's switch, where it was ever turned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What is in the store, unless the shard was only dropped in or has been removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<Installed>,
}

/// An installed release.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// Its version.
    pub version: Version,
    /// The digest of its component, under which the store keeps it.
    pub digest: Digest,
    /// The digest of its signed release statement.
    pub statement: Digest,
    /// The keys that had signed it and counted, when it was installed.
    pub publisher: Vec<KeyId>,
    /// When it was installed.
    pub installed_at: Timestamp,
    /// What the operator agreed to.
    pub consent: Consent,
}

/// The operator's agreement to a set of capabilities, whichever version asks for them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The digest of the capabilities: see [`Capabilities::digest`].
    capabilities: Digest,
    /// The capabilities in the words that the operator was shown.
    sentences: Vec<String>,
}

impl Consent {
    /// Records that the operator agreed to `capabilities`.
    pub fn to(capabilities: &Capabilities) -> Self {
        Self { capabilities: capabilities.digest(), sentences: capabilities.sentences().to_vec() }
    }

    /// Whether this is agreement to exactly `capabilities`.
    pub fn covers(&self, capabilities: &Capabilities) -> bool {
        self.capabilities == capabilities.digest()
    }

    /// The capabilities in the words that the operator was shown.
    pub fn sentences(&self) -> &[String] {
        &self.sentences
    }
}

/// Why the lockfile cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LockfileError {
    /// It is not a lockfile.
    #[error("{path} is damaged: {source}; restore it, or move it away and install the shards again", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why, with line and column.
        source: serde_json::Error,
    },
    /// A newer Nexus wrote it.
    #[error("{path} has format {found} and this nexus knows format {VERSION}; update nexus", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
    /// It cannot be written.
    #[error("{path} cannot be written: {source}; check the disk's free space and the folder's owner", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The home is in use.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl LockfileError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "lockfile-invalid",
            Self::Version { .. } => "lockfile-version",
            Self::Unreadable(_) => "lockfile-unreadable",
            Self::Unwritable { .. } => "lockfile-unwritable",
            Self::Home(error) => error.code(),
        }
    }
}

impl Locked {
    /// What is recorded of `name`.
    pub fn get(&self, name: &ShardName) -> Option<&Entry> {
        self.shards.get(name)
    }

    /// Everything recorded, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ShardName, &Entry)> {
        self.shards.iter()
    }

    /// Every installed release, by the shard's name.
    pub fn installed(&self) -> impl Iterator<Item = (&ShardName, &Installed)> {
        self.shards.iter().filter_map(|(name, entry)| Some((name, entry.installed.as_ref()?)))
    }

    /// The highest version of `name` that ever served.
    pub fn highest_seen(&self, name: &ShardName) -> Option<&Version> {
        self.get(name)?.highest_seen.as_ref()
    }

    /// Whether the operator installed this shard and agreed to exactly the capabilities that `package` asks for.
    pub fn consents_to(&self, package: &Package) -> bool {
        let installed = self.get(package.name()).and_then(|entry| entry.installed.as_ref());
        installed.is_some_and(|installed| installed.consent.covers(&Capabilities::of(package.manifest())))
    }

    /// Takes `version` in as the highest, if it is. False when it is not.
    pub(crate) fn raise(&mut self, name: &ShardName, version: &Version) -> bool {
        let seen = &mut self.shards.entry(name.clone()).or_default().highest_seen;
        let higher = seen.as_ref().is_none_or(|seen| seen < version);
        if higher {
            *seen = Some(version.clone());
        }
        higher
    }
}

impl Lockfile {
    /// The lockfile of `home`.
    pub fn of(home: &Home) -> Self {
        Self { home: home.clone() }
    }

    /// Reads it. A home without one has nothing installed.
    ///
    /// # Errors
    /// [`LockfileError`] when there is one that cannot be read or understood.
    pub fn read(&self) -> Result<Locked, LockfileError> {
        let path = self.home.lock_file();
        let bytes = match source::read_bounded(self.home.dir(), LOCK_FILE, &path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(SourceError::Missing(_)) => return Ok(Locked::default()),
            Err(error) => return Err(error.into()),
        };
        parse(&bytes, &path)
    }

    /// Records that `version` of `name` is about to serve. Nothing is written when a version as high is recorded.
    ///
    /// # Errors
    /// [`LockfileError`]: then the version is not recorded, and must not serve.
    pub fn observe(&self, name: &ShardName, version: &Version) -> Result<(), LockfileError> {
        let held = self.home.lock()?;
        self.update(&held, |locked| locked.raise(name, version))
    }

    /// Turns the operator's switch of `name`; `None` leaves it to the manifest again.
    ///
    /// # Errors
    /// [`LockfileError`]: then nothing is changed.
    pub fn switch(&self, name: &ShardName, enabled: Option<bool>) -> Result<(), LockfileError> {
        let held = self.home.lock()?;
        self.update(&held, |locked| {
            let entry = locked.shards.entry(name.clone()).or_default();
            std::mem::replace(&mut entry.enabled, enabled) != enabled
        })
    }

    /// Records `installed` as the installed release of `name`, in place of what was.
    pub(crate) fn install(&self, name: &ShardName, installed: Installed, held: &HomeLock) -> Result<(), LockfileError> {
        self.update(held, |locked| {
            locked.raise(name, &installed.version);
            locked.shards.entry(name.clone()).or_default().installed = Some(installed);
            true
        })
    }

    /// Forgets the installed release of `name` and its switch, keeps its highest version, and hands out what was installed.
    pub(crate) fn uninstall(&self, name: &ShardName, held: &HomeLock) -> Result<Option<Installed>, LockfileError> {
        let mut removed = None;
        self.update(held, |locked| {
            if let Some(entry) = locked.shards.get_mut(name) {
                removed = entry.installed.take();
                entry.enabled = None;
            }
            removed.is_some()
        })?;
        Ok(removed)
    }

    /// Reads, lets `change` work on it, and writes it back when `change` says that it did.
    fn update(&self, held: &HomeLock, change: impl FnOnce(&mut Locked) -> bool) -> Result<(), LockfileError> {
        let mut locked = self.read()?;
        if !change(&mut locked) {
            return Ok(());
        }
        let path = self.home.lock_file();
        let document = Document { version: VERSION, shards: locked.shards };
        let mut text = serde_json::to_vec_pretty(&document)
            .map_err(|source| LockfileError::Malformed { path: path.clone(), source })?;
        text.push(b'\n');
        draft::replace(self.home.dir(), LOCK_FILE, &text, held)
            .map_err(|source| LockfileError::Unwritable { path, source })
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    shards: BTreeMap<ShardName, Entry>,
}

fn parse(bytes: &[u8], path: &Path) -> Result<Locked, LockfileError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let malformed = |source| LockfileError::Malformed { path: path.to_path_buf(), source };
    // The version first, or a newer file would be called damaged for its new fields.
    let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
    if version != VERSION {
        return Err(LockfileError::Version { path: path.to_path_buf(), found: version });
    }
    let document: Document = serde_json::from_slice(bytes).map_err(malformed)?;
    Ok(Locked { shards: document.shards })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        (folder, home)
    }

    fn name(text: &str) -> ShardName {
        text.parse().unwrap()
    }

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn installed(contents: &str) -> Installed {
        Installed {
            version: version("1.0.0"),
            digest: Digest::of(contents.as_bytes()),
            statement: Digest::of(b"statement"),
            publisher: Vec::new(),
            installed_at: Timestamp::from_unix_seconds(1_800_000_000),
            consent: Consent { capabilities: Digest::of(b""), sentences: vec!["may do nothing".to_owned()] },
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_at_all_is_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            proptest::prop_assert!(parse(&bytes, Path::new("lock.json")).is_err());
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (_folder, home) = home();
        let lockfile = Lockfile::of(&home);
        assert_eq!(lockfile.read().unwrap(), Locked::default());
        lockfile.install(&name("a:x"), installed("x"), &home.lock().unwrap()).unwrap();
        lockfile.switch(&name("a:x"), Some(false)).unwrap();
        let locked = lockfile.read().unwrap();
        let entry = locked.get(&name("a:x")).unwrap();
        assert_eq!(entry.installed.as_ref(), Some(&installed("x")));
        assert_eq!((entry.enabled, entry.highest_seen.as_ref()), (Some(false), Some(&version("1.0.0"))));
    }

    #[test]
    fn the_highest_version_only_rises_and_outlives_removal() {
        let (_folder, home) = home();
        let lockfile = Lockfile::of(&home);
        lockfile.observe(&name("a:x"), &version("1.10.0")).unwrap();
        lockfile.observe(&name("a:x"), &version("1.9.0")).unwrap();
        lockfile.observe(&name("a:x"), &version("1.10.0-rc.1")).unwrap();
        assert_eq!(lockfile.read().unwrap().highest_seen(&name("a:x")), Some(&version("1.10.0")));
        let held = home.lock().unwrap();
        lockfile.install(&name("a:x"), installed("x"), &held).unwrap();
        assert_eq!(lockfile.uninstall(&name("a:x"), &held).unwrap(), Some(installed("x")));
        assert_eq!(lockfile.uninstall(&name("a:x"), &held).unwrap(), None);
        assert_eq!(lockfile.read().unwrap().highest_seen(&name("a:x")), Some(&version("1.10.0")));
    }

    #[test]
    fn two_handles_lose_none_of_each_others_changes() {
        let (_folder, home) = home();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let lockfile = Lockfile::of(&Home::open(home.path()).unwrap());
                scope.spawn(move || {
                    for number in 0..5 {
                        lockfile.observe(&name(&format!("a:x{writer}-{number}")), &version("1.0.0")).unwrap();
                    }
                });
            }
        });
        assert_eq!(Lockfile::of(&home).read().unwrap().iter().count(), 20);
    }

    #[test]
    fn an_unchanged_lockfile_is_not_written() {
        let (_folder, home) = home();
        let lockfile = Lockfile::of(&home);
        lockfile.observe(&name("a:x"), &version("2.0.0")).unwrap();
        let spaced = std::fs::read_to_string(home.lock_file()).unwrap() + "\n\n";
        std::fs::write(home.lock_file(), &spaced).unwrap();
        lockfile.observe(&name("a:x"), &version("1.0.0")).unwrap();
        lockfile.switch(&name("a:x"), None).unwrap();
        assert_eq!(std::fs::read_to_string(home.lock_file()).unwrap(), spaced);
    }

    #[test]
    fn what_cannot_be_understood_is_an_error_and_stays_as_it_is() {
        let (_folder, home) = home();
        let lockfile = Lockfile::of(&home);
        for (text, code) in [
            ("", "lockfile-invalid"),
            ("{", "lockfile-invalid"),
            (r#"{"version": 1}"#, "lockfile-invalid"),
            (r#"{"version": 1, "shards": {}, "more": 1}"#, "lockfile-invalid"),
            (r#"{"version": 1, "shards": {"a:x": {"unknown": 1}}}"#, "lockfile-invalid"),
            (r#"{"version": 1, "shards": {"../x": {}}}"#, "lockfile-invalid"),
            (r#"{"version": 2, "shards": {}, "more": 1}"#, "lockfile-version"),
        ] {
            std::fs::write(home.lock_file(), text).unwrap();
            assert_eq!(lockfile.read().unwrap_err().code(), code, "{text}");
            assert_eq!(lockfile.observe(&name("a:x"), &version("1.0.0")).unwrap_err().code(), code, "{text}");
            assert_eq!(std::fs::read_to_string(home.lock_file()).unwrap(), text);
        }
        std::fs::write(home.lock_file(), "{\n  \"version\": 1,\n  \"shards\": 7\n}").unwrap();
        let message = lockfile.read().unwrap_err().to_string();
        assert!(message.contains("line 3"), "{message}");
    }
}
