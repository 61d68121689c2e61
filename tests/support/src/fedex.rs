//! A stand-in for FedEx: token endpoint, tracking, address validation and rates, on a loopback port.
//!
//! Written from FedEx's public API reference. It is as strict as the vendor: a wrong credential, a missing or expired
//! token, a body that is not what the endpoint takes are refused in FedEx's error shape. It answers from the mock data
//! set, so that a shard's mock mode and live mode can be compared, and it misbehaves on demand: see [`Fault`].

mod address;
mod error;
mod fault;
mod rate;
mod token;
mod track;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use fault::{Fault, Gate};

/// Where tokens come from.
pub const TOKEN_PATH: &str = "/oauth/token";
/// Tracking by number.
pub const TRACK_PATH: &str = "/track/v1/trackingnumbers";
/// Address validation.
pub const ADDRESS_PATH: &str = "/address/v1/addresses/resolve";
/// Rate quotes.
pub const RATE_PATH: &str = "/rate/v1/rates/quotes";

/// The most bytes of a request that are read.
const REQUEST_LIMIT: usize = 1 << 20;
/// How long a test waits for a request that it expects.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request, as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// Every header.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Recorded {
    /// One header as text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A running stand-in. It stops when it is dropped.
#[derive(Debug)]
pub struct FedEx {
    url: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

/// What the handler and the test both see.
#[derive(Debug)]
struct Shared {
    tokens: token::Tokens,
    faults: Mutex<HashMap<String, VecDeque<Fault>>>,
    requests: watch::Sender<Vec<Recorded>>,
}

impl FedEx {
    /// Starts on a free loopback port, with credentials of its own.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free loopback port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            tokens: token::Tokens::new(),
            faults: Mutex::default(),
            requests: watch::Sender::new(Vec::new()),
        });
        let service = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, service).await.expect("serving on loopback goes on until it is dropped");
        });
        Self { url: format!("http://{address}"), shared, _server: server }
    }

    /// `http://127.0.0.1:PORT`, for `FEDEX_API_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API key that it accepts, for `FEDEX_API_KEY`.
    pub fn key(&self) -> &str {
        self.shared.tokens.key()
    }

    /// The secret that it accepts, for `FEDEX_API_SECRET`. Unique, so that a test can search for it anywhere.
    pub fn secret(&self) -> &str {
        self.shared.tokens.secret()
    }

    /// The token that was issued last, if any.
    pub fn last_token(&self) -> Option<String> {
        self.shared.tokens.last()
    }

    /// Makes every token issued so far invalid, as FedEx does after an hour.
    pub fn expire_tokens(&self) {
        self.shared.tokens.expire();
    }

    /// Queues a fault: the next request for `path` that no earlier fault takes meets it.
    pub fn fault(&self, path: &str, fault: Fault) {
        let mut faults = self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.entry(path.to_owned()).or_default().push_back(fault);
    }

    /// Queues the same fault several times.
    pub fn faults(&self, path: &str, times: usize, fault: &Fault) {
        (0..times).for_each(|_| self.fault(path, fault.clone()));
    }

    /// Every request for `path` so far, in order of arrival.
    pub fn requests(&self, path: &str) -> Vec<Recorded> {
        self.shared.requests.borrow().iter().filter(|request| request.path == path).cloned().collect()
    }

    /// Every request so far, whatever its path.
    pub fn all_requests(&self) -> Vec<Recorded> {
        self.shared.requests.borrow().clone()
    }

    /// Waits until `path` has been asked for at least `count` times.
    ///
    /// # Panics
    /// When that does not happen within 20 seconds.
    pub async fn wait_for_requests(&self, path: &str, count: usize) {
        let mut requests = self.shared.requests.subscribe();
        let enough = requests.wait_for(|all| all.iter().filter(|request| request.path == path).count() >= count);
        tokio::time::timeout(PATIENCE, enough)
            .await
            .unwrap_or_else(|_| panic!("{path} was asked for fewer than {count} times"))
            .expect("the stand-in holds the sender");
    }
}

/// Records the request, lets a queued fault have it, and answers otherwise.
async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let recorded = Recorded {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: axum::body::to_bytes(Body::new(body), REQUEST_LIMIT).await.unwrap_or_default(),
    };
    shared.requests.send_modify(|all| all.push(recorded.clone()));
    match shared.next_fault(&recorded.path) {
        Some(fault) => match fault.meet(&recorded).await {
            Some(response) => response,
            None => shared.serve(&recorded),
        },
        None => shared.serve(&recorded),
    }
}

impl Shared {
    fn next_fault(&self, path: &str) -> Option<Fault> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).get_mut(path)?.pop_front()
    }

    /// What FedEx answers when it is well.
    fn serve(&self, request: &Recorded) -> Response {
        if request.method != Method::POST {
            return error::method_not_allowed();
        }
        let answer: fn(&serde_json::Value) -> Response = match request.path.as_str() {
            TOKEN_PATH => return self.tokens.issue(request),
            TRACK_PATH => track::answer,
            ADDRESS_PATH => address::answer,
            RATE_PATH => rate::answer,
            _ => return error::not_found(),
        };
        if !self.tokens.accepts(request.header("authorization")) {
            return error::not_authorized();
        }
        serde_json::from_slice(&request.body).map_or_else(|_| error::bad_request("Invalid JSON"), |body| answer(&body))
    }
}

#[cfg(test)]
mod tests;
