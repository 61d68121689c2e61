//! `[limits]`: what a shard asks for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::quantity;

/// Largest linear memory, in bytes: what 32-bit wasm can address.
pub(super) const MAX_MEMORY: u64 = 4 << 30;
/// Longest deadline of a call.
pub(super) const MAX_DEADLINE: Duration = Duration::from_hours(1);

/// The limits a shard asks for. The operator may give less, and gives the host's default for what is not asked.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedLimits {
    /// Fuel per call, 1 to 2^53 units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// Bytes of memory per instance, at most 4 GiB. Written as `"64 MiB"`.
    #[serde(default, with = "quantity::size", skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Wall-clock time per call, at most one hour. Written as `"30s"`.
    #[serde(default, with = "quantity::duration", skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
}

impl RequestedLimits {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
