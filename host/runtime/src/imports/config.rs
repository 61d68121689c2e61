//! `nexus:shard/config`.

use crate::bindings::v0_1::nexus::shard::config::Host;
use crate::state::State;

impl Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.access.config(&key).map(str::to_owned))
    }
}
