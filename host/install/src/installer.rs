//! From a file to an installed shard, in the order of the architecture's "path of an install".
//!
//! Size cap while reading, digest, statement, signature, subject, trust, rollback (all of them in `nexus_package::verify`),
//! then the operator's consent, then the store, and last the lockfile. Nothing is written before everything has been
//! checked, and until the lockfile names a component it is not installed: a crash in between leaves a stray file and no
//! shard. What is stored are the bytes that were verified; the file they came from is not read again.

use std::fmt;
use std::path::{Path, PathBuf};

use nexus_package::{
    Candidate, Digest, Expectation, Package, Provenance, ShardName, Timestamp, TrustPolicy, UnsignedRule, Verified,
    VerifyError, Version, verify,
};

use crate::capability::Capabilities;
use crate::home::{Home, HomeError};
use crate::lockfile::{Consent, Installed, Lockfile, LockfileError};
use crate::source::{self, SourceError};
use crate::store::{Store, StoreError};
use crate::trust::{TrustFile, TrustFileError};

/// Installs, removes and loads the shards of one home.
pub struct Installer {
    home: Home,
    trust: TrustFile,
    lockfile: Lockfile,
    store: Store,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Why a shard is not installed, loaded or removed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Its file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is not what this host accepts.
    #[error("{0}; {advice}", advice = advice(.0))]
    Refused(#[from] VerifyError),
    /// The trust policy cannot be used, so nothing can be verified.
    #[error(transparent)]
    Trust(#[from] TrustFileError),
    /// The lockfile cannot be used.
    #[error(transparent)]
    Lockfile(#[from] LockfileError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// There is no such shard.
    #[error("{0} is not installed; `nexus list` shows what is")]
    NotInstalled(ShardName),
    /// It is unsigned, and accepted where it lies only.
    #[error("{0} is unsigned and serves from its own folder only; sign it with `nexus shard sign` to install it")]
    Unsigned(ShardName),
    /// The consent is about other capabilities than the shard asks for.
    #[error("what was agreed to is not what {0} asks for; look at it again and decide anew")]
    ConsentMismatch(ShardName),
    /// Another shard is installed with the very same component.
    #[error("this component is installed as {0} already; remove that one first")]
    SameComponent(ShardName),
}

impl InstallError {
    /// Stable across releases.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(error) => error.code(),
            Self::Refused(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Lockfile(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Home(error) => error.code(),
            Self::NotInstalled(_) => "not-installed",
            Self::Unsigned(_) => "unsigned",
            Self::ConsentMismatch(_) => "consent-mismatch",
            Self::SameComponent(_) => "same-component",
        }
    }
}

/// What an operator can do about a refusal.
fn advice(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::TooLarge { .. } => "ask its publisher for a smaller one",
        VerifyError::Unsigned => "put its .intoto.json file beside it, or sign it with `nexus shard sign`",
        VerifyError::ManifestMissing => "put it there, or sign the component with `nexus shard sign`",
        VerifyError::Manifest(_) => "correct it",
        VerifyError::EnvelopeInvalid(_)
        | VerifyError::StatementInvalid(_)
        | VerifyError::SubjectsDiffer(_)
        | VerifyError::DigestMismatch { .. } => "fetch the component and its statement again from the publisher",
        VerifyError::BadSignature { .. } => "do not use it; fetch it again from the publisher and compare",
        VerifyError::UntrustedKey { .. } => "if you know the publisher, add the key with `nexus trust add`",
        VerifyError::NotWhatWasAsked { .. } => "fetch the one that you want",
        VerifyError::KeyNotAllowed { .. } => "if the publisher may, say so with `nexus trust add`",
        VerifyError::KeyExpired { .. } => {
            "ask the publisher for a release with a current key, and check this machine's clock"
        }
        VerifyError::KeyRevoked { .. } => "do not use it; ask the publisher for a release with a new key",
        VerifyError::ThresholdNotMet { .. } => "ask the publisher for a release that enough of them have signed",
        VerifyError::Denied { .. } | VerifyError::Pinned { .. } => {
            "`nexus trust list` shows the rule and `nexus trust remove` removes it"
        }
        VerifyError::Rollback { .. } => "pin it with `nexus trust pin`, or fetch the newest",
    }
}

impl Installer {
    /// An installer for `home` that asks `clock` for the time.
    ///
    /// # Errors
    /// [`HomeError`] when the store's folder cannot be used.
    pub fn new(home: &Home, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Result<Self, HomeError> {
        Ok(Self {
            home: home.clone(),
            trust: TrustFile::of(home),
            lockfile: Lockfile::of(home),
            store: Store::open(home)?,
            clock: Box::new(clock),
        })
    }

    /// The home that it works on.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The home's trust policy.
    pub fn trust(&self) -> &TrustFile {
        &self.trust
    }

    /// The home's lockfile.
    pub fn lockfile(&self) -> &Lockfile {
        &self.lockfile
    }

    /// Verifies the component file at `path` by the trust policy, the highest version seen, and the time as they are now.
    ///
    /// # Errors
    /// [`InstallError`] with the code of the first check that fails.
    pub fn verify_file(&self, path: &Path) -> Result<Verified<Package>, InstallError> {
        let locked = self.lockfile.read()?;
        self.inspect_file(path, &self.trust.read()?, &|name| locked.highest_seen(name).cloned())
    }

    /// Puts a verified package into the store and records it, with the operator's consent, as the installed release of its
    /// shard. An earlier release is replaced.
    ///
    /// # Errors
    /// [`InstallError::ConsentMismatch`] when `consent` is about other capabilities, [`InstallError::Unsigned`] for an
    /// unsigned local component, [`InstallError::SameComponent`]; others when the store or the lockfile cannot be
    /// written. The earlier release stays installed then.
    pub fn store(&self, package: &Verified<Package>, consent: Consent) -> Result<Installed, InstallError> {
        let name = package.name();
        if !consent.covers(&Capabilities::of(package.manifest())) {
            return Err(InstallError::ConsentMismatch(name.clone()));
        }
        let (Provenance::Signed { publisher, envelope, .. }, Some(statement)) =
            (package.provenance(), package.statement_digest())
        else {
            return Err(InstallError::Unsigned(name.clone()));
        };
        let installed = Installed {
            version: package.version().clone(),
            digest: package.digest(),
            statement,
            publisher: publisher.keys().to_vec(),
            installed_at: (self.clock)(),
            consent,
        };
        let held = self.home.lock()?;
        let locked = self.lockfile.read()?;
        let mut others = locked.installed().filter(|(other, _)| *other != name);
        if let Some((other, _)) = others.find(|(_, other)| other.digest == installed.digest) {
            return Err(InstallError::SameComponent(other.clone()));
        }
        self.store.insert(&installed.digest, package.wasm(), envelope, &held)?;
        self.lockfile.install(name, installed.clone(), &held)?;
        let earlier = locked.get(name).and_then(|entry| entry.installed.as_ref());
        if let Some(earlier) = earlier.filter(|earlier| earlier.digest != installed.digest)
            && let Err(error) = self.store.remove(&earlier.digest, &held)
        {
            tracing::warn!(shard = %name, version = %earlier.version, %error, "the replaced release stays on the disk");
        }
        Ok(installed)
    }

    /// Loads the installed release of `name` and verifies it anew: what was trusted when it was installed may be denied
    /// today.
    ///
    /// # Errors
    /// [`InstallError::NotInstalled`], or the code of the first check that fails.
    pub fn load(&self, name: &ShardName) -> Result<Verified<Package>, InstallError> {
        let locked = self.lockfile.read()?;
        let installed = locked.get(name).and_then(|entry| entry.installed.as_ref());
        let installed = installed.ok_or_else(|| InstallError::NotInstalled(name.clone()))?;
        self.inspect_installed(name, installed, &self.trust.read()?, &|name| locked.highest_seen(name).cloned())
    }

    /// Removes the installed release of `name`, the consent and the switch, and says what it was. The highest version
    /// seen stays recorded.
    ///
    /// # Errors
    /// [`InstallError::NotInstalled`]; others when the store or the lockfile cannot be written.
    pub fn remove(&self, name: &ShardName) -> Result<Installed, InstallError> {
        let held = self.home.lock()?;
        let removed = self.lockfile.uninstall(name, &held)?;
        let removed = removed.ok_or_else(|| InstallError::NotInstalled(name.clone()))?;
        self.store.remove(&removed.digest, &held)?;
        Ok(removed)
    }

    /// Verifies the component file at `path` by `policy`.
    pub(crate) fn inspect_file(
        &self,
        path: &Path,
        policy: &TrustPolicy,
        highest_seen: &dyn Fn(&ShardName) -> Option<Version>,
    ) -> Result<Verified<Package>, InstallError> {
        let found = source::read(path)?;
        let below_dev_dir = found.statement.is_none() && self.is_below_dev_dir(path, policy);
        let local_manifest = if below_dev_dir { source::read_manifest_beside(path)? } else { None };
        let candidate = Candidate { wasm: found.wasm, statement: found.statement, local_manifest, below_dev_dir };
        Ok(verify(candidate, policy, &Expectation::anything((self.clock)(), highest_seen))?)
    }

    /// Verifies what the store holds for `installed`, recorded under `name`, by `policy`.
    pub(crate) fn inspect_installed(
        &self,
        name: &ShardName,
        installed: &Installed,
        policy: &TrustPolicy,
        highest_seen: &dyn Fn(&ShardName) -> Option<Version>,
    ) -> Result<Verified<Package>, InstallError> {
        let found = self.store.read(&installed.digest)?;
        let candidate = Candidate { wasm: found.wasm, statement: found.statement, ..Candidate::default() };
        let anything = Expectation::anything((self.clock)(), highest_seen);
        let expected = Expectation { name: Some(name), version: Some(&installed.version), ..anything };
        Ok(verify(candidate, policy, &expected)?)
    }

    /// Where the installed component with `digest` lies.
    pub(crate) fn component(&self, digest: &Digest) -> PathBuf {
        self.store.component(digest)
    }

    fn is_below_dev_dir(&self, path: &Path, policy: &TrustPolicy) -> bool {
        policy.unsigned() == UnsignedRule::AllowLocal
            && std::fs::canonicalize(path)
                .is_ok_and(|path| self.trust.dev_dirs(policy).iter().any(|folder| path.starts_with(folder)))
    }
}

impl fmt::Debug for Installer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Installer").field("home", &self.home).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use nexus_package::{Denial, DenyTarget, Pin, SecretKey};

    use super::*;
    use crate::fixture::{Fixture, Release, beside, manifest, publisher};

    impl Fixture {
        fn install(&self, release: &Release) -> Result<Installed, InstallError> {
            let path = self.shards().join("x.wasm");
            release.put(&path);
            let package = self.installer.verify_file(&path)?;
            self.installer.store(&package, agreed(&package))
        }

        fn verify(&self, release: &Release) -> Result<Verified<Package>, InstallError> {
            let path = self.shards().join("v.wasm");
            release.put(&path);
            self.installer.verify_file(&path)
        }
    }

    fn agreed(package: &Package) -> Consent {
        Consent::to(&Capabilities::of(package.manifest()))
    }

    fn weather() -> ShardName {
        "acme:weather".parse().unwrap()
    }

    #[test]
    fn an_installed_shard_is_loaded_and_removed() {
        let fixture = Fixture::new();
        let installed = fixture.install(&fixture.release("acme:weather", "1.0.0", "one")).unwrap();
        let loaded = fixture.installer.load(&weather()).unwrap();
        assert_eq!((loaded.wasm().as_ref(), loaded.digest()), (&b"one"[..], installed.digest));
        let locked = fixture.installer.lockfile().read().unwrap();
        assert_eq!(locked.installed().collect::<Vec<_>>(), [(&weather(), &installed)]);
        assert_eq!(installed.publisher, [fixture.acme.public().id()]);
        assert!(locked.consents_to(&loaded));

        assert_eq!(fixture.installer.remove(&weather()).unwrap(), installed);
        assert_eq!(fixture.installer.load(&weather()).unwrap_err().code(), "not-installed");
        assert_eq!(fixture.installer.remove(&weather()).unwrap_err().code(), "not-installed");
        assert!(!fixture.installer.component(&installed.digest).exists());
    }

    #[test]
    fn a_newer_release_replaces_the_installed_one() {
        let fixture = Fixture::new();
        let first = fixture.install(&fixture.release("acme:weather", "1.0.0", "one")).unwrap();
        let second = fixture.install(&fixture.release("acme:weather", "1.1.0", "two")).unwrap();
        assert_eq!(fixture.installer.load(&weather()).unwrap().version(), &second.version);
        assert!(!fixture.installer.component(&first.digest).exists());
    }

    #[test]
    fn what_is_stored_is_what_was_verified_whatever_becomes_of_the_file() {
        let fixture = Fixture::new();
        let path = fixture.shards().join("x.wasm");
        fixture.release("acme:weather", "1.0.0", "good").put(&path);
        let package = fixture.installer.verify_file(&path).unwrap();
        std::fs::write(&path, "evil").unwrap();
        std::fs::write(beside(&path), "evil").unwrap();
        fixture.installer.store(&package, agreed(&package)).unwrap();
        assert_eq!(fixture.installer.load(&weather()).unwrap().wasm(), "good");
    }

    #[test]
    fn an_older_release_is_a_rollback_until_it_is_pinned() {
        let fixture = Fixture::new();
        let old = fixture.release("acme:weather", "1.0.0", "old");
        fixture.install(&fixture.release("acme:weather", "2.0.0", "new")).unwrap();
        assert_eq!(fixture.install(&old).unwrap_err().code(), "rollback");
        // Removing the newest does not make the host forget it.
        fixture.installer.remove(&weather()).unwrap();
        assert_eq!(fixture.install(&old).unwrap_err().code(), "rollback");
        let pin = Pin {
            shard: weather(),
            version: "1.0.0".parse().unwrap(),
            sha256: nexus_package::Digest::of(b"old"),
            reason: Some("2.0.0 loses parcels".to_owned()),
        };
        fixture.installer.trust().pin(&pin).unwrap();
        fixture.install(&old).unwrap();
        assert_eq!(fixture.installer.load(&weather()).unwrap().wasm(), "old");
        let locked = fixture.installer.lockfile().read().unwrap();
        assert_eq!(locked.highest_seen(&weather()), Some(&"2.0.0".parse().unwrap()));
    }

    #[test]
    fn each_refusal_has_its_code_and_changes_nothing() {
        let fixture = Fixture::new();
        let good = fixture.release("acme:weather", "1.0.0", "good");
        let other = SecretKey::from_random(&[8; 32]);
        let code = |release: Release| {
            let error = fixture.verify(&release).unwrap_err();
            assert!(error.to_string().contains("; "), "no advice in: {error}");
            error.code()
        };
        assert_eq!(
            code(Release { wasm: b"evil".to_vec(), ..fixture.release("acme:weather", "1.0.0", "good") }),
            "digest-mismatch"
        );
        assert_eq!(
            code(Release { statement: b"{}".to_vec(), ..fixture.release("acme:weather", "1.0.0", "x") }),
            "statement-invalid"
        );
        assert_eq!(code(Release::signed(&manifest("acme:weather", "1.0.0"), "x", &other)), "untrusted-key");
        assert_eq!(code(fixture.release("other:weather", "1.0.0", "x")), "key-not-allowed-for-namespace");
        std::fs::write(fixture.shards().join("u.wasm"), "x").unwrap();
        let unsigned = fixture.installer.verify_file(&fixture.shards().join("u.wasm")).unwrap_err();
        assert_eq!(unsigned.code(), "unsigned");
        fixture.verify(&good).unwrap();
        assert_eq!(fixture.installer.lockfile().read().unwrap(), crate::Locked::default());
        assert!(!fixture.home.lock_file().exists());
    }

    #[test]
    fn a_manifest_beside_the_file_is_ignored() {
        let fixture = Fixture::new();
        let greedy =
            manifest("acme:weather", "1.0.0") + "[[http]]\nurl = \"https://evil.example\"\nmethods = [\"POST\"]\n";
        std::fs::write(fixture.shards().join("shard.toml"), greedy).unwrap();
        let package = fixture.verify(&fixture.release("acme:weather", "1.0.0", "good")).unwrap();
        assert!(package.manifest().http.is_empty());
    }

    #[test]
    fn consent_to_one_thing_is_no_consent_to_another() {
        let fixture = Fixture::new();
        let modest = fixture.verify(&fixture.release("acme:weather", "1.0.0", "one")).unwrap();
        let greedy =
            manifest("acme:weather", "1.1.0") + "[[http]]\nurl = \"https://evil.example\"\nmethods = [\"POST\"]\n";
        let greedy = fixture.verify(&Release::signed(&greedy, "two", &fixture.acme)).unwrap();
        let error = fixture.installer.store(&greedy, agreed(&modest)).unwrap_err();
        assert_eq!(error.code(), "consent-mismatch");
        fixture.installer.store(&modest, agreed(&modest)).unwrap();
        assert!(!fixture.installer.lockfile().read().unwrap().consents_to(&greedy));
    }

    #[test]
    fn trust_withdrawn_after_installing_counts_at_the_next_load() {
        let fixture = Fixture::new();
        fixture.install(&fixture.release("acme:weather", "1.0.0", "one")).unwrap();
        let denial = Denial { target: DenyTarget::Shard(weather()), reason: None };
        fixture.installer.trust().deny(&denial).unwrap();
        assert_eq!(fixture.installer.load(&weather()).unwrap_err().code(), "denied");
        std::fs::write(fixture.home.trust_file(), "nonsense").unwrap();
        assert_eq!(fixture.installer.load(&weather()).unwrap_err().code(), "trust-policy-invalid");
    }

    #[test]
    fn one_component_is_one_shard() {
        let fixture = Fixture::new();
        fixture.install(&fixture.release("acme:weather", "1.0.0", "one")).unwrap();
        let error = fixture.install(&fixture.release("acme:maps", "1.0.0", "one")).unwrap_err();
        assert_eq!(error.code(), "same-component");
        fixture.installer.load(&weather()).unwrap();
    }

    #[test]
    fn an_unsigned_component_serves_from_a_developers_folder_and_is_not_installed() {
        let fixture = Fixture::new();
        let path = fixture.shards().join("x.wasm");
        std::fs::write(&path, "unsigned").unwrap();
        std::fs::write(fixture.shards().join("shard.toml"), manifest("acme:weather", "0.1.0")).unwrap();
        let policy = |folder: &Path| {
            let folder = folder.display();
            let text = format!("version = 1\n[default]\nunsigned = \"allow-local\"\ndev_dirs = [\"{folder}\"]\n");
            std::fs::write(fixture.home.trust_file(), text).unwrap();
        };
        policy(fixture.home.path());
        assert_eq!(fixture.installer.verify_file(&path).unwrap_err().code(), "unsigned");
        policy(&fixture.shards());
        let package = fixture.installer.verify_file(&path).unwrap();
        assert_eq!(package.name(), &weather());
        assert_eq!(fixture.installer.store(&package, agreed(&package)).unwrap_err().code(), "unsigned");
        std::fs::remove_file(fixture.shards().join("shard.toml")).unwrap();
        assert_eq!(fixture.installer.verify_file(&path).unwrap_err().code(), "manifest-missing");
        let publisher = publisher("acme", &fixture.acme);
        std::fs::remove_file(fixture.home.trust_file()).unwrap();
        fixture.installer.trust().add(&publisher).unwrap();
        assert_eq!(fixture.installer.verify_file(&path).unwrap_err().code(), "unsigned");
    }
}
