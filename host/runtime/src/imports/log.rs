//! `nexus:shard/log`.

use nexus_broker::Level;

use crate::bindings::v0_1::nexus::shard::log::{Host, Level as GuestLevel};
use crate::state::State;

impl Host for State {
    fn emit(&mut self, level: GuestLevel, target: String, message: String, fields: Option<String>) -> wasmtime::Result<()> {
        let level = match level {
            GuestLevel::Trace => Level::Trace,
            GuestLevel::Debug => Level::Debug,
            GuestLevel::Info => Level::Info,
            GuestLevel::Warn => Level::Warn,
            GuestLevel::Error => Level::Error,
        };
        self.access.log(&self.scope, level, &target, &message, fields.as_deref());
        Ok(())
    }
}
