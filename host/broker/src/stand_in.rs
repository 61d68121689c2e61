//! What the tests put in place of the outside: a server on loopback, names, a log that can be read.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use tokio::{net::TcpListener, task::JoinSet, time::Instant};
use tracing::{Dispatch, subscriber::DefaultGuard};

use crate::{
    BackoffSettings, Broker, BrokerSettings, CallScope, HttpError, HttpGrant, HttpRequest, HttpResponse, OperatorGrant,
    Outside, ProfileGrant, Resolver, ShardAccess, grant::tests::manifest,
};

/// One request that reached the stand-in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A server that answers as a test's function says, given the request and how many came before it.
pub(crate) struct StandIn {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _serving: JoinSet<()>,
}

impl StandIn {
    pub(crate) async fn new(answer: impl Fn(&Seen, usize) -> Response + Clone + Send + Sync + 'static) -> Self {
        Self::waiting(move |seen, before| {
            let response = answer(&seen, before);
            Box::pin(async { response })
        })
        .await
    }

    pub(crate) async fn waiting(
        answer: impl Fn(Seen, usize) -> BoxFuture<'static, Response> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let router = Router::new().fallback(move |request: Request| async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let path = parts.uri.path_and_query().unwrap().to_string();
            let one = Seen { method: parts.method, path, headers: parts.headers, body };
            let before = {
                let mut log = log.lock().unwrap();
                log.push(one.clone());
                log.len() - 1
            };
            answer(one, before).await
        });
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen, _serving: serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }
}

pub(crate) fn answer(status: u16, body: impl Into<Body>) -> Response {
    Response::builder().status(status).body(body.into()).unwrap()
}

pub(crate) fn answer_with(status: u16, header: (&str, &str), body: &'static str) -> Response {
    Response::builder().status(status).header(header.0, header.1).body(body.into()).unwrap()
}

/// Names whose answers change from one look-up to the next; the last one stays.
#[derive(Default)]
pub(crate) struct Names(Mutex<BTreeMap<String, VecDeque<Vec<IpAddr>>>>);

impl Names {
    pub(crate) fn new(name: &str, answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        let answers = answers.iter().map(parse).collect();
        Arc::new(Self(Mutex::new(BTreeMap::from([(name.to_owned(), answers)]))))
    }
}

impl Resolver for Names {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut names = self.0.lock().unwrap();
        let answer = names
            .get_mut(&name)
            .and_then(|answers| if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() });
        Box::pin(async { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

/// Settings whose waits are too short to notice.
pub(crate) fn hasty() -> BrokerSettings {
    let backoff = BackoffSettings { first: Duration::from_millis(1), ..BackoffSettings::default() };
    BrokerSettings { backoff, ..BrokerSettings::default() }
}

/// A shard that reaches the address in its setting `BASE`.
pub(crate) const ONE_DESTINATION: &str = r#"
    [config.BASE]
    type = "url"
    [[http]]
    url = "{config:BASE}"
    methods = ["GET", "POST", "PUT", "DELETE", "HEAD"]
"#;

/// A shard of `manifest`, its settings as given, everything granted and 127.0.0.1 listed.
pub(crate) struct Setup<'a> {
    pub(crate) manifest: &'a str,
    pub(crate) config: Vec<(&'a str, String)>,
    pub(crate) secrets: Vec<(&'a str, &'a str)>,
    pub(crate) http: HttpGrant,
    pub(crate) profiles: ProfileGrant,
    pub(crate) private: &'a [&'a str],
    pub(crate) settings: BrokerSettings,
    pub(crate) names: Arc<Names>,
}

impl<'a> Setup<'a> {
    pub(crate) fn new(manifest: &'a str, base: impl Into<String>) -> Self {
        Self {
            manifest,
            config: vec![("BASE", base.into())],
            secrets: Vec::new(),
            http: HttpGrant::Declared,
            profiles: ProfileGrant::Declared,
            private: &["127.0.0.1"],
            settings: hasty(),
            names: Arc::default(),
        }
    }

    pub(crate) fn access(self) -> Arc<ShardAccess> {
        let outside = Outside { resolver: self.names, randomness: || u32::MAX / 2 };
        let secret = |(name, value): (&str, &str)| (name.to_owned(), SecretString::from(value));
        let grant = OperatorGrant {
            http: self.http,
            profiles: self.profiles,
            private_addresses: self.private.iter().map(|block| block.parse().unwrap()).collect(),
            config: self.config.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            secrets: self.secrets.into_iter().map(secret).collect(),
        };
        let broker = Broker::with_outside(self.settings, outside).unwrap();
        broker.shard(&manifest(self.manifest), grant).unwrap()
    }
}

pub(crate) fn scope() -> CallScope {
    CallScope::new("call-1", Instant::now() + Duration::from_secs(20))
}

pub(crate) fn get(url: impl Into<String>) -> HttpRequest {
    HttpRequest {
        method: Method::GET,
        url: url.into(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: None,
        idempotent: None,
    }
}

pub(crate) fn post(url: impl Into<String>, body: &'static str) -> HttpRequest {
    HttpRequest { method: Method::POST, body: Bytes::from_static(body.as_bytes()), ..get(url) }
}

/// One request in a call of its own.
pub(crate) async fn send(access: &ShardAccess, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    access.send(&scope(), request).await
}

/// Everything that this thread logs while it lives.
pub(crate) struct LogBook {
    lines: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

impl LogBook {
    pub(crate) fn open() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&lines);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || Writer(Arc::clone(&writer)))
            .finish();
        Self { lines, _guard: tracing::dispatcher::set_default(&Dispatch::new(subscriber)) }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.lines.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.text().lines().filter(|line| line.contains(text)).count()
    }
}

struct Writer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
