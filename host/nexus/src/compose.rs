//! All the wiring: from configuration to a host whose shards are ready.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use nexus_broker::Broker;
use nexus_install::{Event, Home, Installer, Watch};
use nexus_mcp::{CallLimits, Router, ServerInfo};
use nexus_package::Timestamp;
use nexus_runtime::{Runtime, RuntimeSettings};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::supervisor::Supervisor;

/// A host whose shards are loaded. Transports are put on its router.
pub(crate) struct Host {
    pub(crate) router: Arc<Router>,
    pub(crate) supervisor: Arc<Supervisor>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Host {
    /// Loads every installed and dropped-in shard, and keeps watching both places.
    ///
    /// A shard that does not load is a line in the log and in `nexus list`, never an error here.
    ///
    /// # Errors
    /// When the watched folder, the trust policy or the lockfile cannot be read, or the engine does not start.
    pub(crate) async fn start(config: Config, home: &Home, shards: Option<&Path>) -> anyhow::Result<Self> {
        let folder = watched_folder(&config, home, shards)?;
        let runtime = Runtime::new(&RuntimeSettings { cache: Some(home.cache_dir()) })?;
        let broker = Broker::new(config.file.broker.clone())?;
        let router = Router::new(CallLimits::default());
        let installer = Arc::new(Installer::new(home, now)?);
        let supervisor = Supervisor::new(config, Arc::clone(&installer), runtime, broker, Arc::clone(&router));
        let mut watch = Watch::start(installer, &folder)?;
        // What is there at the start counts as one step, so that the first list of tools is whole.
        while let Some(event) = watch.next().await {
            let scanned = matches!(event, Event::Scanned);
            supervisor.apply(event).await;
            if scanned {
                break;
            }
        }
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (watching, stopping) = (Arc::clone(&supervisor), stop.clone());
        tasks.spawn(async move {
            while let Some(Some(event)) = stopping.run_until_cancelled(watch.next()).await {
                watching.apply(event).await;
            }
        });
        Ok(Self { router, supervisor, stop, tasks })
    }

    /// How this server presents itself to clients.
    pub(crate) fn info() -> ServerInfo {
        ServerInfo {
            name: "nexus".to_owned(),
            title: Some("Nexus".to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instructions: Some(
                "Each tool is a sandboxed plugin. A failed call says in _meta whether a retry helps; the list of tools may change."
                    .to_owned(),
            ),
        }
    }

    /// Stops watching, and stops and disposes of every shard.
    pub(crate) async fn stop(self, grace: Duration) {
        self.stop.cancel();
        self.tasks.close();
        let closed = tokio::time::timeout(grace, async {
            self.tasks.wait().await;
            self.supervisor.close().await;
        });
        if closed.await.is_err() {
            tracing::warn!("shards did not stop within {}", humantime::format_duration(grace));
        }
    }
}

/// The folder that is watched. The home's own is made when it is not there; one that was named must exist.
fn watched_folder(config: &Config, home: &Home, named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let named = named.or(config.file.shards_dir.as_deref());
    let folder = named.map_or_else(|| home.shards_dir(), Path::to_owned);
    if named.is_none() {
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("the shards folder {} cannot be made", folder.display()))?;
    }
    Ok(folder)
}

/// The time by the wall clock: for statements that are not valid yet, and keys that have expired.
#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
pub(crate) fn now() -> Timestamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_seconds(since_1970.as_secs())
}
