//! `nexus serve`: MCP over standard input and output, or over HTTP on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use nexus_hub::{Health, Hub, HubSettings};
use nexus_mcp::{HttpSettings, serve_stdio};
use serde_json::{Map, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::compose::Host;
use crate::supervisor::{Status, Supervisor};
use crate::terminal::Terminal;

/// Options of `nexus serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nexus serve --stdio                      for a client that starts this program
  nexus serve --http 127.0.0.1:8081        for clients on this machine, at http://127.0.0.1:8081/mcp
  nexus serve --shards ./shards            watch this folder: a signed shard in it serves within a second")]
pub(crate) struct Serve {
    /// Speak over standard input and output
    #[arg(long, conflicts_with = "http")]
    stdio: bool,
    /// Listen here; loopback only [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// Watch this folder for shards [default: shards in the state folder]
    #[arg(long, value_name = "DIR")]
    shards: Option<PathBuf>,
}

impl Serve {
    pub(crate) async fn run(self, context: &Context, terminal: &mut Terminal) -> anyhow::Result<ExitCode> {
        let home = context.home()?;
        let config = context.config(&home)?;
        let (address, settings) = (self.http.unwrap_or(config.file.serve.http), config.file.serve.clone());
        // An address that cannot be had is said before anything is loaded.
        let hub = if self.stdio { None } else { Some(Hub::bind(address).await?) };
        let shutdown = CancellationToken::new();
        let signals = watch_signals(shutdown.clone())?;
        let host = Host::start(config, &home, self.shards.as_deref()).await?;
        let stopping = shutdown.clone();
        let announce = async move {
            stopping.cancelled().await;
            tracing::info!("stopping: calls in flight have {} to finish", humantime::format_duration(settings.grace));
        };
        let served = async {
            // However serving ends, the announcement above must not be waited for in vain.
            let _ended = shutdown.clone().drop_guard();
            let router = Arc::clone(&host.router);
            match hub {
                None => serve_stdio(router, Host::info(), settings.grace, &shutdown).await.map_err(anyhow::Error::from),
                Some(hub) => {
                    terminal.note(format_args!("listening on http://{}/mcp", hub.address()))?;
                    let mut mcp = HttpSettings::default();
                    mcp.allowed_origins.extend(settings.allowed_origins.iter().cloned());
                    let health = health(Arc::clone(&host.supervisor));
                    let edge = HubSettings { grace: settings.grace, mcp, health, ..HubSettings::default() };
                    hub.serve(router, Host::info(), edge, shutdown.clone()).await;
                    Ok(())
                }
            }
        };
        let (served, ()) = tokio::join!(served, announce);
        host.stop(settings.grace).await;
        drop(signals);
        served.map(|()| ExitCode::SUCCESS)
    }
}

/// What the host adds to `GET /health`.
fn health(supervisor: Arc<Supervisor>) -> Health {
    Arc::new(move || {
        let shards = supervisor.shards();
        let count = |chosen: fn(&Status) -> bool| shards.iter().filter(|status| chosen(status)).count();
        let circuits = shards.iter().filter_map(|status| {
            let circuits = status.serving.as_ref()?.shard.access().breakers();
            (!circuits.is_empty()).then(|| (status.wanted.name().to_string(), json!(circuits)))
        });
        let fields = json!({
            "shards": {
                "serving": count(|status| status.serving.is_some()),
                "failed": count(|status| status.problem.is_some()),
                "refused": supervisor.refusals().len(),
            },
            "circuits": circuits.collect::<Map<_, _>>(),
        });
        fields.as_object().cloned().unwrap_or_default()
    })
}

/// Cancels `shutdown` at the first SIGTERM or SIGINT. At the second, the process ends at once: somebody insists.
fn watch_signals(shutdown: CancellationToken) -> anyhow::Result<JoinSet<()>> {
    let mut signals = Signals::new().context("signals cannot be watched")?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        signals.next().await;
        shutdown.cancel();
        signals.next().await;
        std::process::exit(130);
    });
    Ok(tasks)
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
