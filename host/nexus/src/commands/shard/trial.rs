//! A shard on trial: loaded as a host loads it, with nothing granted.
//!
//! The runtime takes verified packages only, and there is no way round that here either: the component is signed with a
//! key that only a policy in this process's memory trusts, and verified.

use std::collections::BTreeMap;
use std::sync::Arc;

use nexus_broker::{Broker, BrokerSettings, OperatorGrant};
use nexus_mcp::{CallLimits, Published, Router};
use nexus_package::{
    Candidate, Digest, Expectation, Manifest, Package, ReleaseRequest, SecretKey, Timestamp, TrustPolicy, Verified,
    World, sign, verify,
};
use nexus_runtime::{Ceiling, Limits, Runtime, RuntimeSettings, Shard};

use crate::back_end::{ShardBackEnd, definition};

/// Two loadings of one shard: one keeps its instance from call to call, the other takes a fresh one for each. Whatever the
/// shard remembers between calls shows as a difference.
pub(super) struct Trial {
    pub(super) warm: Candidacy,
    pub(super) fresh: Candidacy,
}

/// One loading, behind a router of its own.
pub(super) struct Candidacy {
    pub(super) shard: Arc<Shard>,
    pub(super) router: Arc<Router>,
    pub(super) published: Published,
}

impl Trial {
    /// Loads `wasm` twice.
    ///
    /// # Errors
    /// When a host would not load it.
    pub(super) async fn begin(
        wasm: Vec<u8>,
        manifest: &Manifest,
        world: World,
        settings: BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let package = package(wasm, manifest, world)?;
        let runtime = Runtime::new(&RuntimeSettings::default())?;
        let broker = Broker::new(BrokerSettings::default())?;
        let Ceiling(limits) = Ceiling::default();
        let warm = Limits { instances: 1, ..limits };
        let fresh = Limits { calls_per_instance: 1, ..warm };
        let load =
            async |limits| Candidacy::load(&runtime, &broker, &package, settings.clone(), &Ceiling(limits)).await;
        Ok(Self { warm: load(warm).await?, fresh: load(fresh).await? })
    }

    /// Stops and disposes of every instance.
    pub(super) async fn end(self) {
        self.warm.shard.close().await;
        self.fresh.shard.close().await;
    }
}

impl Candidacy {
    async fn load(
        runtime: &Arc<Runtime>,
        broker: &Broker,
        package: &Verified<Package>,
        config: BTreeMap<String, String>,
        ceiling: &Ceiling,
    ) -> anyhow::Result<Self> {
        let access = broker.shard(package.manifest(), OperatorGrant { config, ..OperatorGrant::default() })?;
        let shard = runtime.load(package.clone(), access, ceiling).await?;
        let router = Router::new(CallLimits::default());
        let (id, prefix) = (package.name().to_string(), package.name().name());
        let tools = shard.tools().iter().map(definition).collect();
        let published = router.publish(&id, prefix, tools, Arc::new(ShardBackEnd(Arc::clone(&shard))));
        Ok(Self { shard, router, published })
    }
}

fn package(wasm: Vec<u8>, manifest: &Manifest, world: World) -> anyhow::Result<Verified<Package>> {
    // No secret: nobody but the policy below trusts this key, and the statement never leaves this process.
    let key = SecretKey::from_random(Digest::of(&wasm).as_bytes());
    let now = Timestamp::from_unix_seconds(0);
    let request =
        ReleaseRequest { manifest, wasm: &wasm, world, created: now, previous: None, source: None, commit: None };
    let statement = sign(request, &[&key])?;
    let policy = TrustPolicy::from_toml(&format!(
        "version = 1\n[[publisher]]\nnamespace = \"{}\"\nkeys = [\"{}\"]\n",
        manifest.shard.name.namespace(),
        key.public()
    ))?;
    let candidate = Candidate { wasm: wasm.into(), statement: Some(statement.into()), ..Candidate::default() };
    Ok(verify(candidate, &policy, &Expectation::anything(now, &|_| None))?)
}
