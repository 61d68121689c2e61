//! What a store holds beside the guest's memory: an empty WASI context, the memory meter, and the way to the broker.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use nexus_broker::{CallScope, ShardAccess};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, async_trait};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::imports::wasi_http::Hooks;
use crate::limits::MemoryMeter;

/// Handles (streams, requests, responses …) that one instance may hold. JavaScript guests leak several per request.
const MOST_HANDLES: usize = 16_384;
/// What is kept of the guest's standard error, for the operator when it traps.
const STDERR_TAIL_BYTES: usize = 4096;

pub(crate) struct State {
    pub(crate) access: Arc<ShardAccess>,
    /// The call in progress. Lifecycle steps have one too.
    pub(crate) scope: Arc<CallScope>,
    pub(crate) memory: MemoryMeter,
    pub(crate) stderr: Tail,
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    hooks: Hooks,
}

impl State {
    pub(crate) fn new(access: Arc<ShardAccess>, scope: Arc<CallScope>, memory: u64) -> Self {
        let stderr = Tail::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(MOST_HANDLES);
        // The builder's defaults hold nothing: no arguments, environment, folders or sockets. Standard output would
        // corrupt the stdio transport; it goes nowhere.
        let wasi = WasiCtx::builder().allow_tcp(false).allow_udp(false).stderr(stderr.clone()).build();
        let hooks = Hooks::new(Arc::clone(&access), Arc::clone(&scope));
        Self { access, scope, memory: MemoryMeter::new(memory), stderr, wasi, table, http: WasiHttpCtx::new(), hooks }
    }

    /// Begins a call: from here on, imports count against `scope`.
    pub(crate) fn enter(&mut self, scope: Arc<CallScope>) {
        self.hooks.enter(Arc::clone(&scope));
        self.scope = scope;
        self.memory.take_refused();
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// The last few kilobytes that a guest wrote to standard error: a Rust guest's panic message is there. Writing never
/// fails and never grows, whatever the guest does.
#[derive(Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    /// Takes what is there, as text.
    pub(crate) fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&Vec::from(bytes)).trim().to_owned()
    }

    fn push(&self, bytes: &[u8]) {
        let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = bytes.get(bytes.len().saturating_sub(STDERR_TAIL_BYTES)..).unwrap_or_default();
        let excess = (tail.len() + newest.len()).saturating_sub(STDERR_TAIL_BYTES);
        tail.drain(..excess);
        tail.extend(newest);
    }
}

impl IsTerminal for Tail {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Tail {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    // Only later WASI versions ask for this one, and none is linked.
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

impl OutputStream for Tail {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(64 * 1024)
    }
}

#[async_trait]
impl Pollable for Tail {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_keeps_the_newest_bytes() {
        let tail = Tail::default();
        tail.push(&vec![b'a'; 10_000]);
        tail.push(b"the end");
        let text = tail.take();
        assert_eq!(text.len(), STDERR_TAIL_BYTES);
        assert!(text.ends_with("athe end"));
        assert_eq!(tail.take(), "");
    }
}
