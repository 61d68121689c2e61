//! JSON from outside, read so that everybody who reads it sees the same.
//!
//! Two parsers that disagree on one text are an attack: the one that checks sees the first of two equal keys, the one
//! that acts sees the second. So duplicate keys, a byte-order mark, invalid UTF-8 and numbers that a double cannot hold
//! are refused, and so is nesting that would cost a stack. Used for the envelope and for the statement inside it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Deepest nesting of arrays and objects.
const MAX_NESTING: u32 = 32;

/// Largest magnitude of a number, 2^53: up to here every JSON reader sees the same integer (RFC 8259, section 6).
pub(crate) const MAX_NUMBER: u64 = 1 << 53;

/// Why a text is not JSON that this host reads.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It begins with a byte-order mark.
    #[error("begins with a byte-order mark")]
    ByteOrderMark,
    /// It is not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// It breaks JSON's grammar, has a duplicate key, nests deeper than 32, or has a number over 2^53.
    #[error("is not strict JSON: {0}")]
    Invalid(serde_json::Error),
}

/// Reads one JSON value. The caller has limited the size.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::ByteOrderMark);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { nesting: 0 }.deserialize(&mut deserializer).map_err(JsonError::Invalid)?;
    deserializer.end().map_err(JsonError::Invalid)?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict {
    nesting: u32,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.nesting == MAX_NESTING {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { nesting: self.nesting + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_NUMBER { Err(E::custom("number over 2^53")) } else { Ok(value.into()) }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_NUMBER { Err(E::custom("number over 2^53")) } else { Ok(value.into()) }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        const LIMIT: f64 = 9_007_199_254_740_992.0;
        if value.abs() > LIMIT { Err(E::custom("number over 2^53")) } else { Ok(value.into()) }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inner)?;
            if values.insert(key, value).is_some() {
                return Err(A::Error::custom("duplicate key"));
            }
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_ordinary_json() {
        let value = parse(br#" {"a": [1, -2, 0.5, true, null, "\u00e9"], "b": {}} "#).expect("it is JSON");
        assert_eq!(value, json!({"a": [1, -2, 0.5, true, null, "é"], "b": {}}));
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for text in [
            &br#"{"a": 1, "a": 1}"#[..],
            br#"{"a": 1, "\u0061": 2}"#,
            br#"{"x": {"a": 1, "a": 2}}"#,
            b"9007199254740993",
            b"-9007199254740993",
            b"1e300",
            b"18446744073709551616",
            b"{} {}",
            b"NaN",
            b"{\"a\": 1,}",
            b"'a'",
            br#""\ud800""#,
            b"",
            b"// comment\n{}",
        ] {
            assert!(matches!(parse(text), Err(JsonError::Invalid(_))), "{}", String::from_utf8_lossy(text));
        }
        assert!(matches!(parse(b"\xef\xbb\xbf{}"), Err(JsonError::ByteOrderMark)));
        assert!(matches!(parse(b"\"\xff\""), Err(JsonError::NotUtf8)));
    }

    #[test]
    fn the_largest_numbers_and_the_deepest_nesting_are_read_and_no_more() {
        assert_eq!(parse(b"9007199254740992").expect("2^53"), json!(MAX_NUMBER));
        let nested = |depth: usize| parse(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        assert!(nested(32).is_ok());
        assert!(nested(33).is_err());
        assert!(nested(1_000).is_err());
        assert!(parse("[".repeat(200_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            drop(parse(&bytes));
        }

        #[test]
        fn agrees_with_serde_json_on_what_it_accepts(text in r#"[\[\]{}",:0-9a ]{0,40}"#) {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).expect("a subset"), value);
            }
        }
    }
}
