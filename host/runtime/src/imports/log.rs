//! `nexus:shard/log`.

use nexus_broker::LogLevel;

use crate::bindings::v0_1::nexus::shard::log::{Host, Level};
use crate::state::State;

impl Host for State {
    fn emit(&mut self, level: Level, target: String, message: String, fields: Option<String>) -> wasmtime::Result<()> {
        let level = match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.access.log(&self.scope, level, &target, &message, fields.as_deref());
        Ok(())
    }
}
