//! From a verified package to a shard that is ready for calls.
//!
//! `validate → imports ⊆ declared → compile (or the cache) → link → a first instance → its tools`. Nothing here takes
//! bytes that were not verified: the argument's type says so, and the bytes compiled are the ones in it.

use std::sync::Arc;

use nexus_broker::ShardAccess;
use nexus_package::{Concurrency, Isolation, Package, Verified};
use tokio_util::task::TaskTracker;
use wasmtime::component::Component;

use crate::bindings::v0_1::HttpShardPre;
use crate::cache::Lookup;
use crate::call::CallFailure;
use crate::component::{InspectError, Interfaces};
use crate::engine::Runtime;
use crate::instance::Instance;
use crate::limits::Ceiling;
use crate::pool::Pool;
use crate::shard::{Shard, ToolSpec};

/// Why a verified package does not become a shard.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is no component that this host can run, or it imports what it does not declare.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The component is invalid, or too much for the compiler.
    #[error("it does not compile: {reason}")]
    Compile {
        /// The compiler's reason.
        reason: String,
    },
    /// It uses a function that this host does not have, or one with another type.
    #[error("it does not fit this host's contract 0.1: {reason}")]
    Link {
        /// The function or interface, as the linker names it.
        reason: String,
    },
    /// `initialize` or `start` of the first instance failed.
    #[error("its first instance did not start: {0}")]
    Start(#[source] CallFailure),
    /// `list-tools` failed.
    #[error("it does not list its tools: {0}")]
    Tools(#[source] CallFailure),
}

impl LoadError {
    /// A stable code, documented in the table of codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Inspect(error) => error.code(),
            Self::Compile { .. } => "compile-failed",
            Self::Link { .. } => "link-failed",
            Self::Start(_) => "start-failed",
            Self::Tools(_) => "list-tools-failed",
        }
    }
}

impl Runtime {
    /// Makes a shard of `package`, whose way outside is `access` and who gets at most `ceiling`.
    ///
    /// Compiling takes about 0.2 s for a Rust shard of 300 KB and blocks no other task.
    ///
    /// # Errors
    /// [`LoadError`]; what ran before goes on untouched.
    pub async fn load(
        self: &Arc<Self>,
        package: Verified<Package>,
        access: Arc<ShardAccess>,
        ceiling: &Ceiling,
    ) -> Result<Arc<Shard>, LoadError> {
        let interfaces = Interfaces::read(package.wasm())?;
        interfaces.within(package.manifest())?;
        let component = self.component(&package).await?;
        let linker = self.linkers.with(interfaces.http);
        let link_error = |error: wasmtime::Error| LoadError::Link { reason: format!("{error:#}") };
        let pre = linker.instantiate_pre(&component).and_then(HttpShardPre::new).map_err(link_error)?;
        let manifest = package.manifest();
        let mut limits = ceiling.apply(&manifest.limits, manifest.shard.concurrency == Concurrency::Single);
        if manifest.shard.isolation == Isolation::Call {
            limits.calls_per_instance = 1;
        }
        let mut first = Instance::create(&pre, &access, limits).await.map_err(LoadError::Start)?;
        let tools = first.list_tools().await.map_err(LoadError::Tools)?.into_iter().map(ToolSpec::of).collect();
        let pool = Pool::new(limits, first);
        Ok(Arc::new(Shard { package, tools, interfaces, limits, access, pre, pool, retiring: TaskTracker::new() }))
    }

    async fn component(self: &Arc<Self>, package: &Verified<Package>) -> Result<Component, LoadError> {
        let failed = |reason: String| LoadError::Compile { reason };
        if let Some(cache) = &self.cache {
            match cache.load(&self.engine, &package.digest()) {
                Lookup::Found(component) => return Ok(component),
                Lookup::Absent => {}
                Lookup::Rejected(reason) => {
                    tracing::warn!(
                        shard = %package.name(), code = "cache-rejected", reason,
                        "a compiled-code cache entry was not believed; compiling again"
                    );
                }
            }
        }
        let _turn = self.compiling.acquire().await.map_err(|error| failed(error.to_string()))?;
        let (runtime, wasm) = (Arc::clone(self), package.wasm().clone());
        let compiled = tokio::task::spawn_blocking(move || Component::from_binary(&runtime.engine, &wasm)).await;
        let component =
            compiled.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(format!("{error:#}")))?;
        if let Some(cache) = &self.cache
            && let Err(error) = cache.store(&package.digest(), &component)
        {
            tracing::warn!(shard = %package.name(), %error, "the compiled code was not stored; the next start compiles again");
        }
        Ok(component)
    }
}
