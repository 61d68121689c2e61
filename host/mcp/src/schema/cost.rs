//! How much work a schema can cause, known before it does any.
//!
//! The work of a check is at most *weight × nodes × branching ^ depth*: the subschemas met when every reference is written out
//! once, the value's nodes, and, for a schema that refers back to itself, the ways back, once per level of the value. A
//! hostile schema makes one of them explode; each is bounded here, so the check is.

use serde_json::{Map, Value};

use super::SchemaError;

/// The most subschemas of one schema, references written out.
const MAX_WEIGHT: u64 = 10_000;
/// What a pattern weighs: compiling it costs milliseconds, not microseconds.
const PATTERN: u64 = 200;
/// A string costs one node, and one for each of these many bytes.
const BYTES_PER_NODE: usize = 64;

/// Keywords whose subschema applies to the same value as the schema that holds it.
const SAME_VALUE: [&str; 9] =
    ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
/// Keywords whose subschema applies to a part of the value.
const PART: [&str; 10] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "unevaluatedProperties",
    "unevaluatedItems",
];
/// References whose target depends on the way that led to them.
const UNSUPPORTED: [&str; 3] = ["$dynamicRef", "$recursiveRef", "$dynamicAnchor"];

/// The bound of a schema's work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cost {
    weight: u64,
    branching: u64,
}

impl Cost {
    /// Walks `schema` with every reference written out, up to the ones that lead back.
    pub(super) fn of(schema: &Value) -> Result<Self, SchemaError> {
        let mut walk = Walk { document: schema, open: vec![("#", 0)], parts: 0, weight: 0, ways_back: 0 };
        walk.schema(schema, true)?;
        Ok(Self { weight: walk.weight, branching: walk.ways_back.max(1) })
    }

    /// The most subschema evaluations that checking `value` can take.
    pub(super) fn on(&self, value: &Value) -> u64 {
        let (nodes, depth) = measure(value);
        self.branching.saturating_pow(depth).saturating_mul(self.weight).saturating_mul(nodes)
    }
}

struct Walk<'a> {
    document: &'a Value,
    /// The references being written out, each with the number of parts descended into when it was met.
    open: Vec<(&'a str, usize)>,
    parts: usize,
    weight: u64,
    ways_back: u64,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Value, is_root: bool) -> Result<(), SchemaError> {
        self.weigh(1)?;
        let Value::Object(members) = schema else { return Ok(()) };
        if let Some(keyword) = UNSUPPORTED.iter().find(|keyword| members.contains_key(**keyword)) {
            return Err(SchemaError::Unsupported(keyword));
        }
        if !is_root
            && (members.contains_key("$id")
                || members.contains_key("id") && members.get("id").is_some_and(Value::is_string))
        {
            return Err(SchemaError::Unsupported("$id"));
        }
        if members.contains_key("pattern") {
            self.weigh(PATTERN)?;
        }
        if let Some(Value::Array(options)) = members.get("enum") {
            self.weigh(options.len() as u64)?;
        }
        self.same_value(members)?;
        if members.contains_key("unevaluatedProperties") || members.contains_key("unevaluatedItems") {
            // These evaluate everything beside them once more.
            self.same_value(members)?;
        }
        for keyword in PART {
            let Some(member) = members.get(keyword) else { continue };
            self.parts += 1;
            match (keyword, member) {
                ("properties", Value::Object(named)) => self.each(named.values())?,
                ("patternProperties", Value::Object(named)) => {
                    self.weigh(PATTERN.saturating_mul(named.len() as u64))?;
                    self.each(named.values())?;
                }
                (_, Value::Array(listed)) => self.each(listed)?,
                (_, single) => self.schema(single, false)?,
            }
            self.parts -= 1;
        }
        Ok(())
    }

    fn same_value(&mut self, members: &'a Map<String, Value>) -> Result<(), SchemaError> {
        if let Some(target) = members.get("$ref") {
            self.reference(target)?;
        }
        for keyword in SAME_VALUE {
            match members.get(keyword) {
                None => {}
                Some(Value::Array(listed)) => self.each(listed)?,
                Some(Value::Object(named)) if keyword.starts_with("depend") => self.each(named.values())?,
                Some(single) => self.schema(single, false)?,
            }
        }
        Ok(())
    }

    fn reference(&mut self, target: &'a Value) -> Result<(), SchemaError> {
        let Value::String(target) = target else { return Ok(()) };
        if !target.starts_with('#') {
            return Err(SchemaError::RemoteReference(target.clone()));
        }
        let met_at = self.open.iter().find(|(open, _)| open == target).map(|(_, parts)| *parts);
        match met_at {
            Some(parts) if parts == self.parts => Err(SchemaError::EndlessReference(target.clone())),
            Some(_) => {
                self.ways_back += 1;
                self.weigh(1)
            }
            None => {
                let schema =
                    resolve(self.document, target).ok_or_else(|| SchemaError::DanglingReference(target.clone()))?;
                self.open.push((target, self.parts));
                self.schema(schema, target == "#")?;
                self.open.pop();
                Ok(())
            }
        }
    }

    fn each(&mut self, schemas: impl IntoIterator<Item = &'a Value>) -> Result<(), SchemaError> {
        schemas.into_iter().try_for_each(|schema| self.schema(schema, false))
    }

    fn weigh(&mut self, weight: u64) -> Result<(), SchemaError> {
        self.weight = self.weight.saturating_add(weight);
        if self.weight > MAX_WEIGHT { Err(SchemaError::TooComplex) } else { Ok(()) }
    }
}

/// Finds what `#`, `#/json/pointer` or `#anchor` names.
fn resolve<'a>(document: &'a Value, target: &str) -> Option<&'a Value> {
    let fragment = target.strip_prefix('#')?;
    if fragment.is_empty() || fragment.starts_with('/') {
        return document.pointer(&percent_decoded(fragment)?);
    }
    anchored(document, fragment)
}

fn anchored<'a>(value: &'a Value, anchor: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) if members.get("$anchor").and_then(Value::as_str) == Some(anchor) => Some(value),
        Value::Object(members) => members.values().find_map(|member| anchored(member, anchor)),
        Value::Array(items) => items.iter().find_map(|item| anchored(item, anchor)),
        _ => None,
    }
}

/// A URI fragment, percent-decoded (RFC 3986 section 2.1).
fn percent_decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The nodes of `value`, and how deep it nests below its top.
fn measure(value: &Value) -> (u64, u32) {
    let below = |(nodes, depth): (u64, u32), part: &Value| {
        let (part_nodes, part_depth) = measure(part);
        (nodes + part_nodes, depth.max(part_depth + 1))
    };
    match value {
        Value::String(text) => (1 + (text.len() / BYTES_PER_NODE) as u64, 0),
        Value::Array(items) => items.iter().fold((1, 0), below),
        Value::Object(members) => members.values().fold((1, 0), below),
        _ => (1, 0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refuses_references_that_never_descend() {
        for schema in [
            json!({ "type": "object", "$ref": "#" }),
            json!({ "type": "object", "allOf": [{ "$ref": "#" }] }),
            json!({ "properties": { "a": { "$ref": "#/$defs/a" } },
                "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/b" }] }, "b": { "not": { "$ref": "#/$defs/a" } } } }),
            json!({ "properties": { "a": { "$anchor": "me", "$ref": "#me" } } }),
            json!({ "properties": { "a": { "$ref": "#/properties/a" } } }),
        ] {
            assert!(matches!(Cost::of(&schema), Err(SchemaError::EndlessReference(_))), "{schema}");
        }
    }

    #[test]
    fn refuses_references_that_double_their_work() {
        let mut definitions = Map::new();
        for level in 0..40 {
            let next = json!({ "$ref": format!("#/$defs/l{}", level + 1) });
            definitions.insert(format!("l{level}"), json!({ "anyOf": [next, next] }));
        }
        definitions.insert("l40".to_owned(), json!({ "type": "string" }));
        let schema = json!({ "properties": { "a": { "$ref": "#/$defs/l0" } }, "$defs": definitions });
        assert_eq!(Cost::of(&schema), Err(SchemaError::TooComplex));
    }

    #[test]
    fn refuses_a_reference_to_nothing() {
        let schema = json!({ "properties": { "a": { "$ref": "#/$defs/none" } } });
        assert_eq!(Cost::of(&schema), Err(SchemaError::DanglingReference("#/$defs/none".to_owned())));
    }

    #[test]
    fn an_ordinary_schema_is_light() {
        let schema = json!({ "type": "object", "properties": {
            "tracking_number": { "type": "string", "pattern": "^[0-9]{12,34}$" },
            "address": { "$ref": "#/$defs/address" } },
            "$defs": { "address": { "$anchor": "addressDef", "properties": { "city": { "type": "string" } } } } });
        let cost = Cost::of(&schema).expect("is accepted");
        assert_eq!(cost.branching, 1);
        assert!(cost.on(&json!({ "tracking_number": "123456789012", "address": { "city": "Lyon" } })) < 2_000);
    }

    #[test]
    fn a_schema_that_branches_into_itself_allows_shallow_values_only() {
        let schema = json!({ "anyOf": [{ "properties": { "a": { "$ref": "#" } } }, { "properties": { "a": { "$ref": "#" } } }] });
        let cost = Cost::of(&schema).expect("is accepted");
        assert_eq!(cost.branching, 2);
        assert!(cost.on(&json!({ "a": { "a": {} } })) < 1_000);
        let mut deep = json!({});
        for _ in 0..40 {
            deep = json!({ "a": deep });
        }
        assert!(cost.on(&deep) > 1_000_000_000_000);
    }
}
