//! Sizes and durations as people write them: `64 MiB`, `30s`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

/// A unit's spelling and how many of the base unit it holds, largest first.
type Units = [(&'static str, u64)];

const SIZES: &Units = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
const DURATIONS: &Units = &[("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a whole number and a unit, with at most one space between.
fn parse(text: &str, units: &Units) -> Option<u64> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// Writes `value` in the largest unit that divides it.
fn print(value: u64, units: &Units, space: &str) -> String {
    let fitting = units.iter().find(|(_, factor)| value.is_multiple_of(*factor) && value != 0);
    let (unit, factor) = fitting.or(units.last()).copied().unwrap_or(("", 1));
    format!("{}{space}{unit}", value / factor)
}

/// `Option<u64>` bytes as `"64 MiB"`.
pub(super) mod size {
    use super::{Deserialize, Deserializer, SIZES, Serializer, de, parse, print};

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(in super::super) fn serialize<S: Serializer>(bytes: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_str(&print(*bytes, SIZES, " ")),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = "expected a size such as \"64 MiB\" (B, KiB, MiB, GiB)";
        parse(&text, SIZES).map(Some).ok_or_else(|| de::Error::custom(expected))
    }
}

/// `Option<Duration>` as `"30s"`.
pub(super) mod duration {
    use super::{DURATIONS, Deserialize, Deserializer, Duration, Serializer, de, parse, print};

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(in super::super) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => {
                let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
                serializer.serialize_str(&print(milliseconds, DURATIONS, ""))
            }
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = "expected a duration such as \"30s\" (ms, s, m, h)";
        parse(&text, DURATIONS)
            .map(|value| Some(Duration::from_millis(value)))
            .ok_or_else(|| de::Error::custom(expected))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse("64 MiB", SIZES), Some(64 << 20));
        assert_eq!(parse("64MiB", SIZES), Some(64 << 20));
        assert_eq!(parse("500ms", DURATIONS), Some(500));
        assert_eq!(parse("2 m", DURATIONS), Some(120_000));
    }

    #[test]
    fn refuses_what_leaves_a_doubt() {
        for text in ["", "64", "MiB", "64 MB", "64 mib", "64  MiB", "-1 MiB", "1.5 GiB", "64 MiB ", "99999999999 GiB"] {
            assert_eq!(parse(text, SIZES), None, "{text}");
        }
        for text in ["30", "30 sec", "1d", "٣s"] {
            assert_eq!(parse(text, DURATIONS), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(value: u64) {
            prop_assert_eq!(parse(&print(value, SIZES, " "), SIZES), Some(value));
            prop_assert_eq!(parse(&print(value, DURATIONS, ""), DURATIONS), Some(value));
        }
    }
}
