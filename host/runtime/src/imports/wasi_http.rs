//! `wasi:http/outgoing-handler`: the standard door to the same broker, so that an ecosystem's own client works unchanged.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use nexus_broker::{CallScope, HttpError, HttpErrorKind, HttpRequest, HttpResponse, ShardAccess};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(http::Response<WasiBody>, Io), Error>;

/// The most that a guest may send as one body. The broker has its own, smaller cap; this one bounds what is gathered
/// before the broker is asked.
const MOST_BODY_BYTES: usize = 8 * 1024 * 1024;

/// Hands every outgoing request to the broker.
pub(crate) struct Hooks {
    access: Arc<ShardAccess>,
    scope: Arc<CallScope>,
}

impl Hooks {
    pub(crate) fn new(access: Arc<ShardAccess>, scope: Arc<CallScope>) -> Self {
        Self { access, scope }
    }

    pub(crate) fn enter(&mut self, scope: Arc<CallScope>) {
        self.scope = scope;
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let access = Arc::clone(&self.access);
        let scope = Arc::clone(&self.scope);
        Box::new(async move {
            let (parts, body) = request.into_parts();
            let body = Limited::new(body, MOST_BODY_BYTES)
                .collect()
                .await
                .map_err(|_| Error::HttpRequestBodySize(Some(MOST_BODY_BYTES as u64)))?
                .to_bytes();
            let mut headers = parts.headers;
            // wasi-http adds it for the authority; the broker writes its own.
            headers.remove(http::header::HOST);
            let request = HttpRequest {
                method: parts.method,
                url: parts.uri.to_string(),
                headers,
                body,
                timeout: options.and_then(|options| options.first_byte_timeout),
                idempotent: None,
            };
            let response = access.send(&scope, request).await.map_err(|error| refusal(&error))?;
            Ok((answer(response), Box::new(async { Ok(()) }) as Io))
        })
    }
}

fn answer(response: HttpResponse) -> http::Response<WasiBody> {
    let body = Full::<Bytes>::new(response.body).map_err(|never| match never {}).boxed_unsync();
    let mut answer = http::Response::new(body);
    *answer.status_mut() = response.status;
    *answer.headers_mut() = response.headers;
    answer
}

/// The standard has a fixed set of codes, so the sentence is lost here; the operator has it in the log.
fn refusal(error: &HttpError) -> Error {
    match error.kind() {
        HttpErrorKind::Denied => Error::HttpRequestDenied,
        HttpErrorKind::Timeout => Error::HttpResponseTimeout,
        HttpErrorKind::Unavailable => Error::DestinationUnavailable,
        HttpErrorKind::InvalidParams => Error::InternalError(Some(error.to_string())),
    }
}
