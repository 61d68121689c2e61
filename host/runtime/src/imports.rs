//! What the host gives a guest: each import is a thin step from a WIT type to the broker, one file per interface.

mod config;
mod http;
mod log;
pub(crate) mod wasi_http;

use crate::bindings::v0_1::nexus::shard::types;
use crate::state::State;

impl types::Host for State {}
