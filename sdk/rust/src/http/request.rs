//! One request: built in a chain, then sent.

use std::time::Duration;

use serde::Serialize;

use super::{Error, Response, encoding::encode};

/// One request on its way. [`get`](super::get), [`post`](super::post) and their like start it, [`send`](Self::send) ends it.
///
/// The fields are what a test looks at; the methods are how one writes them.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    /// `GET`, `POST`, … in capitals.
    pub method: String,
    /// Absolute: `https://host/path?query`.
    pub url: String,
    /// In the order of writing.
    pub headers: Vec<(String, String)>,
    /// What goes with it.
    pub body: Option<Vec<u8>>,
    /// For all attempts together; the host cuts it to what is left of the call.
    pub timeout: Option<Duration>,
    /// Whether sending it twice does the same as sending it once; without a word the method decides.
    pub idempotent: Option<bool>,
}

impl Request {
    /// Starts a request of any method to an absolute URL.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout: None,
            idempotent: None,
        }
    }

    /// Adds one header. `host`, `authorization`, `proxy-*`, `connection` and others belong to the broker: it refuses them.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds one parameter to the query, encoded.
    #[expect(clippy::needless_pass_by_value, reason = "`query(\"limit\", 50)` reads better")]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        let fragment = self.url.find('#').map(|at| self.url.split_off(at));
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        self.url.push_str(&pair(name, &value.to_string()));
        self.url.push_str(fragment.as_deref().unwrap_or_default());
        self
    }

    /// Sends `body` as JSON, with its content type.
    ///
    /// # Errors
    /// [`Error::Body`] when it cannot be written as JSON: a map whose keys are no text, for instance.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|_| Error::Body)?;
        Ok(self.body("application/json", body))
    }

    /// Sends `fields` as a form, encoded, with its content type.
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let pairs: Vec<_> = fields.into_iter().map(|(name, value)| pair(name, value)).collect();
        self.body("application/x-www-form-urlencoded", pairs.join("&"))
    }

    /// Sends any body, with its content type.
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }

    /// Gives all attempts together this long. The host counts in milliseconds and never waits longer than the call has left.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says whether sending it twice does the same as sending it once. Only then does the broker try again. `GET`, `HEAD`,
    /// `OPTIONS`, `PUT` and `DELETE` are idempotent by themselves; a `POST` that only looks something up deserves the word.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Sends it, and waits for the whole response.
    ///
    /// # Errors
    /// [`Error::Host`] when the host refuses to send it or gets no answer. A status of 4xx or 5xx is a response.
    pub fn send(self) -> Result<Response, Error> {
        let origin = origin(&self.url).to_owned();
        exchange(self).map(|response| response.answered_by(origin))
    }
}

/// Host and port of a URL, without user, path and query, none of which belongs in a message.
fn origin(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn pair(name: &str, value: &str) -> String {
    format!("{}={}", encode(name), encode(value))
}

#[cfg(target_arch = "wasm32")]
fn exchange(request: Request) -> Result<Response, Error> {
    use crate::bindings::nexus::shard::http;

    let timeout_ms = request.timeout.map(|timeout| u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
    http::send(&http::Request {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: request.body,
        timeout_ms,
        idempotent: request.idempotent,
    })
    .map(|response| Response::new(response.status, response.headers, response.body).after(response.attempts))
    .map_err(|error| Error::Host(error.into()))
}

#[cfg(not(target_arch = "wasm32"))]
fn exchange(request: Request) -> Result<Response, Error> {
    crate::testing::answer(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        ErrorKind, ToolError,
        http::{get, post},
        testing,
    };

    #[test]
    fn a_query_is_encoded_and_put_before_the_fragment() {
        let request = get("https://a.example/x#top").query("q", "a&b").query("n", 5);
        assert_eq!(request.url, "https://a.example/x?q=a%26b&n=5#top");
    }

    #[test]
    fn bodies_carry_their_content_type() {
        let json = post("https://a.example").json(&json!({"a": 1})).unwrap();
        assert_eq!(json.body.as_deref(), Some(br#"{"a":1}"#.as_slice()));
        assert_eq!(json.headers, [("content-type".to_owned(), "application/json".to_owned())]);
        let form = post("https://a.example").form([("grant", "a b"), ("c", "d=")]);
        assert_eq!(form.body.as_deref(), Some(b"grant=a%20b&c=d%3D".as_slice()));
    }

    #[test]
    fn a_body_that_is_no_json_is_an_error() {
        let keys_are_lists = std::collections::BTreeMap::from([(vec![1], 1)]);
        assert_eq!(post("https://a.example").json(&keys_are_lists), Err(Error::Body));
    }

    #[test]
    fn messages_name_the_host_alone() {
        for url in [
            "https://user:pass@api.example.com:8443/people/7?token=x",
            "https://api.example.com:8443",
            "api.example.com:8443/x",
        ] {
            assert_eq!(origin(url), "api.example.com:8443");
        }
    }

    #[test]
    fn the_host_s_refusal_becomes_the_tool_s_error() {
        let _network = testing::http(|_| Err(Error::Host(ToolError::denied("not granted"))));
        let error = ToolError::from(get("https://a.example").send().unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Denied);
    }
}
