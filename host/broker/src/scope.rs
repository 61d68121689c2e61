//! One tool call, as the broker sees it: its deadline, what it has used, what it was refused.
//!
//! A shard that runs wild floods what it can reach: requests, bytes, log lines, refusals that each make a warning. All of them
//! are counted here, for one call.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use nexus_package::ShardName;
use tokio::time::Instant;

use crate::http::{egress::Origin, error::HttpError};

/// One call's counters and deadline. The runtime makes one for each call and drops it when the call is over.
#[derive(Debug)]
pub struct CallScope {
    call_id: String,
    deadline: Instant,
    tally: Mutex<Tally>,
}

/// What a call has used so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Requests that the shard asked for, refused ones included.
    pub requests: u32,
    /// Sends to the outside: retries, redirects and token requests included.
    pub sends: u32,
    /// Bytes of bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// Log lines written.
    pub log_lines: u32,
    /// Log lines dropped, past the limit.
    pub log_lines_dropped: u32,
    /// Scheme, host and port of every destination that was granted and asked.
    pub destinations: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Tally {
    usage: Usage,
    refused: BTreeSet<String>,
    dropped_by: Option<ShardName>,
}

impl CallScope {
    /// Begins a call. Nothing in it outlasts `deadline`.
    pub fn new(call_id: impl Into<String>, deadline: Instant) -> Self {
        Self { call_id: call_id.into(), deadline, tally: Mutex::default() }
    }

    /// Names this call in logs.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// When the call is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What it has used so far.
    pub fn usage(&self) -> Usage {
        self.tally().usage.clone()
    }

    /// Counts a request that the shard asks for.
    ///
    /// # Errors
    /// [`HttpError::RequestLimit`] when the call has had as many as it may.
    pub(crate) fn begin_request(&self, limit: u32) -> Result<(), HttpError> {
        let usage = &mut self.tally().usage;
        if usage.requests >= limit {
            return Err(HttpError::RequestLimit { limit });
        }
        usage.requests += 1;
        Ok(())
    }

    /// Counts one send with a body of `bytes`.
    ///
    /// # Errors
    /// [`HttpError::VolumeLimit`] when the call would have sent more than `limit`.
    pub(crate) fn send_bytes(&self, bytes: usize, limit: u64) -> Result<(), HttpError> {
        let usage = &mut self.tally().usage;
        let total = usage.bytes_sent.saturating_add(bytes.try_into().unwrap_or(u64::MAX));
        if total > limit {
            return Err(HttpError::VolumeLimit { limit });
        }
        usage.bytes_sent = total;
        usage.sends = usage.sends.saturating_add(1);
        Ok(())
    }

    pub(crate) fn received_bytes(&self, bytes: usize) {
        let usage = &mut self.tally().usage;
        usage.bytes_received = usage.bytes_received.saturating_add(bytes.try_into().unwrap_or(u64::MAX));
    }

    pub(crate) fn reaches(&self, origin: &Origin) {
        self.tally().usage.destinations.insert(origin.to_string());
    }

    /// Tells the operator, once for each destination of this call, that a grant is missing, and what would grant it.
    pub(crate) fn warn_refused(&self, shard: &ShardName, error: &HttpError) {
        let Some((destination, remedy)) = error.missing_grant() else {
            return;
        };
        if self.tally().refused.insert(destination.to_owned()) {
            tracing::warn!(%shard, call = self.call_id, destination, code = error.code(), remedy, "a request to {destination} was refused");
        }
    }

    /// Counts a log line of `shard`; false when it is past the limit and must be dropped.
    pub(crate) fn admit_line(&self, shard: &ShardName, limit: u32) -> bool {
        let mut tally = self.tally();
        let admitted = tally.usage.log_lines < limit;
        if admitted {
            tally.usage.log_lines += 1;
        } else {
            tally.usage.log_lines_dropped = tally.usage.log_lines_dropped.saturating_add(1);
            tally.dropped_by.get_or_insert_with(|| shard.clone());
        }
        admitted
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CallScope {
    /// Says once how many log lines were dropped.
    fn drop(&mut self) {
        let tally = self.tally();
        if let Some(shard) = &tally.dropped_by {
            let dropped = tally.usage.log_lines_dropped;
            tracing::warn!(target: "shard", %shard, call = self.call_id, dropped, "dropped {dropped} log lines past the limit of a call");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> CallScope {
        CallScope::new("call-1", Instant::now())
    }

    #[test]
    fn ends_requests_at_their_limit() {
        let scope = scope();
        assert!(scope.begin_request(2).is_ok() && scope.begin_request(2).is_ok());
        assert_eq!(scope.begin_request(2).unwrap_err().code(), "request-limit");
        assert_eq!(scope.usage().requests, 2);
    }

    #[test]
    fn ends_sending_at_its_volume() {
        let scope = scope();
        assert!(scope.send_bytes(6, 10).is_ok());
        assert_eq!(scope.send_bytes(5, 10).unwrap_err().code(), "volume-limit");
        assert!(scope.send_bytes(4, 10).is_ok());
        assert_eq!((scope.usage().bytes_sent, scope.usage().sends), (10, 2));
    }
}
