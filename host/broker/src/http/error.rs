//! Why a request got no response.
//!
//! The sentence of every variant is shown to the shard and so, perhaps, to a model: it says what to do next and never holds a
//! secret, a body or a resolved address. The codes are stable and listed in this crate's README.

use std::time::Duration;

use http::Method;

/// What kind of failure an [`HttpError`] is: one of the four of the contract's `http.send`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HttpErrorKind {
    /// Not declared or not granted; nothing left the machine.
    Denied,
    /// The time for the request is over.
    Timeout,
    /// No answer, the circuit breaker is open, or a credential is missing.
    Unavailable,
    /// Not a request that can be sent, or past a limit.
    InvalidParams,
}

/// Why [`crate::ShardAccess::send`] has no response. A status of 4xx or 5xx is a response, not one of these.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HttpError {
    /// No granted destination covers this URL.
    #[error("{destination} is not granted to this shard; the operator can grant what its manifest declares")]
    DestinationNotGranted {
        /// Scheme, host and port.
        destination: String,
        /// Whether the manifest declares it, so that only the operator's grant is missing.
        declared: bool,
    },
    /// The destination is granted, this method on it is not.
    #[error("{method} is not granted for {destination}")]
    MethodNotGranted {
        /// The method that was asked for.
        method: Method,
        /// Scheme, host and port.
        destination: String,
    },
    /// The destination needs an authentication profile that the operator did not grant.
    #[error("{destination} needs the credentials of profile `{profile}`, which the operator has not granted")]
    ProfileNotGranted {
        /// The profile's name in the manifest.
        profile: String,
        /// Scheme, host and port.
        destination: String,
    },
    /// The host is, or resolves to nothing but, addresses that are not public and not listed by the operator.
    #[error("{destination} is at an address that is not public, which the operator has not listed for this shard")]
    AddressForbidden {
        /// Scheme, host and port.
        destination: String,
    },
    /// A redirect leads to a place that is not granted, or there were too many of them.
    #[error("a redirect was not followed: {reason}")]
    RedirectRefused {
        /// What was wrong with it.
        reason: String,
        /// Scheme, host and port of where it leads, when that is a destination that a grant could name.
        destination: Option<String>,
    },
    /// No such URL, method or header, or a header that is not the shard's to set.
    #[error("not a request that can be sent: {0}")]
    InvalidRequest(String),
    /// The request's body or headers are past their limit.
    #[error("the request is too large: {what} are limited to {limit}")]
    RequestTooLarge {
        /// What is limited.
        what: &'static str,
        /// Bytes, or a count of headers.
        limit: usize,
    },
    /// The response's body or headers are past their limit.
    #[error("the response is too large: {what} are limited to {limit}; ask for fewer items or fields")]
    ResponseTooLarge {
        /// What is limited.
        what: &'static str,
        /// Bytes, or a count of headers.
        limit: usize,
    },
    /// This call sent as many requests as one call may.
    #[error("this call has sent {limit} requests, which is the limit for one call")]
    RequestLimit {
        /// Requests per call.
        limit: u32,
    },
    /// This call sent as many bytes as one call may.
    #[error("this call has sent as many bytes as one call may: {limit}")]
    VolumeLimit {
        /// Bytes per call.
        limit: u64,
    },
    /// The time for all attempts together is over.
    #[error("{destination} did not answer in time")]
    Timeout {
        /// Scheme, host and port.
        destination: String,
    },
    /// No connection, or it ended before the response was whole.
    #[error("{destination} could not be reached: {cause}")]
    ConnectFailed {
        /// Scheme, host and port.
        destination: String,
        /// What the network said.
        cause: String,
    },
    /// The destination failed so often that the broker waits before it asks again.
    #[error("{destination} failed repeatedly and is not called for another {} s", seconds(*.retry_in))]
    CircuitOpen {
        /// Scheme, host and port.
        destination: String,
        /// Time until the next request may pass.
        retry_in: Duration,
    },
    /// The operator gave no value for a secret that the profile needs.
    #[error("the credentials of profile `{profile}` are missing: the operator sets {}", .secrets.join(" and "))]
    CredentialsMissing {
        /// The profile's name in the manifest.
        profile: String,
        /// Names of the secrets that have no value.
        secrets: Vec<String>,
    },
    /// The token endpoint refused the credentials.
    #[error("the credentials of profile `{profile}` were refused with status {status}; the operator checks {}", .secrets.join(" and "))]
    CredentialsRefused {
        /// The profile's name in the manifest.
        profile: String,
        /// Status of the token endpoint's answer.
        status: u16,
        /// Names of the secrets that were sent.
        secrets: Vec<String>,
    },
    /// The token endpoint gave no token, for another reason than the credentials.
    #[error("no token for profile `{profile}`: {cause}")]
    TokenEndpointUnavailable {
        /// The profile's name in the manifest.
        profile: String,
        /// What was wrong, without the endpoint's body.
        cause: String,
    },
    /// This machine cannot make TLS connections.
    #[error("this host cannot make HTTPS connections: {0}")]
    TlsUnavailable(String),
}

impl HttpError {
    /// Stable across releases; documented in this crate's README.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DestinationNotGranted { .. } => "destination-not-granted",
            Self::MethodNotGranted { .. } => "method-not-granted",
            Self::ProfileNotGranted { .. } => "profile-not-granted",
            Self::AddressForbidden { .. } => "address-forbidden",
            Self::RedirectRefused { .. } => "redirect-refused",
            Self::InvalidRequest(_) => "invalid-request",
            Self::RequestTooLarge { .. } => "request-too-large",
            Self::ResponseTooLarge { .. } => "response-too-large",
            Self::RequestLimit { .. } => "request-limit",
            Self::VolumeLimit { .. } => "volume-limit",
            Self::Timeout { .. } => "timeout",
            Self::ConnectFailed { .. } => "connect-failed",
            Self::CircuitOpen { .. } => "circuit-open",
            Self::CredentialsMissing { .. } => "credentials-missing",
            Self::CredentialsRefused { .. } => "credentials-refused",
            Self::TokenEndpointUnavailable { .. } => "token-endpoint-unavailable",
            Self::TlsUnavailable(_) => "tls-unavailable",
        }
    }

    /// The contract's kind of failure.
    pub fn kind(&self) -> HttpErrorKind {
        match self {
            Self::DestinationNotGranted { .. }
            | Self::MethodNotGranted { .. }
            | Self::ProfileNotGranted { .. }
            | Self::AddressForbidden { .. }
            | Self::RedirectRefused { .. } => HttpErrorKind::Denied,
            Self::InvalidRequest(_)
            | Self::RequestTooLarge { .. }
            | Self::RequestLimit { .. }
            | Self::VolumeLimit { .. } => HttpErrorKind::InvalidParams,
            Self::Timeout { .. } => HttpErrorKind::Timeout,
            Self::ResponseTooLarge { .. }
            | Self::ConnectFailed { .. }
            | Self::CircuitOpen { .. }
            | Self::CredentialsMissing { .. }
            | Self::CredentialsRefused { .. }
            | Self::TokenEndpointUnavailable { .. }
            | Self::TlsUnavailable(_) => HttpErrorKind::Unavailable,
        }
    }

    /// Whether the same request may succeed later without a change.
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. }
                | Self::ConnectFailed { .. }
                | Self::CircuitOpen { .. }
                | Self::TokenEndpointUnavailable { .. }
        )
    }

    /// How long to wait before the next try, where the broker knows.
    pub fn retry_in(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen { retry_in, .. } => Some(*retry_in),
            _ => None,
        }
    }

    /// The destination and what an operator may do, when a grant is what is missing.
    pub(crate) fn missing_grant(&self) -> Option<(&str, &'static str)> {
        match self {
            Self::DestinationNotGranted { destination, declared: true } => Some((
                destination,
                "the manifest declares it: grant it with `nexus install`, or `grant = \"declared\"` for this shard in nexus.toml",
            )),
            Self::DestinationNotGranted { destination, declared: false } => {
                Some((destination, "the manifest does not declare it, so it cannot be granted: ask the shard's author"))
            }
            Self::MethodNotGranted { destination, .. } => Some((
                destination,
                "add the method to the destination's rule in nexus.toml, if the manifest declares it",
            )),
            Self::ProfileNotGranted { destination, .. } => {
                Some((destination, "grant the profile to this shard in nexus.toml, or with `nexus install`"))
            }
            Self::AddressForbidden { destination } => Some((
                destination,
                "list the address under `private_addresses` of this shard in nexus.toml, if it is meant",
            )),
            Self::RedirectRefused { destination: Some(destination), .. } => Some((
                destination,
                "a granted destination redirects there: grant it too, if the manifest declares it and it is meant",
            )),
            _ => None,
        }
    }
}

/// Whole seconds, rounded up, so that a hint never says 0 while the wait goes on.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
