//! Shards as WebAssembly: loading, limits, lifecycle and calls.
//!
//! The only user of wasmtime in Nexus. It takes a [`Verified`](nexus_package::Verified) package, refuses imports that the
//! signed manifest does not declare, and runs each call with a fuel budget, a deadline, a memory cap and size caps. What a
//! guest may do outside its own memory is not decided here: every import is a thin step from a WIT type to
//! [`nexus_broker::ShardAccess`].
//!
//! A guest is an attacker: it may loop, hoard, recurse, trap, return a hundred megabytes, or hold data back between
//! calls. Whatever it does costs it its own instance and nothing else.

mod bindings;
mod cache;
mod call;
mod component;
mod engine;
mod imports;
mod instance;
mod limits;
mod load;
mod pool;
mod shard;
mod state;

pub use cache::CacheError;
pub use call::{Answer, CallFailure, FailureCode, Measures, ShardError, ShardErrorKind};
pub use component::{InspectError, Interfaces};
pub use engine::{Runtime, RuntimeSettings, StartError};
pub use limits::{Ceiling, Limits};
pub use load::LoadError;
pub use shard::{Shard, ToolSpec};
