//! How a tool says no: a kind that machines act on, and a sentence for the model.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::bindings::nexus::shard::types;

pub use crate::bindings::nexus::shard::types::ErrorKind;

/// What a tool returns: its result, or a [`ToolError`].
pub type ToolResult<T> = Result<T, ToolError>;

impl ErrorKind {
    /// The kind's name in the contract, stable across releases.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidParams => "invalid-params",
            Self::NotFound => "not-found",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// A failure of a tool, as the model and people see it.
///
/// The message says what happened, why, and what to do next. Never put a secret or a body of another system in it.
///
/// ```
/// use nexus_shard::prelude::*;
///
/// let error = ToolError::not_found("no parcel has this number; check it for a typing error")
///     .with("tracking_number", "794612345678");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert!(!error.is_retryable());
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    kind: ErrorKind,
    message: String,
    data: Box<Map<String, Value>>,
    retryable: bool,
}

impl ToolError {
    /// A failure of `kind`. [`ErrorKind::Unavailable`] and [`ErrorKind::Timeout`] are retryable until
    /// [`retryable`](Self::retryable) says otherwise; the other kinds are not.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            data: Box::default(),
            retryable: matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout),
        }
    }

    /// The arguments have the right shape and still cannot be served: a date in the past, an identifier that is no such thing.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidParams, message)
    }

    /// What was asked for does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// The shard or a system behind it refuses this.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, message)
    }

    /// A system behind the shard does not answer. Say [`retryable(false)`](Self::retryable) when a setting is missing.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// The time for this call, or for one request in it, is over.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, message)
    }

    /// The client gave the call up.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Cancelled, message)
    }

    /// A fault in the shard itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Adds one key for machines. A value that cannot be written as JSON becomes null.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        self.data.insert(key.into(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// Says whether the same call may succeed later without a change.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The sentence for the model.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What machines get besides.
    pub fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    /// Whether the same call may succeed later without a change.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }
}

impl From<ToolError> for types::Error {
    fn from(error: ToolError) -> Self {
        Self {
            kind: error.kind,
            message: error.message,
            data: (!error.data.is_empty()).then(|| Value::Object(*error.data).to_string()),
            retryable: error.retryable,
        }
    }
}

impl From<types::Error> for ToolError {
    fn from(error: types::Error) -> Self {
        let data = error.data.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self { kind: error.kind, message: error.message, data, retryable: error.retryable }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn crosses_the_boundary_and_back_unchanged() {
        let error = ToolError::unavailable("the carrier is down").with("code", "circuit-open");
        let crossed = types::Error::from(error.clone());
        assert_eq!(crossed.data.as_deref(), Some(r#"{"code":"circuit-open"}"#));
        assert_eq!(ToolError::from(crossed), error);
    }

    #[test]
    fn has_no_data_when_none_was_given() {
        assert_eq!(types::Error::from(ToolError::denied("no")).data, None);
    }

    #[test]
    fn only_what_may_pass_by_itself_is_retryable() {
        assert!(ToolError::timeout("late").is_retryable());
        assert!(ToolError::unavailable("down").is_retryable());
        assert!(!ToolError::unavailable("no key is set").retryable(false).is_retryable());
        assert!(!ToolError::internal("a fault").is_retryable());
    }

    #[test]
    fn data_that_is_no_object_is_dropped() {
        let crossed = types::Error {
            kind: ErrorKind::Denied,
            message: "no".to_owned(),
            data: Some(json!([1]).to_string()),
            retryable: false,
        };
        assert!(ToolError::from(crossed).data().is_empty());
    }
}
