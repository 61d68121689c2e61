//! What may be asked for.

use std::fmt;

use nexus_shard::prelude::*;

use crate::unfit::Unfit;

/// A FedEx tracking number: 12 to 34 digits, nothing else.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9]{12,34}$", "minLength" = 12, "maxLength" = 34))]
pub(crate) struct TrackingNumber(String);

impl TrackingNumber {
    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What a tool says when no carrier knows the number.
    pub(crate) fn not_found(&self) -> ToolError {
        ToolError::not_found(format!(
            "FedEx knows no parcel {self}. Check the number; a new label can take a day to be known."
        ))
    }
}

impl TryFrom<String> for TrackingNumber {
    type Error = Unfit;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (12..=34).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(Unfit("a tracking number has 12 to 34 digits and nothing else"))
        }
    }
}

impl From<TrackingNumber> for String {
    fn from(number: TrackingNumber) -> Self {
        number.0
    }
}

impl fmt::Display for TrackingNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One to thirty tracking numbers, as many as FedEx takes at once.
///
/// Each number is there once, at the place where it was first asked for.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(try_from = "Vec<TrackingNumber>")]
#[schemars(extend("minItems" = 1, "maxItems" = 30))]
pub(crate) struct TrackingNumbers(Vec<TrackingNumber>);

impl TrackingNumbers {
    const MOST: usize = 30;

    /// The numbers, in the order asked.
    pub(crate) fn into_vec(self) -> Vec<TrackingNumber> {
        self.0
    }
}

impl TryFrom<Vec<TrackingNumber>> for TrackingNumbers {
    type Error = Unfit;

    fn try_from(asked: Vec<TrackingNumber>) -> Result<Self, Self::Error> {
        if !(1..=Self::MOST).contains(&asked.len()) {
            return Err(Unfit("ask for 1 to 30 tracking numbers at a time"));
        }
        let mut distinct = Vec::with_capacity(asked.len());
        for number in asked {
            if !distinct.contains(&number) {
                distinct.push(number);
            }
        }
        Ok(Self(distinct))
    }
}

#[cfg(test)]
pub(crate) fn number(text: &str) -> TrackingNumber {
    text.to_owned().try_into().unwrap()
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn takes_12_to_34_digits() {
        for good in ["123456789012", "123456789012345", &"1".repeat(34)] {
            assert_eq!(from_value::<TrackingNumber>(json!(good)).unwrap().as_str(), good);
        }
    }

    #[test]
    fn refuses_everything_else() {
        for bad in
            ["", "12345678901", &"1".repeat(35), "1234 5678 9012", "12345678901A", "١٢٣٤٥٦٧٨٩٠١٢", "123456789012\n"]
        {
            assert!(from_value::<TrackingNumber>(json!(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_number_asked_twice_is_there_once_in_the_order_asked() {
        let asked = json!(["333333333333", "111111111111", "333333333333", "222222222222"]);
        let numbers: TrackingNumbers = from_value(asked).unwrap();
        let texts: Vec<_> = numbers.0.iter().map(TrackingNumber::as_str).collect();
        assert_eq!(texts, ["333333333333", "111111111111", "222222222222"]);
    }

    #[test]
    fn takes_one_to_thirty() {
        let asked = |count: u64| json!((0..count).map(|each| format!("{each:012}")).collect::<Vec<_>>());
        assert!(from_value::<TrackingNumbers>(asked(0)).is_err());
        assert_eq!(from_value::<TrackingNumbers>(asked(30)).unwrap().0.len(), 30);
        assert!(from_value::<TrackingNumbers>(asked(31)).is_err());
    }
}
