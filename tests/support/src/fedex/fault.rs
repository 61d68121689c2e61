//! What can go wrong with a vendor, on demand.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Recorded, error};

/// One answer that is not the one hoped for.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429 with `Retry-After` in whole seconds.
    TooManyRequests {
        /// The value of `Retry-After`.
        retry_after: u64,
    },
    /// A status with FedEx's error body: 404, 500, 503 ….
    Status(u16),
    /// The right answer, late.
    Slow(Duration),
    /// The right answer, once the test opens the gate.
    Held(Gate),
    /// A `Content-Length` that promises more than comes before the connection ends.
    Truncated,
    /// 307 to an absolute URL.
    Redirect(String),
    /// 200 whose body repeats the `Authorization` header, as a careless debugging endpoint would.
    EchoAuthorization,
    /// 200 and this many bytes of a JSON string, in pieces, without a `Content-Length`.
    Huge(usize),
    /// The connection ends before an answer.
    Close,
    /// 200 and a body that is no JSON.
    NotJson,
}

/// Holds answers back until it is opened. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(CancellationToken);

impl Gate {
    /// Lets everything through, now and later.
    pub fn open(&self) {
        self.0.cancel();
    }
}

/// A body that breaks off: the server can do nothing else than to drop the connection.
#[derive(Debug, thiserror::Error)]
#[error("the stand-in breaks off here")]
struct BrokenOff;

impl Fault {
    /// The answer to `request`, or none when the right one is to follow.
    pub(super) async fn meet(self, request: &Recorded) -> Option<Response> {
        Some(match self {
            Self::TooManyRequests { retry_after } => {
                let body = error::answer(StatusCode::TOO_MANY_REQUESTS, "TOO.MANY.REQUESTS.ERROR", "Limit exceeded.");
                ([(header::RETRY_AFTER, retry_after.to_string())], body).into_response()
            }
            Self::Status(status) => {
                let status = StatusCode::from_u16(status).expect("a fault's status is a status");
                error::answer(status, code_of(status), "We are unable to process this request. Please try again later.")
            }
            Self::Slow(delay) => {
                tokio::time::sleep(delay).await;
                return None;
            }
            Self::Held(gate) => {
                gate.0.cancelled().await;
                return None;
            }
            Self::Truncated => {
                let part = stream::iter([Ok(Bytes::from_static(b"{\"transactionId\":"))]);
                // The pause lets the server send what it has before it breaks off.
                let end = stream::once(tokio::task::yield_now()).map(|()| Err(BrokenOff));
                let body = Body::from_stream(part.chain(end));
                ([(header::CONTENT_TYPE, "application/json"), (header::CONTENT_LENGTH, "4096")], body).into_response()
            }
            Self::Redirect(location) => {
                (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
            }
            Self::EchoAuthorization => Json(json!({ "you sent": request.header("authorization") })).into_response(),
            Self::Huge(length) => {
                const PIECE: Bytes = Bytes::from_static(&[b'x'; 16 << 10]);
                let pieces = stream::repeat(PIECE).take(length.div_ceil(PIECE.len())).map(Ok::<_, Infallible>);
                let quote = || stream::iter([Ok(Bytes::from_static(b"\""))]);
                let body = Body::from_stream(quote().chain(pieces).chain(quote()));
                ([(header::CONTENT_TYPE, "application/json")], body).into_response()
            }
            // Nothing has been sent yet when the body fails, and so nothing is.
            Self::Close => Body::from_stream(stream::iter([Err::<Bytes, _>(BrokenOff)])).into_response(),
            Self::NotJson => "<html><body>Welcome</body></html>".into_response(),
        })
    }
}

fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "NOT.FOUND.ERROR",
        StatusCode::FORBIDDEN => "FORBIDDEN.ERROR",
        StatusCode::SERVICE_UNAVAILABLE => "SERVICE.UNAVAILABLE.ERROR",
        _ => "INTERNAL.SERVER.ERROR",
    }
}
