//! Shards as the host gets them: signed with a key that nobody has seen before, verified, and loaded with every limit on.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use nexus_broker::{Broker, BrokerSettings, OperatorGrant};
use nexus_package::{
    Candidate, Expectation, Manifest, Package, ReleaseRequest, SecretKey, Timestamp, TrustPolicy, Verified, World,
    sign, verify,
};
use nexus_runtime::{Ceiling, Limits, Runtime, RuntimeSettings, Shard};

/// Signs `tests/fixtures/FOLDER` with `manifest` and verifies it.
///
/// # Errors
/// When it has not been built, or the manifest is none.
pub(crate) fn release(folder: &str, manifest: &str) -> anyhow::Result<Verified<Package>> {
    let file = root().join(format!("plugins/target/wasm32-wasip2/release/fixture_{folder}.wasm"));
    let wasm = fs::read(&file)
        .with_context(|| format!("reading {}, which `cargo xtask bench` builds before it measures", file.display()))?;
    let manifest = Manifest::from_toml(manifest)?;
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let key = SecretKey::from_random(&random);
    let now = Timestamp::from_unix_seconds(0);
    let world = World { name: "nexus:shard/shard@0.1.0".to_owned(), ..World::default() };
    let request = ReleaseRequest {
        manifest: &manifest,
        wasm: &wasm,
        world,
        created: now,
        previous: None,
        source: None,
        commit: None,
    };
    let statement = sign(request, &[&key])?;
    let policy = TrustPolicy::from_toml(&format!(
        "version = 1\n[[publisher]]\nnamespace = \"{}\"\nkeys = [\"{}\"]\n",
        manifest.shard.name.namespace(),
        key.public()
    ))?;
    let candidate = Candidate { wasm: wasm.into(), statement: Some(statement.into()), ..Candidate::default() };
    Ok(verify(candidate, &policy, &Expectation::anything(now, &|_| None))?)
}

/// The manifest of `tests/fixtures/FOLDER`.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn manifest(folder: &str) -> anyhow::Result<String> {
    let file = root().join("tests/fixtures").join(folder).join("shard.toml");
    fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
}

/// How long an instance of a shard lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Isolation {
    /// From call to call, as long as the defaults let it.
    Warm,
    /// For one call.
    Fresh,
}

/// The host's parts that run shards.
pub(crate) struct Engine {
    runtime: Arc<Runtime>,
    broker: Arc<Broker>,
}

impl Engine {
    /// # Errors
    /// When the machine cannot run it.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            runtime: Runtime::new(&RuntimeSettings::default())?,
            broker: Broker::new(BrokerSettings::default())?,
        })
    }

    /// # Errors
    /// When the host would not load it.
    pub(crate) async fn load(
        &self,
        package: &Verified<Package>,
        grant: OperatorGrant,
        isolation: Isolation,
    ) -> anyhow::Result<Arc<Shard>> {
        let Ceiling(limits) = Ceiling::default();
        let limits = match isolation {
            Isolation::Warm => limits,
            Isolation::Fresh => Limits { calls_per_instance: 1, ..limits },
        };
        let access = self.broker.shard(package.manifest(), grant)?;
        Ok(self.runtime.load(package.clone(), access, &Ceiling(limits)).await?)
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
