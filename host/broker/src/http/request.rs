//! What a shard asks to send, and what of it is the shard's to say.
//!
//! A header can be a way around a check: `host` names another site to a shared server, `transfer-encoding` smuggles a second
//! request, `x-http-method-override` turns a granted POST into a DELETE, `authorization` and `cookie` are credentials, which
//! belong to profiles. Those are refused, not dropped, so that an author learns of it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};

use super::{egress::TargetUrl, error::HttpError};
use crate::settings::BrokerSettings;

/// Most headers of one request.
const HEADERS: usize = 64;

/// Most bytes of all their names and values.
const HEADER_BYTES: usize = 16 << 10;

/// Headers that the broker or the protocol sets.
const REFUSED: [&str; 18] = [
    "authorization",
    "connection",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// One request, as a shard asks for it.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: Method,
    /// Absolute: `https://host/path?query`, at most 8 KiB.
    pub url: String,
    /// At most 64 headers of 16 KiB in all, none that belongs to the broker.
    pub headers: HeaderMap,
    /// At most [`BrokerSettings::request_bytes`]; empty for none.
    pub body: Bytes,
    /// For all attempts together; the call's deadline when it is absent or later.
    pub timeout: Option<Duration>,
    /// Whether sending it twice does the same as sending it once; by default so for GET, HEAD, OPTIONS, PUT and DELETE.
    pub idempotent: Option<bool>,
}

/// One hop's request, well formed and within the limits. Whether it may be sent is for the egress check.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) target: TargetUrl,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Hop {
    /// Reads a shard's request.
    ///
    /// # Errors
    /// [`HttpError::InvalidRequest`] and [`HttpError::RequestTooLarge`].
    pub(crate) fn first(request: HttpRequest, settings: &BrokerSettings) -> Result<Self, HttpError> {
        let HttpRequest { method, url, mut headers, body, .. } = request;
        // TRACE answers with the request, credentials included; CONNECT makes a tunnel.
        if matches!(method, Method::TRACE | Method::CONNECT) {
            return Err(HttpError::InvalidRequest(format!("the method {method} is never sent")));
        }
        let target = TargetUrl::parse(&url).map_err(|reason| HttpError::InvalidRequest(reason.to_owned()))?;
        if body.len() > settings.request_bytes {
            return Err(HttpError::RequestTooLarge { what: "bytes of its body", limit: settings.request_bytes });
        }
        check_size(&headers)?;
        // Clients of other languages write it by themselves. A true one is harmless, since the same is sent anyway.
        if headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length.as_bytes() == body.len().to_string().as_bytes())
        {
            headers.remove(header::CONTENT_LENGTH);
        }
        match headers.keys().find(|name| is_refused(name)) {
            Some(name) => Err(HttpError::InvalidRequest(format!("the header `{name}` belongs to the broker"))),
            None => Ok(Self { method, target, headers, body }),
        }
    }
}

fn is_refused(name: &HeaderName) -> bool {
    name == header::CONTENT_LENGTH || name.as_str().starts_with("proxy-") || REFUSED.contains(&name.as_str())
}

fn check_size(headers: &HeaderMap) -> Result<(), HttpError> {
    if headers.len() > HEADERS {
        return Err(HttpError::RequestTooLarge { what: "its headers", limit: HEADERS });
    }
    if header_bytes(headers) > HEADER_BYTES {
        return Err(HttpError::RequestTooLarge { what: "bytes of its headers", limit: HEADER_BYTES });
    }
    Ok(())
}

/// Bytes of all names and values.
pub(crate) fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn request() -> HttpRequest {
        HttpRequest {
            method: Method::POST,
            url: "https://api.example/x".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"body"),
            timeout: None,
            idempotent: None,
        }
    }

    fn code(request: HttpRequest) -> &'static str {
        Hop::first(request, &BrokerSettings::default()).unwrap_err().code()
    }

    #[test]
    fn refuses_headers_that_belong_to_the_broker() {
        for name in REFUSED.into_iter().chain(["proxy-authorization", "proxy-connection", "content-length"]) {
            let mut request = request();
            request.headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
            assert_eq!(code(request), "invalid-request", "{name}");
        }
    }

    #[test]
    fn drops_a_true_content_length() {
        let mut request = request();
        request.headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("4"));
        assert!(Hop::first(request, &BrokerSettings::default()).unwrap().headers.is_empty());
    }

    #[test]
    fn refuses_methods_that_reveal_credentials_or_tunnel() {
        for method in [Method::TRACE, Method::CONNECT] {
            assert_eq!(code(HttpRequest { method, ..request() }), "invalid-request");
        }
    }

    #[test]
    fn refuses_a_body_past_its_limit() {
        let body = Bytes::from(vec![0; (1 << 20) + 1]);
        assert_eq!(code(HttpRequest { body, ..request() }), "request-too-large");
    }

    #[test]
    fn refuses_too_many_and_too_long_headers() {
        let mut many = request();
        for number in 0..=HEADERS {
            many.headers.append("x-many", HeaderValue::from(number));
        }
        assert_eq!(code(many), "request-too-large");
        let mut long = request();
        long.headers.insert("x-long", "x".repeat(HEADER_BYTES).parse().unwrap());
        assert_eq!(code(long), "request-too-large");
    }
}
