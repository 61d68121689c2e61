//! What the end-to-end tests stand on: the real `nexus` as a child process, and the outside world as stand-ins.
//!
//! Nothing here fakes the product. A [`TestHost`] runs the binary that people run, in a home of its own and with an
//! environment that holds only what the test gives it; shards are real components with real signatures; a vendor is a
//! real HTTP server on a loopback port that answers in the vendor's own shapes, faults included. Everything ends with its
//! value: processes are killed, servers stop, folders are removed.
//!
//! All of it is test code, so what cannot go on panics, with a message that says what to do.
//!
//! `cargo xtask test` builds what is needed first. Used without it, each part says what is missing and how to get it.

#![expect(clippy::expect_used, clippy::panic, reason = "test code that is shared, and so does not lie in a test")]

pub mod bad_input;
pub mod console;
pub mod fedex;
pub mod home;
pub mod location;
pub mod outcome;
pub mod publisher;
pub mod python;
mod random;
pub mod serving;
mod skip;

pub use console::Session;
pub use fedex::FedEx;
pub use home::TestHost;
pub use outcome::Outcome;
pub use publisher::{Publisher, Release};
pub use serving::Serving;
pub use skip::skip;
