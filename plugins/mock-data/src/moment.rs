//! Times of the mock world.

use std::fmt;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

/// A moment, on the clock of the place that it belongs to.
///
/// Prints as RFC 3339 with seconds and offset: `2026-06-17T15:00:00-05:00`. Ordered by the instant.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Moment {
    unix_seconds: i64,
    utc_offset: i8,
}

impl Moment {
    /// The mock world's "now": Wednesday 2026-06-17, 20:00 UTC.
    pub const REFERENCE: Self = Self { unix_seconds: 1_781_726_400, utc_offset: 0 };

    /// This moment moved by `minutes`, which may be negative.
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        Self { unix_seconds: self.unix_seconds + 60 * minutes, ..self }
    }

    /// The same instant on a clock that is `hours` ahead of UTC.
    #[must_use]
    pub fn at_offset(self, hours: i8) -> Self {
        Self { utc_offset: hours, ..self }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(self) -> i64 {
        self.unix_seconds
    }

    pub(crate) fn local(self) -> DateTime<FixedOffset> {
        let utc = DateTime::<Utc>::from_timestamp(self.unix_seconds, 0).unwrap_or_default();
        FixedOffset::east_opt(i32::from(self.utc_offset) * 3600)
            .map_or_else(|| utc.fixed_offset(), |offset| utc.with_timezone(&offset))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.local().to_rfc3339_opts(SecondsFormat::Secs, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_what_its_documentation_says() {
        assert_eq!(Moment::REFERENCE.to_string(), "2026-06-17T20:00:00+00:00");
        assert_eq!(Moment::REFERENCE.local().format("%A").to_string(), "Wednesday");
    }

    #[test]
    fn an_offset_changes_the_clock_and_not_the_instant() {
        let local = Moment::REFERENCE.at_offset(-5);
        assert_eq!(local.to_string(), "2026-06-17T15:00:00-05:00");
        assert_eq!(local.unix_seconds(), Moment::REFERENCE.unix_seconds());
    }
}
