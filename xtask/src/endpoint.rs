//! One MCP call over HTTP, as any client would make it.
//!
//! The protocol's modern era needs no session: one POST asks, one answer comes. HTTP/1.0 keeps the answer in one piece,
//! so that this stays small enough for a program that is compiled before everything else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The protocol version that is spoken.
const PROTOCOL: &str = "2026-07-28";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of an answer.
const ANSWER_LIMIT: u64 = 4 << 20;

/// Calls `tool` at the endpoint and gives its result: `content`, `structuredContent`, `isError`.
///
/// # Errors
/// When the endpoint cannot be reached, or answers with an error of the protocol or of the tool.
pub(crate) fn call(address: SocketAddr, tool: &str, arguments: &Value) -> Result<Value> {
    let body = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": tool,
            "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": PROTOCOL,
                "io.modelcontextprotocol/clientInfo": { "name": "cargo xtask demo", "version": env!("CARGO_PKG_VERSION") },
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    })
    .to_string();
    let head = format!(
        "POST /mcp HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {PROTOCOL}\r\n\
         Mcp-Method: tools/call\r\nMcp-Name: {tool}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = exchange(address, &[head.as_bytes(), body.as_bytes()].concat())
        .with_context(|| format!("asking the endpoint at {address}"))?;
    result_of(&answer)
}

fn exchange(address: SocketAddr, request: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut answer = String::new();
    stream.take(ANSWER_LIMIT).read_to_string(&mut answer)?;
    Ok(answer)
}

/// Finds the result in an HTTP answer, whose body is JSON or an event stream.
fn result_of(answer: &str) -> Result<Value> {
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer came")?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        bail!("the endpoint answered {status}: {}", body.trim());
    }
    let messages = body.lines().filter_map(|line| line.strip_prefix("data:")).chain([body]);
    let message = messages
        .filter_map(|text| serde_json::from_str::<Value>(text).ok())
        .find(|message| message.get("id") == Some(&json!(1)))
        .with_context(|| format!("no answer to the call in: {}", body.trim()))?;
    if let Some(error) = message.get("error") {
        bail!("the endpoint refused the call: {error}");
    }
    let result = message.get("result").context("an answer without a result")?;
    if result.get("isError") == Some(&json!(true)) {
        bail!("the tool failed: {}", result.get("content").unwrap_or(&Value::Null));
    }
    Ok(result.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str, body: &str) -> String {
        format!("HTTP/1.0 {status}\r\ncontent-type: whatever\r\n\r\n{body}")
    }

    #[test]
    fn reads_a_result_in_plain_json() {
        let result =
            result_of(&answer("200 OK", r#"{"jsonrpc":"2.0","id":1,"result":{"isError":false,"content":[]}}"#));
        assert_eq!(result.expect("a result"), json!({ "isError": false, "content": [] }));
    }

    #[test]
    fn reads_a_result_in_an_event_stream_after_other_messages() {
        let stream = "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n\
                      data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[1]}}\n\n";
        assert_eq!(result_of(&answer("200 OK", stream)).expect("a result"), json!({ "content": [1] }));
    }

    #[test]
    fn a_failure_of_any_kind_is_a_failure() {
        for (status, body) in [
            ("406 Not Acceptable", "no"),
            ("200 OK", r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#),
            ("200 OK", r#"{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[]}}"#),
            ("200 OK", "no JSON"),
            ("200 OK", ""),
        ] {
            result_of(&answer(status, body)).expect_err(body);
        }
        result_of("").expect_err("no answer at all");
    }
}
