//! Serving MCP, both protocol eras: sessions, the router, schemas, and the path of a call.
//!
//! What this crate holds to:
//!
//! * **Nothing a back end says is trusted.** Tools are linted one by one and a bad one is quarantined alone
//!   ([`Quarantine`]); names, titles, descriptions and error messages are stripped of everything that hides
//!   ([`text`]); a result that breaks its own schema does not reach the client.
//! * **A back end is entered with valid arguments only**, and with a bounded number of calls at once.
//! * **A swap is atomic.** [`Router::publish`] replaces all tools of a back end in one step; a call keeps what it started with.
//! * **One way in, one way out**: every call, from any transport, goes through [`Router::call`].
//!
//! It knows no WebAssembly and no HTTP server: back ends come in as [`BackEnd`], and [`http_service`] is mounted by the hub.

mod answer;
mod back_end;
mod call;
mod changes;
mod definition;
mod http;
mod router;
mod schema;
mod server;
mod stdio;
#[cfg(test)]
mod testing;
pub mod text;

pub use answer::Answer;
pub use back_end::{BackEnd, Category, ToolCall, ToolFailure, ToolOutput};
pub use call::{CallLimits, UnknownTool};
pub use definition::ToolDefinition;
pub use futures::future::BoxFuture;
pub use http::{HttpService, HttpSettings, Sessions, SessionsError, http_service};
pub use router::{Published, Quarantine, Quarantined, Router, ServedTool};
pub use schema::SchemaError;
pub use server::{Server, ServerInfo};
pub use stdio::{StdioError, serve_stdio, serve_stream};
