//! One running guest: a store, its memory, and the five steps of its life.
//!
//! An instance that trapped or whose call was dropped half-way is never entered again, not even for `stop`: wasmtime
//! refuses it, and its memory may be in any state. Whoever holds it then drops it.

use std::sync::Arc;

use nexus_broker::{CallScope, ShardAccess};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use wasmtime::Store;

use crate::bindings::v0_1::nexus::shard::types::{CallContext, Error, Tool};
use crate::bindings::v0_1::{HttpShard, HttpShardPre};
use crate::call::{Answer, CallFailure, FailureCode, Measures};
use crate::limits::Limits;
use crate::state::State;

/// After this much fuel a guest lets other tasks have the thread: about a tenth of a millisecond.
const YIELD_INTERVAL: u64 = 1_000_000;

pub(crate) struct Instance {
    store: Store<State>,
    guest: HttpShard,
    limits: Limits,
    pub(crate) calls: u64,
}

impl Instance {
    /// Instantiates, initialises and starts one instance.
    pub(crate) async fn create(
        pre: &HttpShardPre<State>,
        access: &Arc<ShardAccess>,
        limits: Limits,
    ) -> Result<Self, CallFailure> {
        let deadline = Instant::now() + limits.lifecycle;
        let scope = Arc::new(CallScope::new("initialize", deadline));
        let mut store = Store::new(pre.engine(), State::new(Arc::clone(access), scope, limits.memory));
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(limits.result_bytes);
        // A guest's start function runs while it is instantiated, so the budget must be set before.
        let prepared = store.set_fuel(limits.fuel).and_then(|()| store.fuel_async_yield_interval(Some(YIELD_INTERVAL)));
        prepared.map_err(|error| CallFailure::of(&error, false))?;
        let guest = match timeout_at(deadline, pre.instantiate_async(&mut store)).await {
            Ok(Ok(guest)) => guest,
            Ok(Err(error)) => {
                let refused = store.data_mut().memory.take_refused();
                return Err(CallFailure::of(&error, refused));
            }
            Err(_) => return Err(CallFailure::ended(FailureCode::DeadlineExceeded, "instantiating took too long")),
        };
        let mut instance = Self { store, guest, limits, calls: 0 };
        let config = access.config_json();
        instance
            .step(deadline, async |guest, store| guest.nexus_shard_lifecycle().call_initialize(store, &config).await)
            .await?;
        instance.step(deadline, async |guest, store| guest.nexus_shard_lifecycle().call_start(store).await).await?;
        Ok(instance)
    }

    /// Asks for the tools. Only the first instance of a shard is asked.
    pub(crate) async fn list_tools(&mut self) -> Result<Vec<Tool>, CallFailure> {
        let deadline = Instant::now() + self.limits.lifecycle;
        self.step(deadline, async |guest, store| guest.nexus_shard_tools().call_list_tools(store).await).await
    }

    /// Runs one tool. After an error other than [`CallFailure::Shard`] the instance must be dropped; see
    /// [`is_reusable`](Self::is_reusable).
    pub(crate) async fn call(
        &mut self,
        tool: &str,
        arguments: String,
        scope: Arc<CallScope>,
        deadline: Instant,
    ) -> (Result<Answer, CallFailure>, Measures) {
        self.calls += 1;
        let entered = Instant::now();
        let context = CallContext {
            call_id: scope.call_id().to_owned(),
            deadline_ms: u32::try_from(deadline.saturating_duration_since(entered).as_millis()).unwrap_or(u32::MAX),
            meta: None,
        };
        self.store.data_mut().enter(Arc::clone(&scope));
        let output = self
            .step(deadline, async |guest, store| {
                guest.nexus_shard_tools().call_call_tool(store, tool, &arguments, &context).await
            })
            .await;
        let measures = Measures { fuel: self.fuel_used(), duration: entered.elapsed(), attempts: scope.usage().sends };
        let answer = output.and_then(|output| {
            let content = parse(&output.content, "content", Value::is_array)?;
            let structured =
                output.structured.map(|text| parse(&text, "structured result", Value::is_object)).transpose()?;
            let Value::Array(content) = content else { return Err(invalid("content")) };
            Ok(Answer { content, structured, is_error: output.is_error })
        });
        (answer, measures)
    }

    /// Ends an instance that is in order. Its memory is gone when this returns.
    pub(crate) async fn retire(mut self, shard: &str) {
        let deadline = Instant::now() + self.limits.lifecycle;
        let stopped =
            self.step(deadline, async |guest, store| guest.nexus_shard_lifecycle().call_stop(store).await).await;
        if let Err(failure) = &stopped {
            tracing::warn!(shard, reason = %failure, "stopping an instance failed");
        }
        // After a trap or a time-out the guest cannot be entered again.
        if matches!(stopped, Ok(()) | Err(CallFailure::Shard(_))) {
            let disposed = self
                .step(deadline, async |guest, store| guest.nexus_shard_lifecycle().call_dispose(store).await.map(Ok))
                .await;
            if let Err(failure) = disposed {
                tracing::warn!(shard, reason = %failure, "disposing of an instance failed");
            }
        }
    }

    /// What the guest wrote to standard error since this was last asked: after a trap, its panic message.
    pub(crate) fn take_stderr(&self) -> String {
        self.store.data().stderr.take()
    }

    /// Whether it has calls left before it is retired.
    pub(crate) fn is_reusable(&self) -> bool {
        self.calls < self.limits.calls_per_instance
    }

    fn fuel_used(&self) -> u64 {
        self.limits.fuel.saturating_sub(self.store.get_fuel().unwrap_or(0))
    }

    /// One step into the guest, within fuel and deadline.
    async fn step<T>(
        &mut self,
        deadline: Instant,
        enter: impl AsyncFnOnce(&HttpShard, &mut Store<State>) -> wasmtime::Result<Result<T, Error>>,
    ) -> Result<T, CallFailure> {
        self.store.set_fuel(self.limits.fuel).map_err(|error| CallFailure::of(&error, false))?;
        match timeout_at(deadline, enter(&self.guest, &mut self.store)).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => Err(CallFailure::Shard(error.into())),
            Ok(Err(error)) => {
                tracing::debug!(error = format!("{error:#}"), "a guest failed");
                let refused = self.store.data_mut().memory.take_refused();
                Err(CallFailure::of(&error, refused))
            }
            Err(_) => Err(CallFailure::ended(FailureCode::DeadlineExceeded, "the call took longer than it may")),
        }
    }
}

fn parse(text: &str, what: &str, shape: fn(&Value) -> bool) -> Result<Value, CallFailure> {
    serde_json::from_str(text).ok().filter(shape).ok_or_else(|| invalid(what))
}

fn invalid(what: &str) -> CallFailure {
    CallFailure::ended(
        FailureCode::InvalidResult,
        format!("the shard answered a {what} that is not what the contract asks for"),
    )
}
