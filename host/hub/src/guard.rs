//! Keeps web pages out: the `Host` of every request names this machine.
//!
//! A page at `evil.example` whose name resolves to 127.0.0.1 (DNS rebinding) is, to the browser, of the same origin as this
//! server, so it may read answers; its requests carry `Host: evil.example`. MCP's own service checks this again, and `Origin` too.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Answers 403 unless the request's `Host` is a loopback name.
pub(crate) async fn only_this_machine(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    if host.is_some_and(|host| is_loopback(host.host())) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "Forbidden: the Host header must name this machine, as in http://127.0.0.1\n")
            .into_response()
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare == "127.0.0.1" || bare == "::1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_this_machines_names() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
