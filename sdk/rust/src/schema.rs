//! JSON Schemas (draft 2020-12) from types, in the form that clients handle best: everything inline, no `$ref` save for a
//! type that contains itself, no title made of a type's name, and no format that only Rust knows (`uint32`, `double`).

use schemars::{JsonSchema, generate::SchemaSettings, transform::RestrictFormats};
use serde_json::{Map, Value, json};

/// The result may be something other than an object, a text or nothing.
#[derive(Debug, PartialEq)]
pub(crate) struct NotObject;

/// Describes the arguments, gathered in the struct `P`.
pub(crate) fn of_input<P: JsonSchema>() -> Value {
    let mut schema = root::<P>(settings().for_deserialize());
    schema.entry("properties").or_insert_with(|| json!({}));
    Value::Object(schema)
}

/// Describes the result; none when it is a text or nothing.
pub(crate) fn of_output<R: JsonSchema>() -> Result<Option<Value>, NotObject> {
    let mut schema = root::<R>(settings().for_serialize());
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => Ok(Some(Value::Object(schema))),
        Some("string" | "null") => Ok(None),
        // An enum of structs: MCP wants the type said once more, at the top.
        None if all_variants_are_objects(&schema) => {
            schema.insert("type".to_owned(), "object".into());
            Ok(Some(Value::Object(schema)))
        }
        _ => Err(NotObject),
    }
}

/// The way to the first property, in reading order, that has no description.
pub(crate) fn undescribed(schema: &Value) -> Option<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let inside = properties.into_iter().flatten().find_map(|(name, property)| {
        // A constant, the tag of an enum for instance, says all there is to say.
        let speaks = ["description", "const"].iter().any(|keyword| property.get(keyword).is_some());
        if !speaks {
            return Some(name.clone());
        }
        undescribed(property).map(|deeper| format!("{name}.{deeper}"))
    });
    inside.or_else(|| parts(schema).find_map(undescribed))
}

/// The schemas that are part of this one without being a property.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    let single = ["items", "additionalProperties"];
    let lists = ["oneOf", "anyOf", "allOf", "prefixItems"];
    let definitions = schema.get("$defs").and_then(Value::as_object);
    single
        .into_iter()
        .filter_map(|keyword| schema.get(keyword))
        .chain(lists.into_iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten())
        .chain(definitions.into_iter().flat_map(Map::values))
}

fn all_variants_are_objects(schema: &Map<String, Value>) -> bool {
    ["oneOf", "anyOf"].into_iter().any(|keyword| {
        schema
            .get(keyword)
            .and_then(Value::as_array)
            .is_some_and(|variants| variants.iter().all(|variant| variant["type"] == "object"))
    })
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RestrictFormats::default())
}

fn root<T: JsonSchema>(settings: SchemaSettings) -> Map<String, Value> {
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = match schema.to_value() {
        Value::Object(schema) => schema,
        // `true`: a type like `serde_json::Value`, of which nothing is known.
        _ => Map::new(),
    };
    // RestrictFormats needed `$schema`; MCP reads a schema without it as draft 2020-12.
    schema.shift_remove("$schema");
    schema.shift_remove("title");
    schema
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use schemars::JsonSchema;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Place {
        /// The city
        city: String,
        /// How far, in miles
        miles: Option<f64>,
        undescribed: u32,
    }

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Parameters {
        /// The places
        places: Vec<Place>,
    }

    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Found {
        One { a: u32 },
        None,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Tree {
        children: Vec<Tree>,
    }

    #[test]
    fn the_input_is_closed_inline_and_plain() {
        let schema = of_input::<Parameters>();
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": { "places": {
                    "description": "The places",
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "city": { "description": "The city", "type": "string" },
                            "miles": { "description": "How far, in miles", "type": ["number", "null"] },
                            "undescribed": { "type": "integer", "minimum": 0 },
                        },
                        "required": ["city", "undescribed"],
                    },
                } },
                "additionalProperties": false,
                "required": ["places"],
            })
        );
    }

    #[test]
    fn finds_a_property_without_a_description_however_deep() {
        assert_eq!(undescribed(&of_input::<Parameters>()).as_deref(), Some("places.undescribed"));
        assert_eq!(undescribed(&of_input::<Found>()).as_deref(), Some("a"));
        assert_eq!(undescribed(&json!({"type": "object"})), None);
    }

    #[test]
    fn an_output_is_an_object_or_a_text() {
        assert!(of_output::<Place>().unwrap().is_some());
        assert!(of_output::<BTreeMap<String, u32>>().unwrap().is_some());
        assert_eq!(of_output::<Found>().unwrap().unwrap()["type"], "object");
        assert!(of_output::<Tree>().unwrap().is_some());
        assert_eq!(of_output::<String>(), Ok(None));
        assert_eq!(of_output::<()>(), Ok(None));
    }

    #[test]
    fn an_output_of_another_shape_is_refused() {
        assert_eq!(of_output::<Vec<Place>>(), Err(NotObject));
        assert_eq!(of_output::<u32>(), Err(NotObject));
        assert_eq!(of_output::<Option<Place>>(), Err(NotObject));
        assert_eq!(of_output::<Value>(), Err(NotObject));
    }
}
