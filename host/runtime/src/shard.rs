//! A loaded shard: its tools, and the way into them.

use std::sync::Arc;

use nexus_broker::{CallScope, ShardAccess};
use nexus_package::{Manifest, Package, Verified};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bindings::v0_1::HttpShardPre;
use crate::bindings::v0_1::nexus::shard::types::Tool;
use crate::call::{Answer, CallFailure, FailureCode, Measures};
use crate::component::Interfaces;
use crate::instance::Instance;
use crate::limits::Limits;
use crate::pool::{Place, Pool};
use crate::state::State;

/// One tool as the shard describes it. Every text is foreign: clean it before it is shown.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the contract documents them: `tool` in wit/nexus-shard")]
pub struct ToolSpec {
    pub name: String,
    pub title: Option<String>,
    pub description: String,
    pub input_schema: Value,
    pub output_schema: Option<Value>,
    pub annotations: Option<Value>,
}

impl ToolSpec {
    /// A text that is not JSON becomes JSON `null`, which no lint accepts: the tool is quarantined, not the shard.
    pub(crate) fn of(tool: Tool) -> Self {
        let parse = |text: String| serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            name: tool.name,
            title: tool.title,
            description: tool.description,
            input_schema: parse(tool.input_schema),
            output_schema: tool.output_schema.map(parse),
            annotations: tool.annotations.map(parse),
        }
    }
}

/// A shard that is ready for calls. Share it in an `Arc`; a call in flight keeps its version alive.
pub struct Shard {
    pub(crate) package: Verified<Package>,
    pub(crate) tools: Vec<ToolSpec>,
    pub(crate) interfaces: Interfaces,
    pub(crate) limits: Limits,
    pub(crate) access: Arc<ShardAccess>,
    pub(crate) pre: HttpShardPre<State>,
    pub(crate) pool: Arc<Pool>,
    /// Instances that end after their last call; each holds its place in the pool until it is gone.
    pub(crate) retiring: TaskTracker,
}

impl Shard {
    /// The verified package that it was made from.
    pub fn package(&self) -> &Verified<Package> {
        &self.package
    }

    /// Its tools, in the shard's order, not yet linted.
    pub fn tools(&self) -> &[ToolSpec] {
        &self.tools
    }

    /// What its component imports and exports.
    pub fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What it may do outside its memory.
    pub fn access(&self) -> &Arc<ShardAccess> {
        &self.access
    }

    /// Runs one tool, within every limit, on an instance of its own.
    ///
    /// `arguments` is the JSON text of an object that was checked against the tool's input schema. Dropping the future
    /// or cancelling discards the instance.
    pub async fn call(
        &self,
        call_id: &str,
        tool: &str,
        arguments: String,
        cancelled: &CancellationToken,
    ) -> (Result<Answer, CallFailure>, Measures) {
        let nothing = Measures::default();
        if arguments.len() > self.limits.argument_bytes {
            let message = format!(
                "the arguments are {} bytes long, and this host takes at most {}",
                arguments.len(),
                self.limits.argument_bytes
            );
            return (Err(CallFailure::ended(FailureCode::TooLarge, message)), nothing);
        }
        let deadline = Instant::now() + self.deadline(tool);
        let run = self.run(call_id, tool, arguments, deadline);
        tokio::select! {
            outcome = run => outcome,
            () = cancelled.cancelled() => {
                (Err(CallFailure::ended(FailureCode::Cancelled, "the caller gave the call up")), nothing)
            }
        }
    }

    async fn run(
        &self,
        call_id: &str,
        tool: &str,
        arguments: String,
        deadline: Instant,
    ) -> (Result<Answer, CallFailure>, Measures) {
        let place = match timeout_at(deadline, self.pool.place()).await.unwrap_or_else(|_| Err(late())) {
            Ok(place) => place,
            Err(failure) => return (Err(failure), Measures::default()),
        };
        let mut instance = match self.instance(&place, deadline).await {
            Ok(instance) => instance,
            Err(failure) => return (Err(failure), Measures::default()),
        };
        let scope = Arc::new(CallScope::new(call_id, deadline));
        let (outcome, measures) = instance.call(tool, arguments, scope, deadline).await;
        match &outcome {
            Ok(_) | Err(CallFailure::Shard(_) | CallFailure::Ended { code: FailureCode::InvalidResult, .. }) => {
                if let Some((instance, place)) = place.keep(instance) {
                    // The answer does not wait for `stop`, which may take its time.
                    let name = self.package.name().to_string();
                    self.retiring.spawn(async move {
                        instance.retire(&name).await;
                        drop(place);
                    });
                }
            }
            Err(CallFailure::Ended { code, .. }) => {
                let stderr = instance.take_stderr();
                tracing::warn!(
                    shard = %self.package.name(), tool, call_id, code = code.as_str(), fuel = measures.fuel, stderr,
                    "a call was ended and its instance discarded"
                );
            }
        }
        (outcome, measures)
    }

    /// A warm instance, or a fresh one. Starting one counts against the call's deadline.
    async fn instance(&self, place: &Place, deadline: Instant) -> Result<Instance, CallFailure> {
        if let Some(warm) = place.take() {
            return Ok(warm);
        }
        let created = timeout_at(deadline, Instance::create(&self.pre, &self.access, self.limits)).await;
        let failure = match created {
            Ok(Ok(fresh)) => return Ok(fresh),
            Ok(Err(failure)) => failure,
            Err(_) => return Err(late()),
        };
        tracing::warn!(shard = %self.package.name(), reason = %failure, "a fresh instance did not start");
        Err(CallFailure::ended(FailureCode::InstanceFailed, format!("a fresh instance did not start: {failure}")))
    }

    /// Waits for the calls in flight, then stops and disposes of every idle instance. A call that still comes runs on
    /// an instance of its own, which ends with it.
    pub async fn close(&self) {
        let name = self.package.name().to_string();
        futures::future::join_all(self.pool.drain().await.into_iter().map(|instance| instance.retire(&name))).await;
    }

    fn deadline(&self, tool: &str) -> std::time::Duration {
        let manifest: &Manifest = self.package.manifest();
        let asked = manifest.tools.get(tool).and_then(|section| section.deadline);
        asked.unwrap_or(self.limits.deadline).min(self.limits.deadline)
    }
}

fn late() -> CallFailure {
    CallFailure::ended(FailureCode::DeadlineExceeded, "no instance was ready before the deadline")
}
