//! Keeps shards: which release of each serves, what became of the others, and why.
//!
//! The watch decides which release of a shard is to serve; here it is loaded beside the one that serves, and takes over
//! only when it is ready. Whatever goes wrong with it, the old one goes on. Events come in one after the other, so that no
//! change overtakes another; everybody else reads.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nexus_broker::Broker;
use nexus_install::{Event, Installer, Locked};
use nexus_mcp::{Published, Router};
use nexus_package::{Package, ShardName, Verified};
use nexus_runtime::{Ceiling, Runtime, Shard};
use serde::Serialize;
use tokio_util::task::TaskTracker;

use crate::back_end::{ShardBackEnd, definition};
use crate::config::Config;
use crate::failure;
use crate::grants::{self, GrantOrigin, Switch};

/// Why something does not serve.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Problem {
    /// Stable; documented in the tables of codes.
    pub(crate) code: String,
    /// For the operator.
    pub(crate) reason: String,
}

impl Problem {
    fn new(code: &str, reason: &dyn std::fmt::Display) -> Self {
        Self { code: code.to_owned(), reason: reason.to_string() }
    }
}

/// One shard, as everybody else sees it.
#[derive(Clone)]
pub(crate) struct Status {
    /// The release that is to serve.
    pub(crate) wanted: Verified<Package>,
    /// Where that came from.
    pub(crate) path: PathBuf,
    /// The release that serves: the wanted one, or its predecessor.
    pub(crate) serving: Option<Serving>,
    /// Why the wanted release does not serve.
    pub(crate) problem: Option<Problem>,
    /// Why it is switched off.
    pub(crate) off: Option<String>,
}

/// A release that serves.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) shard: Arc<Shard>,
    pub(crate) published: Arc<Published>,
    pub(crate) grant: GrantOrigin,
}

/// Keeps shards. Share it in an `Arc`.
pub(crate) struct Supervisor {
    config: Config,
    installer: Arc<Installer>,
    runtime: Arc<Runtime>,
    broker: Arc<Broker>,
    router: Arc<Router>,
    known: Mutex<Known>,
    /// Predecessors that finish their last calls.
    closing: TaskTracker,
}

#[derive(Default)]
struct Known {
    shards: BTreeMap<ShardName, Status>,
    refused: BTreeMap<PathBuf, Problem>,
}

impl Supervisor {
    pub(crate) fn new(
        config: Config,
        installer: Arc<Installer>,
        runtime: Arc<Runtime>,
        broker: Arc<Broker>,
        router: Arc<Router>,
    ) -> Arc<Self> {
        let (known, closing) = (Mutex::default(), TaskTracker::new());
        Arc::new(Self { config, installer, runtime, broker, router, known, closing })
    }

    /// Acts on what the watch tells. Call it with one event after the other.
    pub(crate) async fn apply(&self, event: Event) {
        match event {
            Event::Appeared { package, path } | Event::Changed { package, path } => {
                self.known().refused.remove(&path);
                self.take(package, path).await;
            }
            Event::Removed { name, path } => {
                let mut known = self.known();
                known.refused.remove(&path);
                if let Some(gone) = known.shards.remove(&name) {
                    self.retire(&name, gone.serving);
                    tracing::info!(shard = %name, "removed");
                }
            }
            Event::Refused { path, code, reason } => {
                tracing::warn!(file = ?path, code, "refused: {reason}");
                self.known().refused.insert(path, Problem::new(code, &reason));
            }
            Event::Trouble { code, reason } => tracing::warn!(code, "{reason}"),
            Event::Scanned => {}
        }
        // A file that was refused and is gone is told by nobody.
        self.known().refused.retain(|path, _| path.exists());
    }

    /// Waits until predecessors are gone, and ends everything that serves.
    pub(crate) async fn close(&self) {
        let shards = std::mem::take(&mut self.known().shards);
        for (name, status) in shards {
            self.retire(&name, status.serving);
        }
        self.closing.close();
        self.closing.wait().await;
    }

    /// Every shard, by name.
    pub(crate) fn shards(&self) -> Vec<Status> {
        self.known().shards.values().cloned().collect()
    }

    /// Files that are refused.
    pub(crate) fn refusals(&self) -> Vec<(PathBuf, Problem)> {
        self.known().refused.clone().into_iter().collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `package` serve, or says why not.
    async fn take(&self, package: Verified<Package>, path: PathBuf) {
        let name = package.name().clone();
        let before = self.known().shards.get(&name).and_then(|status| status.serving.clone());
        let mut status = Status { wanted: package, path, serving: before.clone(), problem: None, off: None };
        match self.load(&status.wanted).await {
            Ok(Loaded::Ready(successor)) => {
                let (version, tools) = (status.wanted.version(), successor.published.served.len());
                tracing::info!(shard = %name, %version, tools, "serving");
                status.serving = Some(successor);
                if let Some(predecessor) = before {
                    self.close_later(predecessor);
                }
            }
            Ok(Loaded::Off(how)) => {
                tracing::info!(shard = %name, "{how}");
                self.retire(&name, status.serving.take());
                status.off = Some(how);
            }
            Err(problem) => {
                let goes_on = before.map_or("", |_| "; the release that serves goes on");
                tracing::warn!(shard = %name, code = problem.code, "does not serve: {}{goes_on}", problem.reason);
                status.problem = Some(problem);
            }
        }
        self.known().shards.insert(name, status);
    }

    /// Loads and publishes a release.
    async fn load(&self, package: &Verified<Package>) -> Result<Loaded, Problem> {
        let manifest = package.manifest();
        let invalid = |error: anyhow::Error| Problem::new("config-invalid", &failure::sentence(&error));
        let locked: Locked = self.installer.lockfile().read().map_err(|error| Problem::new(error.code(), &error))?;
        match grants::switch(manifest, &self.config, locked.get(package.name())).map_err(invalid)? {
            Switch::On => {}
            Switch::Off(how) => return Ok(Loaded::Off(how)),
        }
        let (grant, origin) = grants::resolve(manifest, &self.config, locked.consents_to(package)).map_err(invalid)?;
        let access = self.broker.shard(manifest, grant).map_err(|error| Problem::new(error.code(), &error))?;
        let section = self.config.file.shards.get(package.name());
        let ceiling = self.config.file.limits.over(Ceiling::default());
        let ceiling = section.map_or(ceiling, |section| section.limits.over(ceiling));
        let loading = self.runtime.load(package.clone(), access, &ceiling);
        let shard = loading.await.map_err(|error| Problem::new(error.code(), &error))?;
        let definitions = shard.tools().iter().map(definition).collect();
        let back_end = Arc::new(ShardBackEnd(Arc::clone(&shard)));
        let published = self.router.publish(&package.name().to_string(), package.name().name(), definitions, back_end);
        Ok(Loaded::Ready(Serving { shard, published: Arc::new(published), grant: origin }))
    }

    fn retire(&self, name: &ShardName, serving: Option<Serving>) {
        if let Some(serving) = serving {
            self.router.withdraw(&name.to_string());
            self.close_later(serving);
        }
    }

    /// Ends a release that serves no more, once its last call has been answered.
    fn close_later(&self, Serving { shard, .. }: Serving) {
        self.closing.spawn(async move { shard.close().await });
    }
}

enum Loaded {
    Ready(Serving),
    /// Switched off, and how to switch it on.
    Off(String),
}
