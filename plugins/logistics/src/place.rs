//! The parts of an address and the weight of a parcel, as they may be asked for.

use nexus_shard::prelude::*;

use crate::unfit::Unfit;

/// One line of an address: 1 to 100 characters, not blank, nothing but what prints.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 100, "pattern" = "\\S"))]
pub(crate) struct Line(String);

impl TryFrom<String> for Line {
    type Error = Unfit;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        if (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Unfit("a line of an address has 1 to 100 characters and no control characters"))
        }
    }
}

/// A state or province code of two or three letters or digits, in capitals.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9]{2,3}$", "minLength" = 2, "maxLength" = 3))]
pub(crate) struct StateCode(String);

impl TryFrom<String> for StateCode {
    type Error = Unfit;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(Unfit("a state is given by its code of two or three letters, as in TX"))
        }
    }
}

/// A postal code: 2 to 10 letters, digits, spaces and hyphens, in capitals.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9][A-Za-z0-9 -]{1,9}$", "minLength" = 2, "maxLength" = 10))]
pub(crate) struct PostalCode(String);

impl TryFrom<String> for PostalCode {
    type Error = Unfit;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-');
        if (2..=10).contains(&text.len())
            && text.bytes().all(fits)
            && text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(Unfit("a postal code has 2 to 10 letters, digits, spaces and hyphens"))
        }
    }
}

/// A country by its ISO 3166-1 alpha-2 code, in capitals. US when nothing is said.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Za-z]{2}$", "minLength" = 2, "maxLength" = 2))]
pub(crate) struct CountryCode(String);

impl Default for CountryCode {
    fn default() -> Self {
        Self("US".to_owned())
    }
}

impl TryFrom<String> for CountryCode {
    type Error = Unfit;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(Unfit("a country is given by its ISO 3166-1 code of two letters, as in US"))
        }
    }
}

macro_rules! readable {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }
    )*};
}
readable!(Line, StateCode, PostalCode, CountryCode);

/// Pounds: 0.1 to 150, the most that FedEx takes as a parcel.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "f64")]
#[schemars(extend("minimum" = 0.1, "maximum" = 150))]
pub(crate) struct Pounds(f64);

impl Pounds {
    /// The number.
    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Pounds {
    type Error = Unfit;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        if (0.1..=150.0).contains(&number) { Ok(Self(number)) } else { Err(Unfit("a parcel weighs 0.1 to 150 pounds")) }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{from_value, json};

    use super::*;

    fn refused<T: DeserializeOwned>(values: impl IntoIterator<Item = impl Serialize>) -> bool {
        values.into_iter().all(|value| from_value::<T>(json!(value)).is_err())
    }

    #[test]
    fn codes_are_put_in_capitals() {
        assert_eq!(from_value::<StateCode>(json!("tx")).unwrap().as_str(), "TX");
        assert_eq!(from_value::<PostalCode>(json!("m5x 1c9")).unwrap().as_str(), "M5X 1C9");
        assert_eq!(from_value::<CountryCode>(json!("ca")).unwrap().as_str(), "CA");
        assert_eq!(CountryCode::default().as_str(), "US");
    }

    #[test]
    fn what_is_no_such_thing_is_refused() {
        assert!(refused::<Line>(["", "   ", "a\nb", &"x".repeat(101)]));
        assert!(refused::<StateCode>(["T", "Texas", "T-"]));
        assert!(refused::<PostalCode>(["7", "78701-12345", "-8701", "78_01"]));
        assert!(refused::<CountryCode>(["", "U", "USA", "U1"]));
        assert!(refused::<Pounds>([0.0, -1.0, 150.1, f64::NAN]));
    }
}
