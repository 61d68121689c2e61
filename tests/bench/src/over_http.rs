//! `tools/call` over HTTP on loopback, through the host's own edge and router, to the shard and to the native tool.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use nexus_broker::OperatorGrant;
use nexus_hub::{Hub, HubSettings};
use nexus_mcp::{CallLimits, Router, ServerInfo};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::Effort;
use crate::echo::{self, NativeEcho, ShardEcho};
use crate::figures::Figures;
use crate::load::{self, Connection, Request};
use crate::publisher::{Engine, Isolation, manifest, release};
use crate::report::{Comparison, Row};

const CONNECTIONS: [usize; 3] = [1, 16, 64];

/// What is called: an identity in the router, what it is called in the table, and the least share of the native rate
/// that it is meant to reach.
const SUBJECTS: [(&str, &str, Option<f64>); 3] = [
    ("native", "native tool", None),
    ("warm", "shard, warm instance", Some(0.90)),
    ("fresh", "shard, instance per call", Some(0.55)),
];

/// Serves the three and measures them in turns.
///
/// # Errors
/// When the shard has not been built, the edge does not start, or a call does not give the right answer.
pub(crate) fn measure(server: &Runtime, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let (hub, router) = server.block_on(compose())?;
    let wire_names: BTreeMap<String, String> =
        router.tools().iter().map(|tool| (tool.back_end().to_owned(), tool.name().to_owned())).collect();
    let address = hub.address();
    let requests: Vec<Arc<Request>> = SUBJECTS
        .iter()
        .filter_map(|(id, ..)| wire_names.get(*id))
        .map(|name| Arc::new(Request::call(address, name, &echo::arguments())))
        .collect();
    ensure!(requests.len() == SUBJECTS.len(), "a tool is not served: {wire_names:?}");
    let shutdown = CancellationToken::new();
    let info = ServerInfo { name: "nexus".to_owned(), title: None, version: "0".to_owned(), instructions: None };
    let serving = server.spawn(hub.serve(router, info, HubSettings::default(), shutdown.clone()));

    let clients = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = clients.block_on(async {
        same_answers(&mut Connection::open(address).await?, &requests).await?;
        let mut rows = Vec::new();
        for count in CONNECTIONS {
            let mut connections = Vec::new();
            for _ in 0..count {
                connections.push(Connection::open(address).await?);
            }
            rows.extend(in_turns(connections, &requests, effort).await?);
        }
        anyhow::Ok(rows)
    });
    shutdown.cancel();
    server.block_on(serving)?;
    rows
}

/// The edge and the router as the host wires them, with three back ends.
async fn compose() -> anyhow::Result<(Hub, Arc<Router>)> {
    let package = release("echo", &manifest("echo")?)?;
    let engine = Engine::new()?;
    let router = Router::new(CallLimits::default());
    for (id, isolation) in [("warm", Isolation::Warm), ("fresh", Isolation::Fresh)] {
        let shard = ShardEcho(engine.load(&package, OperatorGrant::default(), isolation).await?);
        let definitions = shard.definitions();
        router.publish("native", "native", definitions.clone(), Arc::new(NativeEcho));
        router.publish(id, id, definitions, Arc::new(shard));
    }
    Ok((Hub::bind(([127, 0, 0, 1], 0).into()).await?, router))
}

/// The comparison is fair only if everybody gives the same answer, what the call cost aside.
async fn same_answers(connection: &mut Connection, requests: &[Arc<Request>]) -> anyhow::Result<()> {
    let mut answers = Vec::new();
    for request in requests {
        let mut answer: Value = serde_json::from_slice(connection.call(request).await?)?;
        let result = answer.get_mut("result").and_then(Value::as_object_mut).context("an answer without a result")?;
        result.remove("_meta");
        answers.push(answer);
    }
    let first = answers.first();
    ensure!(answers.iter().all(|answer| Some(answer) == first), "the answers differ: {answers:?}");
    Ok(())
}

async fn in_turns(
    mut connections: Vec<Connection>,
    requests: &[Arc<Request>],
    effort: Effort,
) -> anyhow::Result<Vec<Row>> {
    let count = connections.len();
    let mut runs: Vec<Vec<Figures>> = vec![Vec::new(); requests.len()];
    // The first turn warms everything up and does not count.
    for turn in 0..=effort.rounds {
        for (request, runs) in requests.iter().zip(&mut runs) {
            let (returned, figures) = load::run(connections, request, effort.run).await?;
            connections = returned;
            if turn > 0 {
                runs.push(figures);
            }
        }
    }
    let native = runs.first().cloned().unwrap_or_default();
    Ok(SUBJECTS
        .iter()
        .zip(&runs)
        .map(|((_, what, target), runs)| Row {
            what: format!("tools/call over HTTP: {what}"),
            connections: Some(count),
            figures: Figures::median(runs),
            comparison: target.map(|target| Comparison::rate(runs, &native, target)),
        })
        .collect())
}
