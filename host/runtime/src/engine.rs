//! The one engine of the process, its linkers, and the settings that all shards share.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine};

use crate::bindings::v0_1::nexus::shard;
use crate::cache::{Cache, CacheError};
use crate::state::State;

/// Stack of the fiber that a call runs on. Deep recursion ends as a trap well before it.
const FIBER_STACK_BYTES: usize = 2 * 1024 * 1024;
const WASM_STACK_BYTES: usize = 512 * 1024;

/// How the host wants its shards run.
#[derive(Clone, Debug, Default)]
pub struct RuntimeSettings {
    /// Folder of the compiled-code cache; without one, every start compiles.
    pub cache: Option<PathBuf>,
}

/// Runs shards. Cheap to share; one for each process.
pub struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) cache: Option<Cache>,
    pub(crate) linkers: Linkers,
    /// One compilation at a time: each takes every core and, for a large component, hundreds of megabytes.
    pub(crate) compiling: Semaphore,
}

/// Why the runtime cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The engine refuses its settings: this processor or system lacks something.
    #[error("the WebAssembly engine does not start on this machine")]
    Engine(#[source] wasmtime::Error),
    /// The cache folder is unusable.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl StartError {
    /// A stable code, documented in the table of codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Engine(_) => "engine-unusable",
            Self::Cache(error) => error.code(),
        }
    }
}

impl Runtime {
    /// Makes the engine and opens the cache.
    ///
    /// # Errors
    /// [`StartError`] when the machine cannot run the engine or the cache folder cannot be used.
    pub fn new(settings: &RuntimeSettings) -> Result<Arc<Self>, StartError> {
        let engine = engine().map_err(StartError::Engine)?;
        let cache = settings.cache.as_ref().map(|folder| Cache::open(folder, &engine)).transpose()?;
        let linkers = Linkers::new(&engine).map_err(StartError::Engine)?;
        Ok(Arc::new(Self { engine, cache, linkers, compiling: Semaphore::new(1) }))
    }
}

/// Fuel with a yield interval bounds CPU and shares the thread; epochs on top would cost another 9 % and gain nothing.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        // Left on, it more than doubles the price of a warm call, and no contract function is async.
        .concurrency_support(false)
        .memory_init_cow(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        .wasm_component_model(true);
    Engine::new(&config)
}

/// One linker for each set of capabilities, so that an import which was not declared is not there to be called.
pub(crate) struct Linkers {
    plain: Linker<State>,
    http: Linker<State>,
}

impl Linkers {
    fn new(engine: &Engine) -> wasmtime::Result<Self> {
        let mut plain = Linker::new(engine);
        // What every guest's own runtime drags in. The context behind it holds nothing; see `State`.
        wasmtime_wasi::p2::add_to_linker_async(&mut plain)?;
        shard::types::add_to_linker::<_, HasSelf<State>>(&mut plain, |state| state)?;
        shard::log::add_to_linker::<_, HasSelf<State>>(&mut plain, |state| state)?;
        shard::config::add_to_linker::<_, HasSelf<State>>(&mut plain, |state| state)?;
        let mut http = plain.clone();
        shard::http::add_to_linker::<_, HasSelf<State>>(&mut http, |state| state)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut http)?;
        Ok(Self { plain, http })
    }

    pub(crate) fn with(&self, http: bool) -> &Linker<State> {
        if http { &self.http } else { &self.plain }
    }
}
