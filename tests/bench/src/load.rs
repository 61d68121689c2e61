//! The load: plain keep-alive HTTP/1.1 connections, each with one request at a time.
//!
//! Requests are encoded beforehand and answers are hardly looked at, because the load takes its time from the same cores:
//! whatever it costs makes every subject slower alike, and so the differences between them smaller.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use memchr::memmem;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::figures::Figures;

/// The protocol version that is spoken: the stateless one, which answers in plain JSON.
const PROTOCOL: &str = "2026-07-28";
/// The largest answer that is read.
const ANSWER_LIMIT: usize = 64 * 1024;

/// A request for one call, ready to be sent.
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// A call of `tool` at the endpoint.
    pub(crate) fn call(address: SocketAddr, tool: &str, arguments: &Map<String, Value>) -> Self {
        let body = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {
                "name": tool,
                "arguments": arguments,
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": PROTOCOL,
                    "io.modelcontextprotocol/clientInfo": { "name": "nexus-bench", "version": env!("CARGO_PKG_VERSION") },
                    "io.modelcontextprotocol/clientCapabilities": {},
                },
            },
        })
        .to_string();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {PROTOCOL}\r\n\
             Mcp-Method: tools/call\r\nMcp-Name: {tool}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Self([head.into_bytes(), body.into_bytes()].concat())
    }
}

/// One connection to the endpoint.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// # Errors
    /// When nobody listens.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(ANSWER_LIMIT) })
    }

    /// Sends `request` and gives the answer's message: its body, or the first chunk of it.
    ///
    /// # Errors
    /// When the answer is not `200 OK` with the result of a tool that succeeded.
    pub(crate) async fn call(&mut self, request: &Request) -> anyhow::Result<&[u8]> {
        self.stream.write_all(&request.0).await?;
        self.buffer.clear();
        while whole_message(&self.buffer)?.is_none() {
            ensure!(self.buffer.len() < ANSWER_LIMIT, "an answer is larger than {ANSWER_LIMIT} bytes");
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the connection ended before an answer");
        }
        let message = whole_message(&self.buffer)?.unwrap_or_default();
        if memmem::find(message, br#""isError":false"#).is_none() {
            bail!("the call failed: {}", String::from_utf8_lossy(message));
        }
        Ok(message)
    }
}

/// The message in an answer, once all of the answer is there. Nothing follows it: no request was sent meanwhile.
fn whole_message(answer: &[u8]) -> anyhow::Result<Option<&[u8]>> {
    let Some(end) = memmem::find(answer, b"\r\n\r\n") else { return Ok(None) };
    let (head, body) = answer.split_at(end + 4);
    let head = std::str::from_utf8(head).context("a head that is no text")?;
    ensure!(head.starts_with("HTTP/1.1 200 "), "the endpoint answered {head}");
    let field = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    if field("transfer-encoding") == Some("chunked") {
        // JSON on one line holds no line ends, so the last chunk cannot be mistaken.
        let chunks = body.strip_suffix(b"\r\n0\r\n\r\n");
        return Ok(chunks.and_then(|chunks| chunks.get(memmem::find(chunks, b"\r\n")? + 2..)));
    }
    let length: usize = field("content-length").context("an answer without a length")?.parse()?;
    Ok((body.len() >= length).then_some(body))
}

/// Keeps every one of `connections` busy with `request` for `duration`, and gives them back.
///
/// # Errors
/// As [`Connection::call`].
pub(crate) async fn run(
    connections: Vec<Connection>,
    request: &std::sync::Arc<Request>,
    duration: Duration,
) -> anyhow::Result<(Vec<Connection>, Figures)> {
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for mut connection in connections {
        let request = std::sync::Arc::clone(request);
        clients.spawn(async move {
            let mut latencies = Vec::new();
            let mut sent = started;
            while sent.duration_since(started) < duration {
                connection.call(&request).await?;
                let answered = Instant::now();
                latencies.push(answered - sent);
                sent = answered;
            }
            anyhow::Ok((connection, latencies))
        });
    }
    let (mut connections, mut latencies) = (Vec::new(), Vec::new());
    while let Some(done) = clients.join_next().await {
        let (connection, of_one) = done??;
        connections.push(connection);
        latencies.extend(of_one);
    }
    Ok((connections, Figures::of(latencies, started.elapsed())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(answer: &str) -> Option<&[u8]> {
        whole_message(answer.as_bytes()).expect("an answer so far")
    }

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() {
        assert_eq!(message("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"), None);
        assert_eq!(message("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"), None);
        assert_eq!(message("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"), Some(&b"abcd"[..]));
    }

    #[test]
    fn an_answer_is_whole_when_its_last_chunk_is_there() {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert_eq!(message(&format!("{head}4\r\nabcd\r\n")), None);
        assert_eq!(message(&format!("{head}4\r\nabcd\r\n0\r\n\r\n")), Some(&b"abcd"[..]));
    }

    #[test]
    fn refuses_what_is_no_answer_to_a_call() {
        for answer in ["HTTP/1.1 403 Forbidden\r\ncontent-length: 1\r\n\r\nx", "HTTP/1.1 200 OK\r\n\r\n"] {
            whole_message(answer.as_bytes()).expect_err(answer);
        }
    }
}
