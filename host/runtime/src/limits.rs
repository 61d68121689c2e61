//! What one call and one instance may use, and the meter that holds memory to it.

use std::time::Duration;

use nexus_package::RequestedLimits;
use wasmtime::ResourceLimiter;

const MIB: u64 = 1024 * 1024;

/// The limits in force for one shard: what its manifest asks for, cut to the operator's [`Ceiling`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// CPU budget of one call, in wasmtime fuel units (10⁹ are about 65 ms on a current core).
    pub fuel: u64,
    /// Wall-clock time of one call, imports included.
    pub deadline: Duration,
    /// Bytes of all linear memories and tables of one instance together.
    pub memory: u64,
    /// Instances that may run side by side.
    pub instances: usize,
    /// Calls that may wait for an instance; one more is answered `busy`.
    pub waiting: usize,
    /// Bytes of a call's arguments, as JSON text.
    pub argument_bytes: usize,
    /// Bytes that a guest may hand over in one step: a result, or one import's arguments.
    pub result_bytes: usize,
    /// Calls after which an instance is retired, because guests leak handles.
    pub calls_per_instance: u64,
    /// Wall-clock time of `initialize`, `start`, `stop` and `dispose`, each.
    pub lifecycle: Duration,
}

/// The most that the operator gives to any shard. Its default is the table of defaults in the documentation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ceiling(pub Limits);

impl Default for Ceiling {
    fn default() -> Self {
        Self(Limits {
            fuel: 10_000_000_000,
            deadline: Duration::from_mins(1),
            memory: 256 * MIB,
            instances: 4,
            waiting: 64,
            argument_bytes: 1024 * 1024,
            result_bytes: 8 * 1024 * 1024,
            calls_per_instance: 10_000,
            lifecycle: Duration::from_secs(5),
        })
    }
}

/// What a shard gets that asks for nothing.
const DEFAULT_FUEL: u64 = 1_000_000_000;
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);
const DEFAULT_MEMORY: u64 = 64 * MIB;

impl Ceiling {
    /// The limits for a shard that asks for `requested`: never more than the ceiling.
    pub fn apply(&self, requested: &RequestedLimits, single: bool) -> Limits {
        let Self(most) = *self;
        Limits {
            fuel: requested.fuel.unwrap_or(DEFAULT_FUEL).min(most.fuel),
            deadline: requested.deadline.unwrap_or(DEFAULT_DEADLINE).min(most.deadline),
            memory: requested.memory.unwrap_or(DEFAULT_MEMORY).min(most.memory),
            instances: if single { 1 } else { most.instances.max(1) },
            ..most
        }
    }
}

/// Adds up every memory and table of one store. wasmtime's own limiter counts per memory, so a guest with a hundred
/// memories would get a hundred times its limit.
#[derive(Debug)]
pub(crate) struct MemoryMeter {
    limit: u64,
    used: u64,
    /// Whether growth was refused since the last call began: it turns the trap that usually follows into
    /// `memory-exceeded`.
    refused: bool,
}

/// A table element is a pointer-sized handle.
const TABLE_ELEMENT_BYTES: u64 = 8;

impl MemoryMeter {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: 0, refused: false }
    }

    /// Whether growth was refused since this was last asked.
    pub(crate) fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    fn grow(&mut self, current: usize, desired: usize, unit: u64) -> bool {
        let more = (desired.saturating_sub(current) as u64).saturating_mul(unit);
        let total = self.used.saturating_add(more);
        let allowed = total <= self.limit;
        if allowed {
            self.used = total;
        } else {
            self.refused = true;
        }
        allowed
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Past its own declared maximum the growth fails anyway and must not be counted.
        Ok(maximum.is_none_or(|maximum| desired <= maximum) && self.grow(current, desired, 1))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(maximum.is_none_or(|maximum| desired <= maximum) && self.grow(current, desired, TABLE_ELEMENT_BYTES))
    }

    // A Rust guest needs three core instances; a JavaScript one about ten.
    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_gets_at_most_the_ceiling() {
        let requested =
            RequestedLimits { fuel: Some(u64::MAX), memory: Some(u64::MAX), deadline: Some(Duration::from_hours(1)) };
        let limits = Ceiling::default().apply(&requested, false);
        assert_eq!(limits, Limits { instances: 4, ..Ceiling::default().0 });
    }

    #[test]
    fn a_single_shard_has_one_instance() {
        let limits = Ceiling::default().apply(&RequestedLimits::default(), true);
        assert_eq!(limits.instances, 1);
        assert_eq!(limits.fuel, DEFAULT_FUEL);
    }

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut meter = MemoryMeter::new(1000);
        assert!(meter.memory_growing(0, 600, None).unwrap());
        assert!(!meter.memory_growing(0, 600, None).unwrap());
        assert!(meter.take_refused());
        assert!(!meter.take_refused());
        assert!(!meter.table_growing(0, 51, None).unwrap());
        assert!(meter.table_growing(0, 50, None).unwrap());
    }

    #[test]
    fn growth_past_a_declared_maximum_is_not_charged() {
        let mut meter = MemoryMeter::new(1000);
        assert!(!meter.memory_growing(0, 600, Some(500)).unwrap());
        assert!(!meter.take_refused());
        assert!(meter.memory_growing(0, 1000, None).unwrap());
    }
}
