//! What came back, read within limits and cleared of credentials.
//!
//! The server chose every length here. Bytes are counted as they arrive and reading stops at the limit, whatever
//! `content-length` claims. A server that answers with what it was sent (an echo, an error page that quotes the request) would
//! hand the shard its own credential: every literal occurrence of what the broker attached, and of the secrets behind it, is
//! overwritten. An encoded or compressed echo is not found; the destinations that get credentials are the operator's choice.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

use super::{client::network_failure, egress::EgressGrant, error::HttpError, request::header_bytes};

/// Most headers of one response.
const HEADERS: usize = 128;

/// Most bytes of all their names and values.
const HEADER_BYTES: usize = 64 << 10;

/// Headers between two machines (RFC 9110 §7.6.1), and cookies: a session is a credential, and those stay in the host.
const DROPPED: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What stands where a credential stood.
const REDACTED: &[u8] = b"[redacted]";

/// Shortest credential that is looked for. A shorter one would be found by chance in most answers.
const SHORTEST_SECRET: usize = 6;

/// The response to a shard's request, whatever its status.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The status of the last answer.
    pub status: StatusCode,
    /// Its headers, without those of the connection and without cookies.
    pub headers: HeaderMap,
    /// Its body, at most [`crate::BrokerSettings::response_bytes`], not decompressed.
    pub body: Bytes,
    /// How many times the request was sent; 1 when nothing had to be repeated.
    pub attempts: u32,
}

/// One attempt's response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads a response to its end, or to the limit.
    ///
    /// # Errors
    /// [`HttpError::ResponseTooLarge`], [`HttpError::ConnectFailed`] when it ends early, [`HttpError::Timeout`].
    pub(crate) async fn read(
        mut response: reqwest::Response,
        limit: usize,
        grant: &EgressGrant,
    ) -> Result<Self, HttpError> {
        let mut headers = std::mem::take(response.headers_mut());
        if headers.len() > HEADERS {
            return Err(HttpError::ResponseTooLarge { what: "its headers", limit: HEADERS });
        }
        if header_bytes(&headers) > HEADER_BYTES {
            return Err(HttpError::ResponseTooLarge { what: "bytes of its headers", limit: HEADER_BYTES });
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| network_failure(&error, grant))? {
            if chunk.len() > limit - body.len() {
                return Err(HttpError::ResponseTooLarge { what: "bytes of its body", limit });
            }
            body.extend_from_slice(&chunk);
        }
        for name in DROPPED {
            headers.remove(name);
        }
        Ok(Self { status: response.status(), headers, body: body.freeze() })
    }

    /// Overwrites every occurrence of `secret`.
    pub(crate) fn hide(&mut self, secret: &SecretString) {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < SHORTEST_SECRET {
            return;
        }
        if let Some(hidden) = hidden(&self.body, secret) {
            self.body = hidden.into();
            self.headers.remove(header::CONTENT_LENGTH);
        }
        for value in self.headers.values_mut() {
            if let Some(hidden) = hidden(value.as_bytes(), secret) {
                *value = HeaderValue::from_bytes(&hidden).unwrap_or(HeaderValue::from_static("[redacted]"));
            }
        }
    }
}

/// `text` with `secret` overwritten, when it is in there.
fn hidden(text: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let mut hidden = Vec::new();
    let mut rest = text;
    while let Some(found) = memmem::find(rest, secret) {
        let (before, from) = rest.split_at(found);
        hidden.extend_from_slice(before);
        hidden.extend_from_slice(REDACTED);
        rest = from.split_at(secret.len()).1;
    }
    if rest.len() == text.len() {
        return None;
    }
    hidden.extend_from_slice(rest);
    Some(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &'static str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("x-echo", "Bearer s3cr3t-token".parse().unwrap());
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        Answer { status: StatusCode::OK, headers, body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn overwrites_a_credential_wherever_it_is_echoed() {
        let mut answer = answer("a s3cr3t-token b s3cr3t-tokens3cr3t-token");
        answer.hide(&SecretString::from("s3cr3t-token"));
        assert_eq!(answer.body, "a [redacted] b [redacted][redacted]");
        assert_eq!(answer.headers.get("x-echo").unwrap(), "Bearer [redacted]");
        assert!(!answer.headers.contains_key(header::CONTENT_LENGTH));
    }

    #[test]
    fn leaves_other_answers_as_they_are() {
        let mut answer = answer("nothing in here");
        answer.hide(&SecretString::from("absent-secret"));
        answer.hide(&SecretString::from("in"));
        assert_eq!(answer.body, "nothing in here");
        assert_eq!(answer.headers.get(header::CONTENT_LENGTH).unwrap(), "15");
    }
}
