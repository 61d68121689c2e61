//! What a shard can ask for beyond computing.

use std::fmt;

/// A power that a shard has only when its manifest declares it and the operator grants it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Capability {
    /// Sending HTTP requests: declared by at least one `[[http]]`.
    Http,
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http => formatter.write_str("http"),
        }
    }
}
