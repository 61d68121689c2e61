//! Connections: how many there are, how long they may dawdle, and how they end.
//!
//! hyper is driven directly, because `axum::serve` has no limit on connections, leaves Nagle's algorithm on (streamed replies
//! then stall about 44 ms), and cannot drop a connection that does not end by itself.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A client that has opened a connection has this long to send a request's head; an idle connection ends after it, too.
const HEAD: Duration = Duration::from_secs(30);
/// The pause after a failed `accept`: out of file descriptors does not get better at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Everything that is connected. Owns the connections' tasks.
pub(crate) struct Connections {
    tasks: TaskTracker,
    slots: Arc<Semaphore>,
    /// Cancelled: what is being answered is finished, then the connection closes.
    finish: CancellationToken,
    /// Cancelled: connections are dropped.
    drop: CancellationToken,
}

impl Connections {
    pub(crate) fn new(limit: usize, finish: CancellationToken) -> Self {
        Self {
            tasks: TaskTracker::new(),
            slots: Arc::new(Semaphore::new(limit)),
            finish,
            drop: CancellationToken::new(),
        }
    }

    /// Accepts connections until it is time to finish. At the limit, further ones wait in the system's queue.
    pub(crate) async fn accept(&self, listener: TcpListener, app: &axum::Router) {
        let accepting = async {
            loop {
                let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                    return;
                };
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let connection = serve(stream, app.clone(), self.finish.clone(), self.drop.clone());
                        self.tasks.spawn(async move {
                            connection.await;
                            drop(slot);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        };
        self.finish.run_until_cancelled(accepting).await;
    }

    /// Waits until every connection has closed, at most `patience`; drops those that have not.
    pub(crate) async fn end(self, patience: Duration) {
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "connections did not close in time and are dropped");
        }
        self.drop.cancel();
        self.tasks.wait().await;
    }
}

async fn serve(stream: TcpStream, app: axum::Router, finish: CancellationToken, drop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = finish.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                outcome = connection => outcome,
                () = drop.cancelled() => return,
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended with an error");
    }
}
