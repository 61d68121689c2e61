//! What the watch tells the host.

use std::path::PathBuf;

use nexus_package::{Package, ShardName, Verified};

/// Something that the host has to act on. Paths are for messages: what to load is in the package.
#[derive(Debug)]
pub enum Event {
    /// A shard that did not serve is to serve.
    Appeared {
        /// The release.
        package: Verified<Package>,
        /// Where it came from.
        path: PathBuf,
    },
    /// A shard that serves is to serve another release, or the same with another statement.
    Changed {
        /// The release.
        package: Verified<Package>,
        /// Where it came from.
        path: PathBuf,
    },
    /// A shard is to serve no more: its file is gone, or it is no longer trusted.
    Removed {
        /// The shard.
        name: ShardName,
        /// Where it had come from.
        path: PathBuf,
    },
    /// A file is not accepted. Nothing that serves changes by it.
    Refused {
        /// The file.
        path: PathBuf,
        /// Stable across releases.
        code: &'static str,
        /// A sentence that says why and what to do.
        reason: String,
    },
    /// The folder, the trust policy or the lockfile cannot be read. What was read last stays in force.
    Trouble {
        /// Stable across releases.
        code: &'static str,
        /// A sentence that says why and what to do.
        reason: String,
    },
    /// Everything that was there at the start has been told.
    Scanned,
}
