//! `trust.toml`: reading it, and changing it without losing what its author wrote around it.
//!
//! Every change is made to a copy, read back by the very parser that the verification uses, and only then put in place,
//! whole. So a change cannot leave a policy that the host would refuse, comments stay, and a reader never sees half a
//! file. A home without the file denies everything; a file that cannot be read or understood is an error, never "no
//! policy".

use std::io;
use std::path::{Path, PathBuf};

use nexus_package::{Denial, Namespace, Pin, PublicKey, ShardPattern, TrustError, TrustPolicy};
use toml_edit::DocumentMut;

pub use self::edit::Removal;
pub use self::rule::TrustRule;
use crate::draft;
use crate::home::{Home, HomeError, TRUST_FILE};
use crate::source::{self, SourceError};

mod edit;
mod rule;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// What a new file begins with.
const OPENING: &str = "# Whom this host trusts. What is not named here is refused.\nversion = 1\n";

/// The trust policy's file in one home.
#[derive(Clone, Debug)]
pub struct TrustFile {
    home: Home,
}

/// A key to trust for a namespace.
#[derive(Clone, Debug)]
pub struct NewPublisher {
    /// The namespace it publishes in.
    pub namespace: Namespace,
    /// The key.
    pub key: PublicKey,
    /// How many keys of the namespace must sign; `None` leaves it as it is, which is 1 for a new namespace.
    pub threshold: Option<usize>,
    /// Which shards it may publish; none leaves it as it is, which is all of a new namespace.
    pub allow: Vec<ShardPattern>,
}

/// Why the trust policy cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TrustFileError {
    /// It is not a trust policy.
    #[error("{path}, {source}; correct it by hand", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where, with line, column and key, and why.
        source: TrustError,
    },
    /// It is not text in UTF-8.
    #[error("{} is not text; restore it or move it away", .0.display())]
    NotText(PathBuf),
    /// The change asked for would make the file invalid.
    #[error("this would make trust.toml invalid ({0}); nothing was changed")]
    Unacceptable(TrustError),
    /// There is no such rule.
    #[error("there is no such rule; `nexus trust list` shows those there are")]
    NoSuchRule,
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

impl TrustFileError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { source, .. } => source.code(),
            Self::NotText(_) => "trust-policy-invalid",
            Self::Unacceptable(_) => "trust-change-invalid",
            Self::NoSuchRule => "trust-rule-missing",
            Self::Unreadable(_) => "trust-policy-unreadable",
            Self::Unwritable { .. } => "trust-policy-unwritable",
            Self::Home(error) => error.code(),
        }
    }
}

impl TrustFile {
    /// The trust policy's file of `home`.
    pub fn of(home: &Home) -> Self {
        Self { home: home.clone() }
    }

    /// Reads the policy. A home without one has the policy that denies everything.
    ///
    /// # Errors
    /// [`TrustFileError`] when there is one that cannot be read or understood.
    pub fn read(&self) -> Result<TrustPolicy, TrustFileError> {
        match self.text()? {
            Some(text) => self.parse(&text),
            None => Ok(TrustPolicy::default()),
        }
    }

    /// The policy's rules, for people and scripts.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn rules(&self) -> Result<Vec<TrustRule>, TrustFileError> {
        Ok(rule::rules(&self.read()?))
    }

    /// Trusts a key: adds it to the publisher of its namespace, or adds that publisher.
    ///
    /// # Errors
    /// [`TrustFileError`]; nothing is changed then.
    pub fn add(&self, publisher: &NewPublisher) -> Result<(), TrustFileError> {
        self.change(|document| {
            edit::add(document, publisher);
            true
        })
    }

    /// Pins a shard to one release, in place of an older pin.
    ///
    /// # Errors
    /// [`TrustFileError`]; nothing is changed then.
    pub fn pin(&self, pin: &Pin) -> Result<(), TrustFileError> {
        self.change(|document| {
            edit::pin(document, pin);
            true
        })
    }

    /// Denies something, in place of an older denial of the same.
    ///
    /// # Errors
    /// [`TrustFileError`]; nothing is changed then.
    pub fn deny(&self, denial: &Denial) -> Result<(), TrustFileError> {
        self.change(|document| {
            edit::deny(document, denial);
            true
        })
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// [`TrustFileError::NoSuchRule`] when there is none such; others, and then too nothing is changed.
    pub fn remove(&self, removal: &Removal) -> Result<(), TrustFileError> {
        self.change(|document| edit::remove(document, removal))
    }

    /// Lets `change` work on the file under the home's lock. False from it means that it found nothing to change.
    fn change(&self, change: impl FnOnce(&mut DocumentMut) -> bool) -> Result<(), TrustFileError> {
        let held = self.home.lock()?;
        let before = self.text()?.unwrap_or_else(|| OPENING.to_owned());
        self.parse(&before)?;
        let mut document = before.parse::<DocumentMut>().map_err(|_| TrustFileError::NotText(self.path()))?;
        if !change(&mut document) {
            return Err(TrustFileError::NoSuchRule);
        }
        let after = document.to_string();
        TrustPolicy::from_toml(&after).map_err(TrustFileError::Unacceptable)?;
        draft::replace(self.home.dir(), TRUST_FILE, after.as_bytes(), &held)
            .map_err(|source| TrustFileError::Unwritable { path: self.path(), source })
    }

    fn text(&self) -> Result<Option<String>, TrustFileError> {
        let bytes = match source::read_bounded(self.home.dir(), TRUST_FILE, &self.path(), MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(SourceError::Missing(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        String::from_utf8(bytes.into()).map(Some).map_err(|_| TrustFileError::NotText(self.path()))
    }

    fn parse(&self, text: &str) -> Result<TrustPolicy, TrustFileError> {
        TrustPolicy::from_toml(text).map_err(|source| TrustFileError::Invalid { path: self.path(), source })
    }

    fn path(&self) -> PathBuf {
        self.home.trust_file()
    }

    /// The folders of the policy below which an unsigned component may serve, resolved. A relative one is relative to the
    /// home; one that does not exist holds nothing.
    pub(crate) fn dev_dirs(&self, policy: &TrustPolicy) -> Vec<PathBuf> {
        let resolve = |folder: &Path| std::fs::canonicalize(self.home.path().join(folder)).ok();
        policy.dev_dirs().iter().filter_map(|folder| resolve(folder)).collect()
    }
}

#[cfg(test)]
mod tests {
    use nexus_package::{DenyTarget, Digest, SecretKey};

    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        (folder, home)
    }

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_random(&[seed; 32]).public()
    }

    fn acme(seed: u8) -> NewPublisher {
        NewPublisher { namespace: "acme".parse().unwrap(), key: key(seed), threshold: None, allow: Vec::new() }
    }

    fn pin(version: &str) -> Pin {
        Pin {
            shard: "acme:weather".parse().unwrap(),
            version: version.parse().unwrap(),
            sha256: Digest::of(version.as_bytes()),
            reason: Some("rolled back".to_owned()),
        }
    }

    #[test]
    fn a_home_without_the_file_trusts_nobody() {
        let (_folder, home) = home();
        let policy = TrustFile::of(&home).read().unwrap();
        assert!(policy.publishers().is_empty());
        assert!(!home.trust_file().exists());
    }

    #[test]
    fn every_change_can_be_read_back_and_undone() {
        let (_folder, home) = home();
        let trust = TrustFile::of(&home);
        trust.add(&acme(1)).unwrap();
        let allow = vec!["acme:weather".parse().unwrap(), "acme:maps".parse().unwrap()];
        trust.add(&NewPublisher { threshold: Some(2), allow, ..acme(2) }).unwrap();
        trust.pin(&pin("1.2.0")).unwrap();
        trust.pin(&pin("1.1.0")).unwrap();
        let denial = Denial { target: DenyTarget::Key(key(3)), reason: Some("stolen \"laptop\"\n".to_owned()) };
        trust.deny(&denial).unwrap();
        trust.deny(&denial).unwrap();

        let policy = trust.read().unwrap();
        let publisher = &policy.publishers()[0];
        assert_eq!(publisher.keys.iter().map(|trusted| trusted.key.clone()).collect::<Vec<_>>(), [key(1), key(2)]);
        assert_eq!((publisher.threshold, publisher.allow.len(), policy.publishers().len()), (2, 2, 1));
        assert_eq!(policy.pins(), [pin("1.1.0")]);
        assert_eq!(policy.denials(), std::slice::from_ref(&denial));
        let rules = serde_json::to_value(trust.rules().unwrap()).unwrap();
        assert_eq!(rules[0]["rule"], "deny");
        assert_eq!(rules[1]["version"], "1.1.0");
        assert_eq!(rules[3]["allow"], serde_json::json!(["acme:weather", "acme:maps"]));

        trust.remove(&Removal::Denial(denial.target)).unwrap();
        trust.remove(&Removal::Pin(pin("1.1.0").shard)).unwrap();
        trust.remove(&Removal::Publisher("acme".parse().unwrap())).unwrap();
        assert!(trust.rules().unwrap().is_empty());
        let error = trust.remove(&Removal::Pin(pin("1.1.0").shard)).unwrap_err();
        assert_eq!(error.code(), "trust-rule-missing");
    }

    #[test]
    fn the_last_key_takes_its_publisher_along() {
        let (_folder, home) = home();
        let trust = TrustFile::of(&home);
        trust.add(&acme(1)).unwrap();
        trust.add(&acme(2)).unwrap();
        trust.add(&acme(2)).unwrap();
        trust.remove(&Removal::Key(key(1))).unwrap();
        assert_eq!(trust.read().unwrap().publishers()[0].keys.len(), 1);
        trust.remove(&Removal::Key(key(2))).unwrap();
        assert!(trust.read().unwrap().publishers().is_empty());
        assert_eq!(trust.remove(&Removal::Key(key(2))).unwrap_err().code(), "trust-rule-missing");
    }

    #[test]
    fn comments_and_order_survive() {
        let (_folder, home) = home();
        let text = format!(
            "# Ours\nversion = 1\n\n[default] # strict\nunsigned = \"deny\"\n\n# Acme, met in Berlin\n[[publisher]]\nnamespace = \
             \"acme\"\nkeys = [ # two\n  {{ key = \"{}\", expires = \"2027-01-01T00:00:00Z\" }}, # Ada's\n]\n\n[[deny]]\nnamespace \
             = \"evil\" # really\n",
            key(1)
        );
        std::fs::write(home.trust_file(), &text).unwrap();
        let trust = TrustFile::of(&home);
        trust.add(&acme(2)).unwrap();
        trust.pin(&pin("1.0.0")).unwrap();
        let after = std::fs::read_to_string(home.trust_file()).unwrap();
        for comment in ["# Ours", "# strict", "# Acme, met in Berlin", "# two", "# Ada's", "# really"] {
            assert!(after.contains(comment), "{comment} is gone from:\n{after}");
        }
        assert!(after.find("[[publisher]]") < after.find("[[deny]]"));
        // A key written as a table is found as well.
        trust.remove(&Removal::Key(key(1))).unwrap();
        assert_eq!(trust.read().unwrap().publishers()[0].keys[0].key, key(2));
    }

    #[test]
    fn rules_written_in_one_line_can_be_changed_too() {
        let (_folder, home) = home();
        let text = format!("version = 1\npublisher = [{{ namespace = \"acme\", keys = [\"{}\"] }}]\n", key(1));
        std::fs::write(home.trust_file(), text).unwrap();
        let trust = TrustFile::of(&home);
        trust.add(&acme(2)).unwrap();
        assert_eq!(trust.read().unwrap().publishers()[0].keys.len(), 2);
    }

    #[test]
    fn a_change_that_would_break_the_policy_is_not_made() {
        let (_folder, home) = home();
        let trust = TrustFile::of(&home);
        trust.add(&acme(1)).unwrap();
        let before = std::fs::read(home.trust_file()).unwrap();
        let beyond = NewPublisher { threshold: Some(5), ..acme(2) };
        assert_eq!(trust.add(&beyond).unwrap_err().code(), "trust-change-invalid");
        let foreign = NewPublisher { allow: vec!["other:*".parse().unwrap()], ..acme(2) };
        assert_eq!(trust.add(&foreign).unwrap_err().code(), "trust-change-invalid");
        assert_eq!(std::fs::read(home.trust_file()).unwrap(), before);
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_an_error_and_stays_as_it_is() {
        let (_folder, home) = home();
        let trust = TrustFile::of(&home);
        for broken in [&b"version = 1\nunknown = 1\n"[..], b"", b"version = 2\n", b"version = 1\n[[deny]]\n", b"\xff"] {
            std::fs::write(home.trust_file(), broken).unwrap();
            assert_eq!(trust.read().unwrap_err().code(), "trust-policy-invalid");
            assert_eq!(trust.add(&acme(1)).unwrap_err().code(), "trust-policy-invalid");
            assert_eq!(std::fs::read(home.trust_file()).unwrap(), broken);
        }
        let error = {
            std::fs::write(home.trust_file(), "version = 1\n[default]\nunsinged = \"deny\"\n").unwrap();
            trust.read()
        };
        let message = error.unwrap_err().to_string();
        assert!(message.contains("trust.toml, line 3") && message.contains("unsinged"), "{message}");
        std::fs::remove_file(home.trust_file()).unwrap();
        std::fs::create_dir(home.trust_file()).unwrap();
        assert_eq!(trust.read().unwrap_err().code(), "trust-policy-unreadable");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_belongs_to_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, home) = home();
        TrustFile::of(&home).add(&acme(1)).unwrap();
        assert_eq!(std::fs::metadata(home.trust_file()).unwrap().permissions().mode() & 0o7777, 0o600);
    }
}
