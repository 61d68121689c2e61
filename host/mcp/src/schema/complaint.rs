//! Why a value breaks a schema, in a sentence that names the property and the rule, so that a model can put it right.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::text;

/// How many broken rules are named.
const MAX_NAMED: usize = 5;
/// How many options of an `enum` are named.
const MAX_OPTIONS: usize = 20;
/// The longest text about one broken rule, in bytes.
const MAX_BYTES: usize = 400;

/// Names the first few broken rules, each with the JSON pointer of its property.
pub(super) fn describe<'a>(errors: impl Iterator<Item = ValidationError<'a>>) -> String {
    let mut named = Vec::new();
    let mut more = 0_usize;
    for error in errors {
        if named.len() < MAX_NAMED {
            named.push(text::cut(text::clean_line(&sentence(&error)).into(), MAX_BYTES).into_owned());
        } else {
            more += 1;
            // Counting on would evaluate the whole schema for a number that nobody needs.
            if more == MAX_NAMED {
                break;
            }
        }
    }
    if more > 0 {
        named.push("and more".to_owned());
    }
    named.join("; ")
}

fn sentence(error: &ValidationError<'_>) -> String {
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } = error.kind()
        && let Some(inner) = furthest(error, context)
    {
        return sentence(inner);
    }
    let at = error.instance_path().as_str();
    let subject = if at.is_empty() { "the value".to_owned() } else { format!("`{at}`") };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            format!("`{at}/{}` is required and missing", property.as_str().unwrap_or_default())
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().take(MAX_NAMED).map(|name| format!("`{at}/{name}`")).collect();
            format!("{} is not a known property (additionalProperties)", names.join(", "))
        }
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let listed: Vec<String> = options.iter().take(MAX_OPTIONS).map(Value::to_string).collect();
            let more = if options.len() > MAX_OPTIONS { ", …" } else { "" };
            format!("{subject} must be one of {}{more} (enum)", listed.join(", "))
        }
        ValidationErrorKind::Pattern { pattern } => format!("{subject} must match the pattern {pattern} (pattern)"),
        ValidationErrorKind::BacktrackLimitExceeded { .. } => format!("{subject} takes too long to match (pattern)"),
        kind => format!("{subject}: {} ({})", error.masked_with("the value"), kind.keyword()),
    }
}

/// The error inside an alternative that got furthest into the value, when one got further than the alternatives themselves.
///
/// "`/to/street` is required" helps where "`/to` is not valid under any of the schemas" does not.
fn furthest<'e>(
    error: &ValidationError<'_>,
    alternatives: &'e [Vec<ValidationError<'static>>],
) -> Option<&'e ValidationError<'static>> {
    let depth = |error: &ValidationError<'_>| error.instance_path().segments().count();
    let inner = alternatives.iter().flatten().rev().max_by_key(|inner| depth(inner))?;
    (depth(inner) > depth(error)).then_some(inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaint(schema: &Value, value: &Value) -> String {
        describe(jsonschema::validator_for(schema).expect("is a schema").iter_errors(value))
    }

    #[test]
    fn names_the_property_and_the_rule() {
        let schema = json!({ "type": "object", "required": ["to"], "additionalProperties": false, "properties": {
            "to": { "type": "object", "properties": { "zip": { "type": "string", "maxLength": 5 } } },
            "weight": { "type": "number", "minimum": 0 },
            "unit": { "enum": ["kg", "lb"] } } });
        for (value, expected) in [
            (json!({}), "`/to` is required and missing"),
            (json!({ "to": 1 }), "`/to`: the value is not of type \"object\" (type)"),
            (json!({ "to": { "zip": "123456" } }), "`/to/zip`: the value is longer than 5 characters (maxLength)"),
            (json!({ "to": {}, "weight": -1 }), "`/weight`: the value is less than the minimum of 0 (minimum)"),
            (json!({ "to": {}, "unit": "g" }), "`/unit` must be one of \"kg\", \"lb\" (enum)"),
            (json!({ "to": {}, "colour": 1 }), "`/colour` is not a known property (additionalProperties)"),
        ] {
            assert_eq!(complaint(&schema, &value), expected, "{value}");
        }
    }

    #[test]
    fn looks_into_alternatives() {
        let schema = json!({ "properties": { "to": { "anyOf": [
            { "type": "object", "required": ["street"] , "properties": { "city": { "type": "string" } } }, { "type": "null" }] } } });
        assert_eq!(
            complaint(&schema, &json!({ "to": { "street": "x", "city": 1 } })),
            "`/to/city`: the value is not of type \"string\" (type)"
        );
    }

    #[test]
    fn is_short_and_clean_whatever_the_value() {
        let schema = json!({ "additionalProperties": false });
        let value: Value = (0..1000)
            .map(|n| (format!("p{n}\u{202e}{}", "x".repeat(1000)), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let text = complaint(&schema, &value);
        assert!(text.len() <= MAX_BYTES && !text.chars().any(text::hides), "{text}");
    }
}
