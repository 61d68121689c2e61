//! Telling clients that the list of tools has changed: one waiter per session or subscription.
//!
//! The router's counter is a watch, so any number of changes while a client is slow become one notification, and a client
//! that reads nothing holds up its own waiter and nobody else.

use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Legacy era: notifies the session of `peer` until it is over.
pub(crate) async fn announce(mut changes: watch::Receiver<u64>, peer: Peer<RoleServer>, over: CancellationToken) {
    let work = async {
        while changes.changed().await.is_ok() {
            if peer.notify_tool_list_changed().await.is_err() {
                break;
            }
        }
    };
    over.run_until_cancelled(work).await;
}

/// Modern era: notifies one `subscriptions/listen` until the client ends it or the host stops.
pub(crate) async fn listen(
    mut changes: watch::Receiver<u64>,
    subscription: &SubscriptionContext,
    stopping: &CancellationToken,
) {
    let work = async {
        while changes.changed().await.is_ok() {
            if subscription.sink().notify_tool_list_changed().await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = subscription.cancelled() => {}
        () = stopping.cancelled() => {}
    }
}
