//! The call into a shard alone, without MCP: one call after the other, from one task.

use std::sync::Arc;

use nexus_broker::OperatorGrant;
use nexus_runtime::Shard;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Effort;
use crate::echo;
use crate::figures::Figures;
use crate::publisher::{Engine, Isolation, manifest, release};
use crate::report::{Comparison, Row};

/// Measures calls on a warm instance, and calls that each get a fresh one.
///
/// # Errors
/// When the shard has not been built, or a call fails.
pub(crate) async fn measure(effort: Effort) -> anyhow::Result<Vec<Row>> {
    let package = release("echo", &manifest("echo")?)?;
    let engine = Engine::new()?;
    let load = |isolation| engine.load(&package, OperatorGrant::default(), isolation);
    let (warm, fresh) = (load(Isolation::Warm).await?, load(Isolation::Fresh).await?);
    let (mut whole, mut inside, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..=effort.rounds {
        let on_warm = run(&warm, effort).await?;
        let on_fresh = run(&fresh, effort).await?;
        if turn > 0 {
            whole.push(on_warm.call);
            inside.push(on_warm.guest);
            alone.push(on_fresh.call);
        }
    }
    warm.close().await;
    fresh.close().await;
    let row = |what: &str, runs: &[Figures], target| Row {
        what: what.to_owned(),
        connections: None,
        figures: Figures::median(runs),
        comparison: target,
    };
    Ok(vec![
        row("Shard::call, warm instance, 200 bytes", &whole, Some(Comparison::at_most(1.5))),
        row("of it, from the guest's entry to its answer", &inside, None),
        row("Shard::call, instance per call, 200 bytes", &alone, Some(Comparison::at_most(50.0))),
    ])
}

struct Run {
    /// As the caller sees it.
    call: Figures,
    /// As the shard's own measure says.
    guest: Figures,
}

async fn run(shard: &Arc<Shard>, effort: Effort) -> anyhow::Result<Run> {
    let arguments = Value::Object(echo::arguments()).to_string();
    let never = CancellationToken::new();
    let (mut calls, mut guests) = (Vec::new(), Vec::new());
    let started = Instant::now();
    let mut entered = started;
    while entered.duration_since(started) < effort.run {
        let (answer, measures) = shard.call("call-1", "echo", arguments.clone(), &never).await;
        let answered = Instant::now();
        answer?;
        calls.push(answered - entered);
        guests.push(measures.duration);
        entered = answered;
    }
    let elapsed = started.elapsed();
    Ok(Run { call: Figures::of(calls, elapsed), guest: Figures::of(guests, elapsed) })
}
