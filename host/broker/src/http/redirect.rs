//! Where an answer sends a request next (RFC 9110 §15.4).
//!
//! Only proposes: the next hop passes the whole egress check again, and gets the credentials that its own grant names, so that
//! none follows to another place. At another origin even the shard's own headers stay behind, since they may hold what is
//! meant for the first one.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use super::{error::HttpError, request::Hop, response::Answer};

/// Most redirects of one request.
pub(crate) const REDIRECTS: usize = 5;

/// Headers that go along to another origin: they say what is wanted, not who wants it.
const HARMLESS: [HeaderName; 4] = [header::ACCEPT, header::ACCEPT_LANGUAGE, header::CONTENT_TYPE, header::USER_AGENT];

/// Headers that describe a body.
const OF_THE_BODY: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE, header::CONTENT_LOCATION];

/// The hop that `answer` asks for, or none when it is the last word.
///
/// The method and body stay for 307 and 308. 303 asks for GET; so do 301 and 302 after POST, as every client reads them. Any
/// other method that meets 301 or 302 is not repeated elsewhere: the shard gets that answer.
///
/// # Errors
/// [`HttpError::RedirectRefused`] when it leads to no URL that can be asked.
pub(crate) fn next(hop: &Hop, answer: &Answer) -> Result<Option<Hop>, HttpError> {
    let Some(location) = answer.headers.get(header::LOCATION) else {
        return Ok(None);
    };
    let Some((method, keeps_body)) = method_after(&hop.method, answer.status) else {
        return Ok(None);
    };
    let refused = |reason: &str| HttpError::RedirectRefused { reason: reason.to_owned(), destination: None };
    let location = location.to_str().map_err(|_| refused("its URL is not ASCII"))?;
    let target = hop.target.join(location).map_err(refused)?;
    let mut headers: HeaderMap = hop.headers.clone();
    if target.origin() != hop.target.origin() {
        headers = harmless(&headers);
    }
    if !keeps_body {
        for name in &OF_THE_BODY {
            headers.remove(name);
        }
    }
    let body = if keeps_body { hop.body.clone() } else { Bytes::new() };
    Ok(Some(Hop { method, target, headers, body }))
}

/// The next hop's method, and whether the body goes along.
fn method_after(method: &Method, status: StatusCode) -> Option<(Method, bool)> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match status.as_u16() {
        307 | 308 => Some((method.clone(), true)),
        301..=303 if reads => Some((method.clone(), false)),
        303 => Some((Method::GET, false)),
        301 | 302 if *method == Method::POST => Some((Method::GET, false)),
        _ => None,
    }
}

fn harmless(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| HARMLESS.contains(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::egress::TargetUrl;

    fn hop(method: Method) -> Hop {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, "application/json".parse().unwrap());
        headers.insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        headers.insert("x-tenant", "one".parse().unwrap());
        Hop {
            method,
            target: TargetUrl::parse("https://a.example/x").unwrap(),
            headers,
            body: Bytes::from_static(b"body"),
        }
    }

    fn after(method: Method, status: u16, location: &str) -> Result<Option<Hop>, HttpError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        next(&hop(method), &Answer { status, headers, body: Bytes::new() })
    }

    #[test]
    fn rewrites_the_method_as_the_status_asks() {
        for (method, status, becomes, body) in [
            (Method::POST, 301, Method::GET, ""),
            (Method::POST, 302, Method::GET, ""),
            (Method::PUT, 303, Method::GET, ""),
            (Method::HEAD, 303, Method::HEAD, ""),
            (Method::POST, 307, Method::POST, "body"),
            (Method::DELETE, 308, Method::DELETE, "body"),
        ] {
            let next = after(method.clone(), status, "/y").unwrap().unwrap();
            assert_eq!((next.method, next.body), (becomes, Bytes::from(body)), "{method} {status}");
            assert_eq!(next.headers.contains_key(header::CONTENT_TYPE), !body.is_empty());
            assert_eq!(next.target.url().as_str(), "https://a.example/y");
        }
    }

    #[test]
    fn leaves_what_is_no_redirect_alone() {
        for (method, status) in
            [(Method::PUT, 302), (Method::DELETE, 301), (Method::GET, 200), (Method::GET, 304), (Method::GET, 300)]
        {
            assert!(after(method, status, "/y").unwrap().is_none());
        }
    }

    #[test]
    fn a_shards_headers_stay_at_their_origin() {
        let same = after(Method::GET, 302, "/y").unwrap().unwrap();
        assert!(same.headers.contains_key("x-tenant"));
        for elsewhere in ["https://b.example/", "http://a.example/x", "https://a.example:8443/", "//b.example/"] {
            let other = after(Method::GET, 302, elsewhere).unwrap().unwrap();
            assert!(!other.headers.contains_key("x-tenant"), "{elsewhere}");
            assert!(other.headers.contains_key(header::ACCEPT));
        }
    }

    #[test]
    fn refuses_a_redirect_to_what_is_no_web_address() {
        for location in ["file:///etc/passwd", "javascript:alert(1)", "https://user:pass@b.example/", "https://"] {
            assert_eq!(after(Method::GET, 302, location).unwrap_err().code(), "redirect-refused", "{location}");
        }
    }
}
