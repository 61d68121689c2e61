//! The settings that a shard can read: those that its manifest declares, with the operator's values or the defaults.

use std::collections::BTreeMap;

use nexus_package::{ConfigDeclaration, ConfigKey, ConfigKind, Manifest};
use serde_json::{Map, Value};

use crate::grant::GrantError;

/// One shard's settings, each value of its declared kind.
#[derive(Debug)]
pub(crate) struct Settings {
    declared: BTreeMap<ConfigKey, ConfigDeclaration>,
    operator: BTreeMap<String, String>,
}

impl Settings {
    /// Joins the declarations with the operator's values.
    ///
    /// # Errors
    /// [`GrantError::UnknownConfig`] for a value that nothing declares (a typing error would otherwise go unseen),
    /// [`GrantError::InvalidConfig`] for one that is not of its kind.
    pub(crate) fn new(manifest: &Manifest, operator: BTreeMap<String, String>) -> Result<Self, GrantError> {
        for (key, value) in &operator {
            let Some(declaration) = manifest.config.get(key.as_str()) else {
                return Err(GrantError::UnknownConfig { key: key.clone() });
            };
            let invalid = |reason| GrantError::InvalidConfig { key: key.clone(), reason };
            declaration.kind.accepts(value).map_err(invalid)?;
        }
        Ok(Self { declared: manifest.config.clone(), operator })
    }

    /// The operator's value or the default; none for a key without either, and for every key that is not declared.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let default = self.declared.get(key)?.default.as_deref();
        self.operator.get(key).map(String::as_str).or(default)
    }

    /// Whether the operator gave the value.
    pub(crate) fn is_operators(&self, key: &ConfigKey) -> bool {
        self.operator.contains_key(key.as_str())
    }

    /// One JSON object with every declared key: a value of its kind, or null.
    pub(crate) fn to_json(&self) -> String {
        let values = self.declared.iter().map(|(key, declaration)| {
            let value = self.get(key.as_str()).and_then(|text| json(declaration.kind, text));
            (key.to_string(), value.unwrap_or(Value::Null))
        });
        Value::Object(values.collect::<Map<_, _>>()).to_string()
    }
}

fn json(kind: ConfigKind, text: &str) -> Option<Value> {
    match kind {
        ConfigKind::String | ConfigKind::Url => Some(text.into()),
        ConfigKind::Integer => text.parse::<i64>().ok().map(Value::from),
        ConfigKind::Number => text.parse::<f64>().ok().map(Value::from),
        ConfigKind::Boolean => text.parse::<bool>().ok().map(Value::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::tests::manifest;

    fn settings(values: &[(&str, &str)]) -> Result<Settings, GrantError> {
        let manifest = manifest(
            r#"
            [config.TEXT]
            [config.PAGE]
            type = "integer"
            default = 50
            [config.RATIO]
            type = "number"
            [config.USE_MOCK]
            type = "boolean"
            default = false
            "#,
        );
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Settings::new(&manifest, values.collect())
    }

    #[test]
    fn gives_the_operators_value_or_the_default_and_nothing_undeclared() {
        let settings = settings(&[("TEXT", "hello")]).unwrap();
        assert_eq!(settings.get("TEXT"), Some("hello"));
        assert_eq!(settings.get("PAGE"), Some("50"));
        assert_eq!(settings.get("RATIO"), None);
        assert_eq!(settings.get("PATH"), None);
    }

    #[test]
    fn json_has_every_declared_key_as_its_kind() {
        let settings = settings(&[("PAGE", "7"), ("RATIO", "0.5"), ("USE_MOCK", "true")]).unwrap();
        let json: Value = serde_json::from_str(&settings.to_json()).unwrap();
        assert_eq!(json, serde_json::json!({ "TEXT": null, "PAGE": 7, "RATIO": 0.5, "USE_MOCK": true }));
    }

    #[test]
    fn refuses_a_key_that_is_not_declared_and_a_value_of_another_kind() {
        assert_eq!(settings(&[("TEXTT", "x")]).unwrap_err().code(), "config-unknown");
        assert_eq!(settings(&[("PAGE", "many")]).unwrap_err().code(), "config-invalid");
    }
}
