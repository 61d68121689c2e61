//! The operator's private keys: `keys/NAME.pem`, each with its public half beside it in `NAME.pub`.
//!
//! A private key is encrypted unless its maker says otherwise in so many words, is never overwritten, and is refused when
//! anybody but its owner may read it: then it may have been copied, and whoever has it signs in the publisher's name.

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

use cap_std::fs::{Dir, Metadata};
use nexus_package::{PublicKey, SealRandom, SecretKey, SecretKeyError};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::draft;
use crate::home::{Home, HomeError, KEYS};
use crate::passphrase::PassphraseError;
use crate::source::{self, SourceError};

/// The largest key file that is read, in bytes.
const MAX_BYTES: usize = 16 * 1024;
const LONGEST_NAME: usize = 40;
const ENCRYPTED_LABEL: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// What a key is called on this machine: 1 to 40 of `a-z`, `0-9` and `-`, not beginning with `-`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct KeyName(String);

/// A text that is no key name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a key is named with 1 to {LONGEST_NAME} of a-z, 0-9 and -, and does not begin with -")]
pub struct InvalidKeyName;

impl FromStr for KeyName {
    type Err = InvalidKeyName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = (1..=LONGEST_NAME).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidKeyName) }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl KeyName {
    fn private(&self) -> String {
        format!("{self}.pem")
    }

    fn public(&self) -> String {
        format!("{self}.pub")
    }
}

/// How a new private key is kept.
#[derive(Debug)]
pub enum Protection {
    /// Encrypted with this passphrase.
    Passphrase(Zeroizing<String>),
    /// As it is: whoever reads the file has the key. For a developer's own machine.
    Unencrypted,
}

/// What a list of keys says of one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct KeySummary {
    /// Its name.
    pub name: KeyName,
    /// Whether using it takes a passphrase.
    pub encrypted: bool,
    /// Its public half, unless the file that holds it is gone.
    pub public: Option<PublicKey>,
}

/// Why a key cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is no key of that name.
    #[error("there is no key named {0}; `nexus key list` shows those there are, `nexus key new` makes one")]
    Missing(KeyName),
    /// There is one already.
    #[error("a key named {0} exists already and is not overwritten; choose another name")]
    Exists(KeyName),
    /// Others may read it.
    #[error(
        "{path} may be read by others (mode {mode:04o}) and could have been copied; make a new key, or if you are sure run: \
         chmod 600 {path}",
        path = path.display()
    )]
    Exposed {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Its file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
    /// Its file cannot be written.
    #[error("{path} cannot be written: {source}; check the disk's free space and the folder's owner", path = path.display())]
    Unwritable {
        /// The key's file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Its public half is not a public key.
    #[error("{} holds no public key; delete it, the private key has it too", .0.display())]
    PublicInvalid(PathBuf),
    /// It cannot be decrypted or is no key.
    #[error("key {name}: {source}")]
    Key {
        /// Its name.
        name: KeyName,
        /// What is wrong.
        source: SecretKeyError,
    },
    /// There is no passphrase to decrypt it with.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The machine gives no randomness to make a key from.
    #[error("the operating system gives no randomness: {0}; a key cannot be made here")]
    Randomness(#[from] getrandom::Error),
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl KeyringError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "key-missing",
            Self::Exists(_) => "key-exists",
            Self::Exposed { .. } => "key-exposed",
            Self::Unreadable(_) => "key-unreadable",
            Self::Unwritable { .. } => "key-unwritable",
            Self::PublicInvalid(_) => "key-invalid",
            Self::Key { source, .. } => source.code(),
            Self::Passphrase(error) => error.code(),
            Self::Randomness(_) => "randomness-missing",
            Self::Home(error) => error.code(),
        }
    }
}

/// The keys of one home.
#[derive(Debug)]
pub struct Keyring {
    home: Home,
    dir: Dir,
}

impl Keyring {
    /// Opens the keys of `home`.
    ///
    /// # Errors
    /// [`HomeError::Io`] when their folder is gone.
    pub fn open(home: &Home) -> Result<Self, HomeError> {
        Ok(Self { home: home.clone(), dir: home.open_dir(KEYS)? })
    }

    /// Makes a key called `name` from the operating system's randomness, and gives its public half.
    ///
    /// Encrypting takes a good part of a second on purpose.
    ///
    /// # Errors
    /// [`KeyringError::Exists`] when the name is taken; others when the key cannot be made or written.
    pub fn create(&self, name: &KeyName, protection: &Protection) -> Result<PublicKey, KeyringError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed)?;
        let key = SecretKey::from_random(&seed);
        let pem = match protection {
            Protection::Passphrase(passphrase) => {
                let mut random = [0; 32];
                getrandom::fill(&mut random)?;
                key.to_encrypted_pem(passphrase.as_bytes(), &SealRandom::from_random(random))
            }
            Protection::Unencrypted => key.to_unencrypted_pem(),
        };
        let pem = pem.map_err(|source| KeyringError::Key { name: name.clone(), source })?;
        let held = self.home.lock()?;
        draft::create(&self.dir, &name.private(), pem.as_bytes(), &held).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyringError::Exists(name.clone()),
            _ => KeyringError::Unwritable { path: self.path(&name.private()), source },
        })?;
        let public = key.public();
        draft::replace(&self.dir, &name.public(), format!("{public}\n").as_bytes(), &held)
            .map_err(|source| KeyringError::Unwritable { path: self.path(&name.public()), source })?;
        Ok(public)
    }

    /// Every key, by name.
    ///
    /// # Errors
    /// [`KeyringError`] when the folder or a key's file cannot be read.
    pub fn list(&self) -> Result<Vec<KeySummary>, KeyringError> {
        let failed = |error| SourceError::Io { path: self.home.keys_dir(), source: error };
        let mut keys = Vec::new();
        for entry in self.dir.entries().map_err(failed)? {
            let file = entry.map_err(failed)?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(".pem")).and_then(|name| name.parse().ok());
            let Some(name): Option<KeyName> = name else { continue };
            let (pem, _) = self.read(&name)?;
            let encrypted = pem.starts_with(ENCRYPTED_LABEL);
            keys.push(KeySummary { encrypted, public: self.read_public(&name)?, name });
        }
        keys.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(keys)
    }

    /// Loads a private key; `passphrase` is asked only when the key is encrypted.
    ///
    /// # Errors
    /// [`KeyringError::Exposed`] when others may read the file, [`KeyringError::Missing`], and others when the key cannot be
    /// read or decrypted.
    pub fn load(
        &self,
        name: &KeyName,
        passphrase: impl FnOnce() -> Result<Zeroizing<String>, PassphraseError>,
    ) -> Result<SecretKey, KeyringError> {
        let (pem, metadata) = self.read(name)?;
        self.refuse_exposed(name, &metadata)?;
        let key = match SecretKey::from_pem(&pem, None) {
            Err(SecretKeyError::PassphraseNeeded) => SecretKey::from_pem(&pem, Some(passphrase()?.as_bytes())),
            other => other,
        };
        key.map_err(|source| KeyringError::Key { name: name.clone(), source })
    }

    /// The public half of a key, to be given to others. `passphrase` is asked only when the key is encrypted and its public
    /// half is not beside it.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn public(
        &self,
        name: &KeyName,
        passphrase: impl FnOnce() -> Result<Zeroizing<String>, PassphraseError>,
    ) -> Result<PublicKey, KeyringError> {
        match self.read_public(name)? {
            Some(public) => Ok(public),
            None => Ok(self.load(name, passphrase)?.public()),
        }
    }

    fn read(&self, name: &KeyName) -> Result<(Zeroizing<String>, Metadata), KeyringError> {
        let path = self.path(&name.private());
        let (file, metadata) =
            source::open_regular(&self.dir, &name.private(), &path).map_err(|error| match error {
                SourceError::Missing(_) => KeyringError::Missing(name.clone()),
                error => error.into(),
            })?;
        // Allocated whole, because growing would leave copies behind that nobody wipes.
        let mut pem = Zeroizing::new(String::with_capacity(MAX_BYTES));
        file.take(MAX_BYTES as u64).read_to_string(&mut pem).map_err(|source| SourceError::Io { path, source })?;
        Ok((pem, metadata))
    }

    fn read_public(&self, name: &KeyName) -> Result<Option<PublicKey>, KeyringError> {
        let path = self.path(&name.public());
        let bytes = match source::read_bounded(&self.dir, &name.public(), &path, MAX_BYTES as u64) {
            Ok(bytes) => bytes,
            Err(SourceError::Missing(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let public = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
        public.map(Some).ok_or(KeyringError::PublicInvalid(path))
    }

    #[cfg(unix)]
    fn refuse_exposed(&self, name: &KeyName, metadata: &Metadata) -> Result<(), KeyringError> {
        let mode = cap_std::fs::MetadataExt::mode(metadata) & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyringError::Exposed { path: self.path(&name.private()), mode });
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn refuse_exposed(&self, _name: &KeyName, _metadata: &Metadata) -> Result<(), KeyringError> {
        Ok(())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.home.keys_dir().join(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        (folder, home)
    }

    fn name(text: &str) -> KeyName {
        text.parse().unwrap()
    }

    fn unasked() -> Result<Zeroizing<String>, PassphraseError> {
        panic!("the passphrase was asked for")
    }

    fn answers(text: &str) -> impl FnOnce() -> Result<Zeroizing<String>, PassphraseError> {
        let text = Zeroizing::new(text.to_owned());
        || Ok(text)
    }

    #[test]
    fn accepts_only_plain_names() {
        assert!(["a", "0", "release-2026", &"a".repeat(40)].iter().all(|text| text.parse::<KeyName>().is_ok()));
        let bad = ["", "-a", "A", "a_b", "a.b", "../a", "a/b", "a\0", "a\r\n", "é", "a%2fb", &"a".repeat(41)];
        for text in bad {
            assert_eq!(text.parse::<KeyName>(), Err(InvalidKeyName), "{text:?}");
        }
    }

    #[test]
    fn an_encrypted_key_comes_back_with_its_passphrase_only() {
        let (_folder, home) = home();
        let keyring = Keyring::open(&home).unwrap();
        let protection = Protection::Passphrase(Zeroizing::new("correct horse".to_owned()));
        let public = keyring.create(&name("release"), &protection).unwrap();
        let loaded = keyring.load(&name("release"), answers("correct horse")).unwrap();
        assert_eq!(loaded.public(), public);
        assert_eq!(keyring.public(&name("release"), unasked).unwrap(), public);
        let list = keyring.list().unwrap();
        assert_eq!(list, [KeySummary { name: name("release"), encrypted: true, public: Some(public.clone()) }]);
        // Without the public half beside it, the private one has to be opened for it.
        std::fs::remove_file(home.keys_dir().join("release.pub")).unwrap();
        let error = keyring.public(&name("release"), answers("battery staple")).unwrap_err();
        assert_eq!(error.code(), "wrong-passphrase");
    }

    #[test]
    fn an_unencrypted_key_asks_for_nothing_and_two_keys_differ() {
        let (_folder, home) = home();
        let keyring = Keyring::open(&home).unwrap();
        let one = keyring.create(&name("one"), &Protection::Unencrypted).unwrap();
        let two = keyring.create(&name("two"), &Protection::Unencrypted).unwrap();
        assert_ne!(one, two);
        assert_eq!(keyring.load(&name("one"), unasked).unwrap().public(), one);
        assert_eq!(keyring.list().unwrap().iter().map(|key| key.encrypted).collect::<Vec<_>>(), [false, false]);
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let (_folder, home) = home();
        let keyring = Keyring::open(&home).unwrap();
        let first = keyring.create(&name("dev"), &Protection::Unencrypted).unwrap();
        let error = keyring.create(&name("dev"), &Protection::Unencrypted).unwrap_err();
        assert_eq!(error.code(), "key-exists");
        assert_eq!(keyring.load(&name("dev"), unasked).unwrap().public(), first);
        assert_eq!(keyring.public(&name("dev"), unasked).unwrap(), first);
    }

    #[test]
    fn says_what_is_missing_or_damaged() {
        let (_folder, home) = home();
        let keyring = Keyring::open(&home).unwrap();
        assert_eq!(keyring.load(&name("dev"), unasked).unwrap_err().code(), "key-missing");
        keyring.create(&name("dev"), &Protection::Unencrypted).unwrap();
        std::fs::write(home.keys_dir().join("dev.pem"), "not a key").unwrap();
        assert_eq!(keyring.load(&name("dev"), unasked).unwrap_err().code(), "key-invalid");
        std::fs::write(home.keys_dir().join("dev.pub"), "not a key").unwrap();
        assert_eq!(keyring.public(&name("dev"), unasked).unwrap_err().code(), "key-invalid");
    }

    #[cfg(unix)]
    #[test]
    fn refuses_a_private_key_that_others_may_read_and_says_what_to_run() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, home) = home();
        let keyring = Keyring::open(&home).unwrap();
        keyring.create(&name("dev"), &Protection::Unencrypted).unwrap();
        let path = home.keys_dir().join("dev.pem");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = keyring.load(&name("dev"), unasked).unwrap_err();
            assert_eq!(error.code(), "key-exposed");
            assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{error}");
        }
    }
}
