//! Write Nexus shards in Rust: plain typed functions become sandboxed MCP tools.
//!
//! A *shard* is a WebAssembly component that offers tools to an AI assistant. This crate makes one of ordinary Rust: functions
//! with doc comments, types with derives, and one line at the end. `nexus shard new NAME` writes a project to start from; what
//! follows explains it step by step. Every snippet is compiled and run by this crate's tests.
//!
//! # A first tool
//!
//! ```
//! use nexus_shard::prelude::*;
//!
//! /// A greeting.
//! #[derive(Serialize, JsonSchema)]
//! struct Greeting {
//!     /// What to say
//!     text: String,
//! }
//!
//! /// Greet somebody by name. Use it when the user asks to say hello. Returns the greeting.
//! #[tool(title = "Greet somebody", read_only, idempotent)]
//! fn greet(
//!     /// Whom to greet
//!     name: String,
//! ) -> ToolResult<Greeting> {
//!     Ok(Greeting { text: format!("Hello, {name}!") })
//! }
//!
//! nexus_shard::shard!(greet);
//! ```
//!
//! - The doc comment of the function is the description that the model reads: what it does, when to use it, what it returns.
//! - Each parameter is a property of the tool's input, described by its doc comment. Leaving one out does not compile.
//! - The return type gives the output schema. A struct is sent as structured content, and as text for clients that read only that.
//! - [`tool`] takes a title for people and four hints: `read_only`, `destructive`, `idempotent`, `open_world`. A tool that is not
//!   read-only counts as destructive until it says `destructive = false`.
//! - [`shard!`] lists the tools and makes the component. It also writes a test which checks what only the types can tell.
//!
//! The project depends on `nexus-shard`, `serde` (with `derive`) and `schemars`, since the derives name those crates, and has
//! `crate-type = ["cdylib"]`. `cargo build --release --target wasm32-wasip2` makes the component, `nexus shard build` does the same.
//!
//! # Arguments
//!
//! A parameter may have any type that deserialises and has a schema. An [`Option`] may be left out by the caller; so may a
//! parameter with a `#[default]`, which the caller sees. Limits go into the schema with `#[schemars(…)]`, and the host checks them
//! before the tool is entered.
//!
//! ```
//! use nexus_shard::{prelude::*, testing};
//! use serde_json::json;
//!
//! /// A page of names.
//! #[derive(Serialize, JsonSchema)]
//! struct Page {
//!     /// The names
//!     names: Vec<String>,
//! }
//!
//! /// List names that begin with some letters.
//! #[tool(read_only, idempotent)]
//! fn list_names(
//!     /// How the names begin; all of them without it
//!     prefix: Option<String>,
//!     /// How many at most
//!     #[default(50)]
//!     #[schemars(range(min = 1, max = 500))]
//!     limit: usize,
//! ) -> ToolResult<Page> {
//!     let all = ["Ann", "Bob", "Carol"];
//!     let prefix = prefix.unwrap_or_default();
//!     let names = all.iter().filter(|name| name.starts_with(&prefix)).take(limit);
//!     Ok(Page { names: names.map(ToString::to_string).collect() })
//! }
//!
//! assert_eq!(testing::call::<list_names, _>(&(), json!({ "prefix": "B" }))?, json!({ "names": ["Bob"] }));
//!
//! let limit = &testing::definition::<list_names, ()>()?["inputSchema"]["properties"]["limit"];
//! assert_eq!(limit["default"], 50);
//! assert_eq!(limit["maximum"], 500);
//! # Ok::<(), ToolError>(())
//! ```
//!
//! A value with rules of its own is best a *newtype* that can only be made by keeping them. What it refuses comes back to the model as
//! an error that names the parameter and the reason; a pattern in the schema lets the model get it right at once.
//!
//! ```
//! use nexus_shard::{prelude::*, testing};
//! use serde_json::json;
//!
//! /// A tracking number: 12 to 34 digits.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(try_from = "String")]
//! #[schemars(extend("pattern" = "^[0-9]{12,34}$"))]
//! struct TrackingNumber(String);
//!
//! impl TryFrom<String> for TrackingNumber {
//!     type Error = &'static str;
//!
//!     fn try_from(text: String) -> Result<Self, Self::Error> {
//!         if (12..=34).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
//!             return Ok(Self(text));
//!         }
//!         Err("a tracking number has 12 to 34 digits")
//!     }
//! }
//!
//! /// Check a tracking number.
//! #[tool(read_only, idempotent)]
//! fn check(
//!     /// The number on the label
//!     number: TrackingNumber,
//! ) -> ToolResult<String> {
//!     Ok(format!("{} looks right", number.0))
//! }
//!
//! let error = testing::call::<check, _>(&(), json!({ "number": "12" })).unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::InvalidParams);
//! assert_eq!(error.message(), "`number`: a tracking number has 12 to 34 digits");
//! ```
//!
//! # Results and errors
//!
//! A tool returns a [`ToolResult`] of
//!
//! - a struct, a map with text keys, or an enum of structs: structured content with an output schema;
//! - `String`: text for the model, without a schema; `()`: nothing but that it is done.
//!
//! A list is not an object, and MCP wants one: put it into a struct. This does not compile:
//!
//! ```compile_fail
//! use nexus_shard::prelude::*;
//!
//! /// List names.
//! #[tool(read_only)]
//! fn names() -> ToolResult<Vec<String>> {
//!     Ok(vec![])
//! }
//! ```
//!
//! A [`ToolError`] has a [kind](ErrorKind), which decides what clients do with it, and a sentence for the model: what happened, why,
//! and what to do next. Keep secrets and other systems' answers out of it. Your own error type will do as well, when it
//! turns into a `ToolError`:
//!
//! ```
//! use nexus_shard::prelude::*;
//!
//! enum LookupError {
//!     Unknown(u32),
//! }
//!
//! impl From<LookupError> for ToolError {
//!     fn from(error: LookupError) -> Self {
//!         match error {
//!             LookupError::Unknown(id) => ToolError::not_found(format!("no device {id}; list the devices first")).with("id", id),
//!         }
//!     }
//! }
//!
//! /// Name a device.
//! #[tool(read_only, idempotent)]
//! fn device_name(
//!     /// The device's number
//!     id: u32,
//! ) -> Result<String, LookupError> {
//!     if id == 1 { Ok("LAPTOP-01".into()) } else { Err(LookupError::Unknown(id)) }
//! }
//! ```
//!
//! A panic is a trap: the instance is discarded and the caller learns nothing of the reason. Return an error instead.
//!
//! # State and configuration
//!
//! What the tools share is a type that implements [`Shard`], made from the [`Config`] once for each instance. A tool that wants it
//! borrows it; one that wants to know about the call in progress borrows a [`Context`]. Neither is visible to the caller.
//!
//! ```
//! use nexus_shard::{prelude::*, testing};
//!
//! struct Directory {
//!     base_url: String,
//!     use_mock: bool,
//! }
//!
//! impl Shard for Directory {
//!     fn initialize(config: &Config) -> Result<Self, ToolError> {
//!         Ok(Self {
//!             base_url: config.require("DIRECTORY_URL")?.to_owned(),
//!             use_mock: config.flag("USE_MOCK")?,
//!         })
//!     }
//! }
//!
//! /// Tell where the directory is.
//! #[tool(read_only, idempotent)]
//! fn directory_address(directory: &Directory, context: &Context) -> ToolResult<String> {
//!     log::debug!("asked", call = context.call_id());
//!     Ok(if directory.use_mock { "nowhere".into() } else { directory.base_url.clone() })
//! }
//!
//! nexus_shard::shard!(Directory { directory_address });
//!
//! let config = testing::config([("DIRECTORY_URL", "https://directory.example")]);
//! let directory = Directory::initialize(&config)?;
//! assert_eq!(directory_address(&directory, &testing::context())?, "https://directory.example");
//! # Ok::<(), ToolError>(())
//! ```
//!
//! A shard sees the keys that its manifest, `shard.toml`, declares, and no others:
//!
//! ```toml
//! [config.DIRECTORY_URL]
//! description = "Where the directory answers"
//! [config.USE_MOCK]
//! type = "boolean"
//! default = "false"
//! ```
//!
//! The host runs several instances side by side and retires them as it likes, so memory is neither shared nor lasting.
//!
//! # HTTP
//!
//! A shard reaches the destinations that its manifest declares and the operator granted, by way of the host's broker:
//!
//! ```toml
//! [[http]]
//! url = "{config:DIRECTORY_URL}"
//! methods = ["GET"]
//! auth = "directory"
//! [auth.directory]
//! kind = "bearer"
//! token = { secret = "DIRECTORY_TOKEN" }
//! ```
//!
//! The broker attaches the credentials: they never enter the sandbox. What remains is one line, see [`http`]:
//!
//! ```
//! use nexus_shard::{prelude::*, testing};
//!
//! /// A person.
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Person {
//!     /// The full name
//!     name: String,
//! }
//!
//! /// Look a person up by email address.
//! #[tool(read_only, idempotent, open_world)]
//! fn person_by_email(
//!     /// The address
//!     email: String,
//! ) -> ToolResult<Person> {
//!     let url = format!("https://directory.example/people/{}", http::segment(&email)?);
//!     Ok(http::get(url).query("fields", "name").send()?.ok()?.json()?)
//! }
//!
//! let _network = testing::http(|_| testing::reply(404, "no such person"));
//! let error = person_by_email("a@b.example".into()).err().unwrap();
//! assert_eq!(error.kind(), ErrorKind::NotFound);
//! assert_eq!(error.message(), "directory.example answered with status 404");
//! ```
//!
//! # Testing
//!
//! Tools are functions, so `cargo test` runs them natively, without a host. [`testing`] stands in for what the host gives: answers to
//! HTTP requests, configuration, log lines. What a tool looks like to a client is [`testing::definition`].

mod arguments;
#[doc(hidden)]
#[expect(clippy::same_length_and_capacity, reason = "generated")]
pub mod bindings;
mod component;
mod config;
mod context;
mod definition;
mod error;
pub mod http;
mod instance;
pub mod log;
mod output;
mod schema;
mod shard;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod tool;

use instance::Instance;

pub use crate::{
    config::Config,
    context::Context,
    error::{ErrorKind, ToolError, ToolResult},
    shard::Shard,
};
pub use nexus_shard_macros::tool;

/// What a shard's source begins with: `use nexus_shard::prelude::*;`.
pub mod prelude {
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};

    pub use crate::{Config, Context, ErrorKind, Shard, ToolError, ToolResult, http, log, shard, tool};
}

/// What the macros' expansions name. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use schemars;

    pub use crate::{
        arguments::Arguments,
        bindings,
        component::Component,
        definition::{Definition, DefinitionError, Source},
        instance::Instance,
        output::{Outcome, Output},
        tool::{Entry, Tool},
    };
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
