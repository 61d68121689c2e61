//! Test a shard's tools natively, with `cargo test`: they are ordinary functions.
//!
//! What the host would provide, a test provides: [`config`] and [`context`] make the values, [`http`] answers requests, and
//! [`log`] keeps the lines. Both listen to their own thread until they are dropped, so tests run side by side.
//!
//! ```
//! use nexus_shard::{prelude::*, testing};
//! use serde_json::json;
//!
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Weather { celsius: f64 }
//!
//! /// Tell the weather of a city.
//! #[tool(read_only, idempotent, open_world)]
//! fn weather(
//!     /// The city's name
//!     city: String,
//! ) -> ToolResult<Weather> {
//!     Ok(http::get("https://weather.example/now").query("city", city).send()?.ok()?.json()?)
//! }
//!
//! let network = testing::http(|_| testing::reply(200, &json!({ "celsius": 21.5 })));
//!
//! assert_eq!(weather("Memphis".into())?.celsius, 21.5);          // the function itself
//! let answer = testing::call::<weather, _>(&(), json!({ "city": "Memphis" }))?; // as the host calls it
//! assert_eq!(answer, json!({ "celsius": 21.5 }));
//!
//! assert_eq!(network.requests()[0].url, "https://weather.example/now?city=Memphis");
//! # Ok::<(), ToolError>(())
//! ```

use std::{cell::RefCell, rc::Rc, time::Duration};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    Config, Context, ToolError, ToolResult,
    arguments::Arguments,
    http::{Error, Request, Response},
    log::Level,
    tool::Tool,
};

type Answer = Rc<dyn Fn(&Request) -> Result<Response, Error>>;
type Requests = Rc<RefCell<Vec<Request>>>;

thread_local! {
    static NETWORK: RefCell<Option<(Answer, Requests)>> = const { RefCell::new(None) };
    static LOG: RefCell<Option<Rc<RefCell<Vec<Line>>>>> = const { RefCell::new(None) };
}

/// A configuration with these values, as if the operator had set them.
pub fn config<const N: usize>(values: [(&str, &str); N]) -> Config {
    values.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect()
}

/// A call in progress, with half a minute left.
pub fn context() -> Context {
    Context::new("test", Duration::from_secs(30))
}

/// Calls a tool as the host does, from JSON to JSON: a structured result is its object, a text is a string.
///
/// # Errors
/// What the tool answers; [`InvalidParams`](crate::ErrorKind::InvalidParams) when `arguments` do not fit its parameters.
pub fn call<T: Tool<S>, S>(shard: &S, arguments: Value) -> ToolResult<Value> {
    let arguments = Arguments::from_value(arguments)?;
    T::call(shard, arguments, &context()).map(|output| match output.structured {
        Some(object) => Value::Object(object),
        None => Value::String(output.text),
    })
}

/// What clients see of a tool, in MCP's own names: `description`, `inputSchema`, `outputSchema`, `annotations` and the rest.
///
/// # Errors
/// `Internal`, with a sentence, when the tool breaks a rule; the test that `shard!` writes fails with the same sentence.
pub fn definition<T: Tool<S>, S>() -> ToolResult<Value> {
    T::define().map(|definition| definition.to_json()).map_err(|reason| ToolError::internal(reason.to_string()))
}

/// Answers this thread's requests with `answer` until the [`Network`] is dropped. A second one replaces the first.
pub fn http(answer: impl Fn(&Request) -> Result<Response, Error> + 'static) -> Network {
    let requests = Rc::default();
    NETWORK.set(Some((Rc::new(answer), Rc::clone(&requests))));
    Network { requests }
}

/// A response with a JSON body, for the closure given to [`http`].
///
/// # Errors
/// [`Error::Body`] when `body` cannot be written as JSON.
pub fn reply<T: Serialize + ?Sized>(status: u16, body: &T) -> Result<Response, Error> {
    let body = serde_json::to_vec(body).map_err(|_| Error::Body)?;
    let headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
    Ok(Response::new(status, headers, body))
}

/// The stand-in for the network that [`http`] set up.
#[derive(Debug)]
#[must_use = "requests are answered only as long as it lives"]
pub struct Network {
    requests: Requests,
}

impl Network {
    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.borrow().clone()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        NETWORK.with_borrow_mut(|network| {
            network.take_if(|(_, requests)| Rc::ptr_eq(requests, &self.requests));
        });
    }
}

/// Answers one request as the test wants it.
pub(crate) fn answer(request: Request) -> Result<Response, Error> {
    let Some((answer, requests)) = NETWORK.with_borrow(Clone::clone) else {
        let reason = "outside of the host nothing answers: set answers up with nexus_shard::testing::http";
        return Err(Error::Host(ToolError::unavailable(reason).retryable(false)));
    };
    let outcome = answer(&request);
    requests.borrow_mut().push(request);
    outcome
}

/// One line that was logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// How much it matters.
    pub level: Level,
    /// The module that wrote it.
    pub target: String,
    /// What it says.
    pub message: String,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// Keeps the lines that this thread logs until the [`Log`] is dropped. A second one replaces the first.
pub fn log() -> Log {
    let lines = Rc::default();
    LOG.set(Some(Rc::clone(&lines)));
    Log { lines }
}

/// The lines that were logged since [`log`].
#[derive(Debug)]
#[must_use = "lines are kept only as long as it lives"]
pub struct Log {
    lines: Rc<RefCell<Vec<Line>>>,
}

impl Log {
    /// The lines so far, in order.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.borrow().clone()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LOG.with_borrow_mut(|log| log.take_if(|lines| Rc::ptr_eq(lines, &self.lines)));
    }
}

/// Keeps one line, when a test listens.
pub(crate) fn record(level: Level, target: &str, message: &str, fields: Map<String, Value>) {
    LOG.with_borrow(|log| {
        if let Some(lines) = log {
            lines.borrow_mut().push(Line { level, target: target.to_owned(), message: message.to_owned(), fields });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::get;

    #[test]
    fn nothing_answers_before_and_after() {
        assert!(get("https://a.example").send().is_err());
        let network = http(|_| reply(200, "x"));
        assert!(get("https://a.example").send().is_ok());
        drop(network);
        assert!(get("https://a.example").send().is_err());
    }

    #[test]
    fn dropping_a_replaced_stand_in_leaves_the_new_one() {
        let first = http(|_| reply(500, "x"));
        let second = http(|_| reply(200, "x"));
        drop(first);
        assert_eq!(get("https://a.example").send().unwrap().status(), 200);
        assert_eq!(second.requests().len(), 1);
    }
}
