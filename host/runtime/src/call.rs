//! What one call answers, and the closed list of ways in which it can fail.

use std::time::Duration;

use serde_json::Value;
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use crate::bindings::v0_1::nexus::shard::types;

/// A tool's answer, parsed and within its size limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// MCP content blocks.
    pub content: Vec<Value>,
    /// Matches the tool's output schema, when it has one; that is the caller's to check.
    pub structured: Option<Value>,
    /// The shard tells of a failure in words.
    pub is_error: bool,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Measures {
    /// Fuel units burnt by the guest.
    pub fuel: u64,
    /// Wall-clock time from the guest's entry to its answer.
    pub duration: Duration,
    /// Requests that left the machine, retries included.
    pub attempts: u32,
}

/// The kind that a shard gives its own error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the contract documents them: `error-kind` in wit/nexus-shard")]
pub enum ShardErrorKind {
    InvalidParams,
    NotFound,
    Denied,
    Unavailable,
    Timeout,
    Cancelled,
    Internal,
}

/// An error that the shard itself answered. Its text is foreign: clean it before it reaches a terminal or a client.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardError {
    /// What kind of failure.
    pub kind: ShardErrorKind,
    /// The shard's sentence.
    pub message: String,
    /// More for machines.
    pub data: Option<Value>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

impl From<types::Error> for ShardError {
    fn from(error: types::Error) -> Self {
        Self {
            kind: match error.kind {
                types::ErrorKind::InvalidParams => ShardErrorKind::InvalidParams,
                types::ErrorKind::NotFound => ShardErrorKind::NotFound,
                types::ErrorKind::Denied => ShardErrorKind::Denied,
                types::ErrorKind::Unavailable => ShardErrorKind::Unavailable,
                types::ErrorKind::Timeout => ShardErrorKind::Timeout,
                types::ErrorKind::Cancelled => ShardErrorKind::Cancelled,
                types::ErrorKind::Internal => ShardErrorKind::Internal,
            },
            message: error.message,
            data: error.data.and_then(|data| serde_json::from_str(&data).ok()),
            retryable: error.retryable,
        }
    }
}

/// Why the host ended a call. The codes are stable and documented.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureCode {
    /// The CPU budget is used up.
    FuelExhausted,
    /// The wall-clock time is over.
    DeadlineExceeded,
    /// The instance asked for more memory than it may have.
    MemoryExceeded,
    /// The arguments or the result are larger than they may be.
    TooLarge,
    /// Every instance is busy and enough calls wait already.
    Busy,
    /// The guest trapped: a panic, an out-of-bounds access, endless recursion, an exit.
    Trapped,
    /// The guest answered something that is not what the contract asks for.
    InvalidResult,
    /// A fresh instance did not start.
    InstanceFailed,
    /// The caller gave the call up.
    Cancelled,
}

impl FailureCode {
    /// The code as clients and logs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FuelExhausted => "fuel-exhausted",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::MemoryExceeded => "memory-exceeded",
            Self::TooLarge => "too-large",
            Self::Busy => "busy",
            Self::Trapped => "trapped",
            Self::InvalidResult => "invalid-result",
            Self::InstanceFailed => "instance-failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallFailure {
    /// The shard answered an error.
    #[error("{}", .0.message)]
    Shard(ShardError),
    /// The host ended the call. The sentence is safe to show: it holds nothing of the guest's.
    #[error("{message}")]
    Ended {
        /// Which limit or fault.
        code: FailureCode,
        /// What happened, for people.
        message: String,
    },
}

impl CallFailure {
    pub(crate) fn ended(code: FailureCode, message: impl Into<String>) -> Self {
        Self::Ended { code, message: message.into() }
    }

    /// What a guest's error from wasmtime means. `memory_refused` says that growth was denied in this call: allocators
    /// answer that with a trap of their own.
    pub(crate) fn of(error: &wasmtime::Error, memory_refused: bool) -> Self {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Self::ended(FailureCode::Trapped, format!("the shard ended itself with exit status {}", exit.0));
        }
        let trap = error.downcast_ref::<Trap>();
        match trap {
            Some(Trap::OutOfFuel) => Self::ended(
                FailureCode::FuelExhausted,
                "the call used up its fuel, which bounds how long a shard may compute",
            ),
            _ if memory_refused => {
                Self::ended(FailureCode::MemoryExceeded, "the shard asked for more memory than it may have")
            }
            Some(Trap::StackOverflow) => Self::ended(FailureCode::Trapped, "the shard recursed too deep"),
            Some(trap) => Self::ended(FailureCode::Trapped, format!("the shard trapped: {trap}")),
            // wasmtime's own error type for this is private; its text is all there is. A test holds us to it.
            None if format!("{error:#}").contains("fuel allocated for hostcalls has been exhausted") => {
                Self::ended(FailureCode::TooLarge, "the shard handed over more data than it may")
            }
            None => Self::ended(FailureCode::Trapped, "the shard broke the contract and was stopped"),
        }
    }
}
