//! `nexus:shard/http`: the small door to the broker.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use nexus_broker::{HttpError, HttpErrorKind, HttpRequest};
use serde_json::json;

use crate::bindings::v0_1::nexus::shard::http::{Host, Request, Response};
use crate::bindings::v0_1::nexus::shard::types::{Error, ErrorKind};
use crate::state::State;

impl Host for State {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        let request = match parse(request) {
            Ok(request) => request,
            Err(problem) => return Ok(Err(problem)),
        };
        let (access, scope) = (Arc::clone(&self.access), Arc::clone(&self.scope));
        Ok(match access.send(&scope, request).await {
            Ok(response) => Ok(Response {
                status: response.status.as_u16(),
                headers: response
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                    .collect(),
                body: response.body.into(),
                attempts: response.attempts,
            }),
            Err(error) => Err(guest_error(&error)),
        })
    }
}

fn parse(request: Request) -> Result<HttpRequest, Error> {
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| invalid("that is no HTTP method"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("a header has an invalid name"))?;
        let value = HeaderValue::from_str(&value).map_err(|_| invalid("a header has an invalid value"))?;
        headers.append(name, value);
    }
    Ok(HttpRequest {
        method,
        url: request.url,
        headers,
        body: request.body.unwrap_or_default().into(),
        timeout: request.timeout_ms.map(|milliseconds| Duration::from_millis(milliseconds.into())),
        idempotent: request.idempotent,
    })
}

fn invalid(message: &str) -> Error {
    Error {
        kind: ErrorKind::InvalidParams,
        message: message.to_owned(),
        data: Some(json!({ "code": "invalid-request" }).to_string()),
        retryable: false,
    }
}

fn guest_error(error: &HttpError) -> Error {
    Error {
        kind: match error.kind() {
            HttpErrorKind::InvalidParams => ErrorKind::InvalidParams,
            HttpErrorKind::Denied => ErrorKind::Denied,
            HttpErrorKind::Unavailable => ErrorKind::Unavailable,
            HttpErrorKind::Timeout => ErrorKind::Timeout,
        },
        message: error.to_string(),
        data: Some(json!({ "code": error.code() }).to_string()),
        retryable: error.retryable(),
    }
}
