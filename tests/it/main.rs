//! End-to-end tests: real processes, real wasm, stand-in vendors.
//!
//! One binary, because each one links the world again. `cargo xtask test` builds what it runs: the debug build of `nexus`,
//! the first-party shards, the shards of `tests/fixtures`, and an environment with the official Python client.

#![expect(clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod architecture;
mod bad_input;
mod client;
mod docs;
mod drop_in;
mod lifecycle;
mod live_fedex;
mod misbehaviour;
mod python_client;
mod rmcp_client;
mod scene;
mod sign_and_serve;
mod sizes;
mod wasi_http;
