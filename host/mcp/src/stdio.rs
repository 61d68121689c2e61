//! MCP over stdin and stdout, one JSON message a line; stdout carries nothing else.
//!
//! The end is orderly: when stdin closes or the host is told to stop, no more is read, the requests that were read are
//! answered within the grace time (after it they are cancelled, and that is answered), the answers are flushed, and then
//! [`serve_stdio`] returns. A line that is not JSON is skipped, one that is not a message is answered `-32600`, one above
//! 10 MiB is dropped unread: none of them ends the host.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::ServiceExt;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::service::{RoleServer, ServerInitializeError};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::router::Router;
use crate::server::{Server, ServerInfo, Shared};

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 10 * 1024 * 1024;
/// Requests that are read but not answered. At the limit nothing more is read: a client that does not read our answers waits for itself.
const MAX_UNANSWERED: usize = 1024;
/// How long the last answers may take to be written, after the grace time.
const FLUSH: Duration = Duration::from_secs(3);

/// Why the session could not be served.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// The client opened the session in a way that no protocol version allows, or stdout could not be written.
    #[error("the client's opening failed")]
    Opening(#[source] Box<ServerInitializeError>),
    /// The session's task failed.
    #[error("the session ended abnormally")]
    Session(#[source] tokio::task::JoinError),
}

impl StdioError {
    /// Stable across releases.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Opening(_) => "stdio-opening-failed",
            Self::Session(_) => "stdio-session-failed",
        }
    }
}

/// Serves one client on stdin and stdout until stdin closes or `shutdown` is cancelled; see the module's header. The end of
/// stdin cancels `shutdown`, so that the host learns of it while calls in flight finish.
///
/// The thread that reads stdin cannot be interrupted: end the runtime with `shutdown_background`.
///
/// # Errors
/// [`StdioError`]. A client that leaves, at whatever point, is no error.
pub async fn serve_stdio(
    router: Arc<Router>,
    info: ServerInfo,
    grace: Duration,
    shutdown: &CancellationToken,
) -> Result<(), StdioError> {
    serve_stream(router, info, (tokio::io::stdin(), tokio::io::stdout()), grace, shutdown).await
}

/// [`serve_stdio`] on any pair of byte streams.
///
/// # Errors
/// As [`serve_stdio`].
pub async fn serve_stream<R, W>(
    router: Arc<Router>,
    info: ServerInfo,
    (read, write): (R, W),
    grace: Duration,
    shutdown: &CancellationToken,
) -> Result<(), StdioError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let shared = Shared::new(router, info, shutdown.clone(), CancellationToken::new());
    let lines = Lines {
        inner: AsyncRwTransport::new_server(read, write).with_max_line_length(MAX_LINE),
        shared: Arc::clone(&shared),
        unanswered: Arc::default(),
        grace,
        opened: false,
        deadline: None,
    };
    let session = async {
        match Server::new(Arc::clone(&shared)).serve(lines).await {
            Ok(running) => running.waiting().await.map(drop).map_err(StdioError::Session),
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(StdioError::Opening(Box::new(error))),
        }
    };
    let outcome = tokio::select! {
        outcome = session => outcome,
        () = overdue(&shared, grace) => {
            tracing::warn!("the client does not read; the last answers are lost");
            Ok(())
        }
    };
    shared.stopping.cancel();
    shared.tasks.close();
    shared.tasks.wait().await;
    outcome
}

/// Waits until everything should long be over: a client that does not read its answers must not keep the host.
async fn overdue(shared: &Shared, grace: Duration) {
    shared.stopping.cancelled().await;
    tokio::time::sleep(grace + FLUSH).await;
}

/// rmcp's line transport, which knows what is unanswered and ends only when that is answered.
///
/// rmcp itself would drain for a fixed five seconds after the end of its input.
struct Lines<R: AsyncRead, W: AsyncWrite> {
    inner: AsyncRwTransport<RoleServer, R, W>,
    shared: Arc<Shared>,
    unanswered: Arc<Unanswered>,
    grace: Duration,
    opened: bool,
    /// Set when nothing more is read.
    deadline: Option<Instant>,
}

#[derive(Default)]
struct Unanswered {
    ids: Mutex<HashSet<RequestId>>,
    fewer: Notify,
}

impl Unanswered {
    fn change<T>(&self, edit: impl FnOnce(&mut HashSet<RequestId>) -> T) -> T {
        edit(&mut self.ids.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn remove(&self, id: &RequestId) {
        if self.change(|ids| ids.remove(id)) {
            self.fewer.notify_waiters();
        }
    }

    /// Waits until fewer than `limit` requests are unanswered.
    async fn below(&self, limit: usize) {
        loop {
            let mut fewer = std::pin::pin!(self.fewer.notified());
            fewer.as_mut().enable();
            if self.change(|ids| ids.len()) < limit {
                return;
            }
            fewer.await;
        }
    }
}

impl<R, W> Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    /// The next message that the session should see; `None` when the client is gone. Safe to drop: rmcp does, all the time.
    async fn next(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            self.unanswered.below(MAX_UNANSWERED).await;
            let message = self.inner.receive().await?;
            match &message {
                JsonRpcMessage::Request(request) => {
                    self.opened = true;
                    self.unanswered.change(|ids| ids.insert(request.id.clone()));
                }
                // rmcp takes anything but a request as an opening for a reason to end; a stray line is not one.
                _ if !self.opened => continue,
                // rmcp drops the answer to a cancelled request.
                JsonRpcMessage::Notification(notification) => {
                    if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                        && let Some(id) = &cancelled.params.request_id
                    {
                        self.unanswered.remove(id);
                    }
                }
                _ => {}
            }
            return Some(message);
        }
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = std::io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let answered = match &message {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        let unanswered = Arc::clone(&self.unanswered);
        let sent = self.inner.send(message);
        async move {
            let outcome = sent.await;
            if let Some(id) = answered {
                unanswered.remove(&id);
            }
            outcome
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let shared = Arc::clone(&self.shared);
        if self.deadline.is_none() {
            if let Some(Some(message)) = shared.stopping.run_until_cancelled(self.next()).await {
                return Some(message);
            }
            // Subscriptions end now; calls go on.
            shared.stopping.cancel();
        }
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + self.grace);
        if tokio::time::timeout_at(deadline, self.unanswered.below(1)).await.is_err() {
            tracing::warn!("calls in flight did not finish within the grace time and are cancelled");
            shared.stopped.cancel();
        }
        None
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

#[cfg(test)]
mod tests;
