//! A request of a shard's to a vendor, through the broker, against the same request by the same client library.

use std::sync::Arc;

use anyhow::ensure;
use nexus_broker::OperatorGrant;
use nexus_runtime::Shard;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Effort;
use crate::figures::Figures;
use crate::publisher::{Engine, Isolation, release};
use crate::report::{Comparison, Row};
use crate::vendor::{self, Vendor};

/// The fixture with one tool that sends what it is told to: here with a destination and without credentials.
const MANIFEST: &str = r#"
[shard]
name = "test:misbehave"
version = "1.0.0"
description = "Sends a request to its vendor"
license = "Apache-2.0"
contract = "0.1"
[config.VENDOR_URL]
type = "url"
[[http]]
url = "{config:VENDOR_URL}"
methods = ["GET"]
"#;

/// Measures both in turns, one request after the other, on a warm instance and a warm connection.
///
/// # Errors
/// When the shard has not been built, or a request fails.
pub(crate) fn measure(server: &Runtime, effort: Effort) -> anyhow::Result<Vec<Row>> {
    server.block_on(async {
        let vendor = Vendor::open().await?;
        let url = format!("http://{}", vendor.address);
        let grant = OperatorGrant {
            config: [("VENDOR_URL".to_owned(), url.clone())].into(),
            private_addresses: vec!["127.0.0.1".parse()?],
            ..OperatorGrant::default()
        };
        let shard = Engine::new()?.load(&release("misbehave", MANIFEST)?, grant, Isolation::Warm).await?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let (mut brokered, mut direct) = (Vec::new(), Vec::new());
        for turn in 0..=effort.rounds {
            let by_client = run(effort, async || ask(&client, &url).await).await?;
            let by_shard = run(effort, async || dial(&shard, &url).await).await?;
            if turn > 0 {
                direct.push(by_client);
                brokered.push(by_shard);
            }
        }
        shard.close().await;
        let row = |what: &str, runs: &[Figures], comparison| Row {
            what: format!("HTTP request to a vendor: {what}"),
            connections: Some(1),
            figures: Figures::median(runs),
            comparison,
        };
        Ok(vec![
            row("reqwest alone", &direct, None),
            row("from the guest, brokered", &brokered, Some(Comparison::time(&brokered, &direct, 1.6))),
        ])
    })
}

async fn ask(client: &reqwest::Client, url: &str) -> anyhow::Result<()> {
    let body = client.get(url).send().await?.error_for_status()?.bytes().await?;
    ensure!(body == vendor::BODY, "the vendor answered {body:?}");
    Ok(())
}

async fn dial(shard: &Arc<Shard>, url: &str) -> anyhow::Result<()> {
    let arguments = json!({ "url": url }).to_string();
    let (answer, _) = shard.call("call-1", "dial", arguments, &CancellationToken::new()).await;
    let structured = answer?.structured.unwrap_or_default();
    ensure!(structured.get("body").and_then(Value::as_str) == Some(vendor::BODY), "the shard answered {structured}");
    Ok(())
}

async fn run(effort: Effort, request: impl AsyncFn() -> anyhow::Result<()>) -> anyhow::Result<Figures> {
    let mut latencies = Vec::new();
    let started = Instant::now();
    let mut sent = started;
    while sent.duration_since(started) < effort.run {
        request().await?;
        let answered = Instant::now();
        latencies.push(answered - sent);
        sent = answered;
    }
    Ok(Figures::of(latencies, started.elapsed()))
}
