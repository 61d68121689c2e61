//! HTTP through the host's broker.
//!
//! ```
//! use nexus_shard::{prelude::*, testing};
//!
//! #[derive(Deserialize)]
//! struct Reply { city: String }
//!
//! fn city_of(base: &str, postal: &str) -> ToolResult<String> {
//!     let url = format!("{base}/places/{}", http::segment(postal)?);
//!     let reply: Reply = http::get(url).query("country", "US").send()?.ok()?.json()?;
//!     Ok(reply.city)
//! }
//!
//! let _network = testing::http(|request| {
//!     assert_eq!(request.url, "https://api.example.com/places/38%20118?country=US");
//!     testing::reply(200, &serde_json::json!({ "city": "Memphis" }))
//! });
//! assert_eq!(city_of("https://api.example.com", "38 118")?, "Memphis");
//! # Ok::<(), ToolError>(())
//! ```
//!
//! The broker reaches only what the manifest declares and the operator granted, attaches credentials (a shard never holds
//! one, so never set `authorization`), retries what is safe to send twice and stops calling what keeps failing. A status of
//! 4xx or 5xx is a [`Response`]; [`Response::ok`] makes an [`Error`] of it, and `?` a [`ToolError`](crate::ToolError).

mod encoding;
mod error;
mod request;
mod response;

pub use self::{encoding::segment, error::Error, request::Request, response::Response};

/// Starts a `GET` request to an absolute URL.
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// Starts a `POST` request to an absolute URL. It is sent once, unless you say [`idempotent(true)`](Request::idempotent).
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url)
}

/// Starts a `PUT` request to an absolute URL.
pub fn put(url: impl Into<String>) -> Request {
    Request::new("PUT", url)
}

/// Starts a `PATCH` request to an absolute URL. It is sent once, unless you say [`idempotent(true)`](Request::idempotent).
pub fn patch(url: impl Into<String>) -> Request {
    Request::new("PATCH", url)
}

/// Starts a `DELETE` request to an absolute URL.
pub fn delete(url: impl Into<String>) -> Request {
    Request::new("DELETE", url)
}
