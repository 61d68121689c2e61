//! Reading what FedEx wrote.
//!
//! Foreign: anything may be missing, null or of another type than the reference says, and one odd field must not cost the
//! others. So nothing here fails: what is not as expected is not there.

use nexus_shard::prelude::*;
use serde_json::Value;

/// A part of an answer. A path names the members on the way down.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Answer(Value);

impl Answer {
    /// The member at `path`, unless it is null.
    pub(super) fn part(&self, path: &[&str]) -> Option<Self> {
        self.at(path).filter(|value| !value.is_null()).cloned().map(Self)
    }

    /// The list at `path`.
    pub(super) fn list(&self, path: &[&str]) -> Option<Vec<Self>> {
        Some(self.at(path)?.as_array()?.iter().cloned().map(Self).collect())
    }

    /// The items of the list at `path`; none when there is no list.
    pub(super) fn items(&self, path: &[&str]) -> Vec<Self> {
        self.list(path).unwrap_or_default()
    }

    /// The text at `path`, unless it is blank.
    pub(super) fn text(&self, path: &[&str]) -> Option<String> {
        let text = self.at(path)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The number at `path`, which FedEx often writes in quotes.
    pub(super) fn number(&self, path: &[&str]) -> Option<f64> {
        let number = match self.at(path)? {
            Value::String(text) => text.trim().parse().ok()?,
            other => other.as_f64()?,
        };
        Some(number).filter(|number| number.is_finite())
    }

    /// Whether there is a true at `path`, which FedEx sometimes writes in quotes.
    pub(super) fn truth(&self, path: &[&str]) -> Option<bool> {
        match self.at(path)? {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.0, |inside, name| inside.get(name))
    }
}

#[cfg(test)]
impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_is_there_in_either_spelling() {
        let answer =
            Answer(json!({ "a": { "text": " x ", "n": "2.50", "m": 3, "t": "true", "f": false, "l": [1, 2] } }));
        assert_eq!(answer.text(&["a", "text"]).as_deref(), Some("x"));
        assert_eq!((answer.number(&["a", "n"]), answer.number(&["a", "m"])), (Some(2.5), Some(3.0)));
        assert_eq!((answer.truth(&["a", "t"]), answer.truth(&["a", "f"])), (Some(true), Some(false)));
        assert_eq!(answer.items(&["a", "l"]).len(), 2);
    }

    #[test]
    fn what_is_of_another_kind_is_not_there() {
        let answer = Answer(json!({ "null": null, "number": 7, "blank": "  ", "nan": "NaN", "text": "x" }));
        for name in ["null", "number", "blank", "absent"] {
            assert_eq!(answer.text(&[name]), None, "{name}");
        }
        for name in ["null", "blank", "nan", "text", "absent"] {
            assert_eq!(answer.number(&[name]), None, "{name}");
            assert_eq!(answer.truth(&[name]), None, "{name}");
        }
        assert!(answer.part(&["null"]).is_none());
        assert!(answer.items(&["text", "deeper"]).is_empty());
    }
}
