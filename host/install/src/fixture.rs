//! What the tests work with: a home, a publisher whom it trusts, and signed releases. Keys are made here and live as long
//! as the test.

use std::path::Path;
use std::sync::Arc;

use nexus_package::{Manifest, ReleaseRequest, SecretKey, Timestamp, World, sign};

use crate::{Home, Installer, NewPublisher, TrustFile};

/// A home that trusts `acme` for its own namespace, and a folder beside it.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
    pub(crate) home: Home,
    pub(crate) installer: Arc<Installer>,
    pub(crate) acme: SecretKey,
}

/// A component and its statement.
pub(crate) struct Release {
    pub(crate) wasm: Vec<u8>,
    pub(crate) statement: Vec<u8>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("shards")).unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let acme = SecretKey::from_random(&[7; 32]);
        TrustFile::of(&home).add(&publisher("acme", &acme)).unwrap();
        let installer = Arc::new(Installer::new(&home, || Timestamp::from_unix_seconds(1_800_000_000)).unwrap());
        Self { folder, home, installer, acme }
    }

    /// The folder beside the home.
    pub(crate) fn shards(&self) -> std::path::PathBuf {
        self.folder.path().join("shards")
    }

    /// A release of `name` signed by acme, with `contents` in place of wasm: nothing here parses it.
    pub(crate) fn release(&self, name: &str, version: &str, contents: &str) -> Release {
        Release::signed(&manifest(name, version), contents, &self.acme)
    }
}

impl Release {
    pub(crate) fn signed(manifest: &str, contents: &str, key: &SecretKey) -> Self {
        let request = ReleaseRequest {
            manifest: &Manifest::from_toml(manifest).unwrap(),
            wasm: contents.as_bytes(),
            world: World { name: "nexus:shard/shard@0.1.0".to_owned(), ..World::default() },
            created: Timestamp::from_unix_seconds(1_799_000_000),
            previous: None,
            source: None,
            commit: None,
        };
        Self { wasm: contents.as_bytes().to_vec(), statement: sign(request, &[key]).unwrap() }
    }

    /// Puts both files in place, the component first, as a copy does.
    pub(crate) fn put(&self, path: &Path) {
        std::fs::write(path, &self.wasm).unwrap();
        self.put_statement(path);
    }

    pub(crate) fn put_statement(&self, path: &Path) {
        std::fs::write(beside(path), &self.statement).unwrap();
    }
}

/// The path of the statement's file beside the component at `path`.
pub(crate) fn beside(path: &Path) -> std::path::PathBuf {
    path.with_added_extension("intoto.json")
}

pub(crate) fn publisher(namespace: &str, key: &SecretKey) -> NewPublisher {
    NewPublisher { namespace: namespace.parse().unwrap(), key: key.public(), threshold: None, allow: Vec::new() }
}

pub(crate) fn manifest(name: &str, version: &str) -> String {
    format!(
        "[shard]\nname = {name:?}\nversion = {version:?}\ndescription = \"A shard\"\nlicense = \"Apache-2.0\"\ncontract = \"0.1\"\n"
    )
}
