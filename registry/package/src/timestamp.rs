//! Moments, to the second, in UTC.
//!
//! This crate never asks what time it is; the caller passes a moment. Written as RFC 3339 with `Z`.

use std::fmt;
use std::str::FromStr;

use toml::value::{Datetime, Offset};

const SECONDS_PER_DAY: u64 = 86_400;
/// 9999-12-31T23:59:59Z, the last moment that RFC 3339 can write.
const LAST: u64 = 253_402_300_799;

/// A moment in UTC, in whole seconds from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(u64);

/// The text is no moment in UTC.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected a date such as 2026-11-20, or a moment in UTC such as 2026-11-20T08:00:00Z, from 1970 on")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The moment `seconds` after the Unix epoch; what lies past the year 9999 becomes its last second.
    pub fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds.min(LAST))
    }

    /// Seconds since the Unix epoch.
    pub fn unix_seconds(self) -> u64 {
        self.0
    }
}

/// Days from 1970-01-01 to the given date of the Gregorian calendar; `None` before 1970.
fn days_since_epoch(year: u64, month: u64, day: u64) -> Option<u64> {
    // Counted in years that begin in March, so that the leap day is the last one, from 0000-03-01, which is 719 468 days
    // before the epoch.
    let year = if month > 2 { year } else { year.checked_sub(1)? };
    let month = (month + 9) % 12;
    (year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day).checked_sub(1 + 719_468)
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Parses `YYYY-MM-DD` (the start of that day) or `YYYY-MM-DDThh:mm:ssZ`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Datetime { date: Some(date), time, offset } = text.parse().map_err(|_| InvalidTimestamp)? else {
            return Err(InvalidTimestamp);
        };
        let days = days_since_epoch(date.year.into(), date.month.into(), date.day.into()).ok_or(InvalidTimestamp)?;
        let seconds = match (time, offset) {
            (None, None) => 0,
            (Some(time), Some(Offset::Z)) if time.nanosecond.unwrap_or(0) == 0 => {
                let second = u64::from(time.second.unwrap_or(0));
                u64::from(time.hour) * 3600 + u64::from(time.minute) * 60 + second
            }
            _ => return Err(InvalidTimestamp),
        };
        let total = days * SECONDS_PER_DAY + seconds;
        if total > LAST { Err(InvalidTimestamp) } else { Ok(Self(total)) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0 / SECONDS_PER_DAY, self.0 % SECONDS_PER_DAY);
        // The inverse of `days_since_epoch`, by eras of 400 years (146 097 days).
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

crate::text::serde_as_text!(Timestamp);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments_have_their_unix_time() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-20T08:00:00Z", 1_795_161_600),
            ("9999-12-31T23:59:59Z", LAST),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp(seconds)));
            assert_eq!(Timestamp(seconds).to_string(), text);
        }
        assert_eq!("2026-11-20".parse(), Ok(Timestamp(1_795_132_800)));
    }

    #[test]
    fn refuses_what_is_ambiguous_or_impossible() {
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "1969-12-31",
            "2026-11-20T08:00:00",
            "2026-11-20T08:00:00+01:00",
            "2026-11-20T25:00:00Z",
            "2026-11-20T08:00:00.5Z",
            "08:00:00",
            "2026-11-20 ",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(seconds in 0..=LAST) {
            let moment = Timestamp::from_unix_seconds(seconds);
            prop_assert_eq!(moment.to_string().parse::<Timestamp>(), Ok(moment));
        }
    }
}
