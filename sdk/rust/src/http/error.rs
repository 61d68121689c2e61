//! Why a request brought nothing usable, and what a tool says then.

use crate::{ErrorKind, ToolError};

/// Why a request brought nothing usable. `?` makes a [`ToolError`] of it.
///
/// No variant holds a body or a path: what another system wrote, and what was asked of it, stays out of messages and logs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The host sent nothing, or got no answer.
    #[error("{0}")]
    Host(ToolError),
    /// The answer has a status other than 2xx.
    #[error("{origin} answered with status {status}")]
    Status {
        /// The host that answered.
        origin: String,
        /// Its status.
        status: u16,
    },
    /// The answer's body is not the JSON that was expected.
    #[error("the answer of {origin} is not what was expected: {fault} in line {line}, column {column}")]
    Answer {
        /// The host that answered.
        origin: String,
        /// What is wrong with the body.
        fault: &'static str,
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// The answer's body is not UTF-8 text.
    #[error("the answer of {origin} is not text")]
    Text {
        /// The host that answered.
        origin: String,
    },
    /// The request's body cannot be written as JSON.
    #[error("the request's body cannot be written as JSON")]
    Body,
    /// A value cannot be one segment of a path: it is empty, `.` or `..`.
    #[error("a value that is empty, `.` or `..` names nothing")]
    Segment,
}

impl Error {
    /// Stable across releases. For what the host refused, the host's own code, `http-denied` for instance.
    pub fn code(&self) -> &str {
        match self {
            Self::Host(error) => {
                error.data().get("code").and_then(|code| code.as_str()).unwrap_or_else(|| error.kind().code())
            }
            Self::Status { .. } => "http-status",
            Self::Answer { .. } | Self::Text { .. } => "http-answer",
            Self::Body => "http-body",
            Self::Segment => "http-segment",
        }
    }

    /// The status, when that is what is wrong.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Host(error) => error.kind(),
            Self::Status { status, .. } => kind_of(*status),
            Self::Answer { .. } | Self::Text { .. } => ErrorKind::Unavailable,
            Self::Body => ErrorKind::Internal,
            Self::Segment => ErrorKind::InvalidParams,
        }
    }
}

/// What a status means for the one who called the tool. 401 is a refusal of the operator's credentials, not of the caller.
fn kind_of(status: u16) -> ErrorKind {
    match status {
        400 | 409 | 422 => ErrorKind::InvalidParams,
        401 | 403 | 407 | 451 => ErrorKind::Denied,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        _ => ErrorKind::Unavailable,
    }
}

/// Whether the same request may be answered later: too early, too many, or a server's own trouble.
fn passes(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

impl From<Error> for ToolError {
    fn from(error: Error) -> Self {
        match error {
            Error::Host(error) => error,
            Error::Status { status, .. } => Self::new(error.kind(), error.to_string())
                .retryable(passes(status))
                .with("code", error.code())
                .with("status", status),
            _ => Self::new(error.kind(), error.to_string()).retryable(false).with("code", error.code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_decides_kind_and_retry() {
        for (status, kind, retryable) in [
            (302, ErrorKind::Unavailable, false),
            (400, ErrorKind::InvalidParams, false),
            (401, ErrorKind::Denied, false),
            (404, ErrorKind::NotFound, false),
            (408, ErrorKind::Timeout, true),
            (418, ErrorKind::Unavailable, false),
            (429, ErrorKind::Unavailable, true),
            (503, ErrorKind::Unavailable, true),
            (504, ErrorKind::Timeout, true),
        ] {
            let origin = "api.example.com".to_owned();
            let error = ToolError::from(Error::Status { origin, status });
            assert_eq!((error.kind(), error.is_retryable()), (kind, retryable), "{status}");
            assert_eq!(error.data()["status"], status);
            assert!(error.message().contains("api.example.com"));
        }
    }

    #[test]
    fn what_the_host_said_is_passed_on() {
        let denied = ToolError::denied("not granted").with("code", "destination-denied");
        let error = Error::Host(denied.clone());
        assert_eq!(error.code(), "destination-denied");
        assert_eq!(ToolError::from(error), denied);
        assert_eq!(Error::Host(ToolError::timeout("late")).code(), "timeout");
    }
}
