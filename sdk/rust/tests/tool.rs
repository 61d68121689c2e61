//! What `#[tool]` makes of functions, seen from outside as a client and a host see it.

use std::collections::BTreeMap;

use nexus_shard::{prelude::*, testing};
use serde_json::{Value, json};

/// A number of twelve digits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[0-9]{12}$"))]
struct TrackingNumber(String);

impl TryFrom<String> for TrackingNumber {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text)) } else { Err("a tracking number has 12 digits") }
    }
}

/// A parcel.
#[derive(Debug, Serialize, JsonSchema)]
struct Parcel {
    /// Its number
    number: String,
    /// Where it goes
    country: String,
    /// How many scans to show
    limit: u32,
    /// Who asked
    asked_by: Option<String>,
    /// Names the call
    call_id: String,
}

struct Carrier {
    name: &'static str,
}

impl Shard for Carrier {
    fn initialize(_config: &Config) -> Result<Self, ToolError> {
        Ok(Self { name: "ours" })
    }
}

/// Track one parcel.
///
/// Returns where it goes.
#[tool(title = "Track a parcel", read_only, idempotent, open_world)]
fn track(
    /// The number on the label
    number: TrackingNumber,
    carrier: &Carrier,
    /// The country it goes to
    #[default = "US"]
    country: String,
    /// How many scans to show
    #[default(50)]
    #[schemars(range(min = 1, max = 500))]
    limit: u32,
    /// Who asks
    r#type: Option<String>,
    context: &Context,
) -> ToolResult<Parcel> {
    if carrier.name != "ours" {
        return Err(ToolError::denied("another carrier"));
    }
    Ok(Parcel { number: number.0, country, limit, asked_by: r#type, call_id: context.call_id().to_owned() })
}

/// Why nothing can be told.
struct Trouble;

impl From<Trouble> for ToolError {
    fn from(_: Trouble) -> Self {
        Self::not_found("nothing here")
    }
}

/// Say hello.
#[tool(destructive = false)]
fn hello(
    /// Whether to fail
    fail: bool,
) -> Result<String, Trouble> {
    if fail { Err(Trouble) } else { Ok("hello".to_owned()) }
}

/// Do nothing.
#[tool]
fn rest() -> ToolResult<()> {
    Ok(())
}

nexus_shard::shard!(Carrier { track, hello, rest });

fn call(arguments: Value) -> ToolResult<Value> {
    testing::call::<track, _>(&Carrier { name: "ours" }, arguments)
}

#[test]
fn a_client_sees_source_and_types() {
    assert_eq!(
        testing::definition::<track, Carrier>().unwrap(),
        json!({
            "name": "track",
            "title": "Track a parcel",
            "description": "Track one parcel.\n\nReturns where it goes.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "number": { "description": "The number on the label", "type": "string", "pattern": "^[0-9]{12}$" },
                    "country": { "description": "The country it goes to", "type": "string", "default": "US" },
                    "limit": {
                        "description": "How many scans to show",
                        "type": "integer", "minimum": 1, "maximum": 500, "default": 50,
                    },
                    "type": { "description": "Who asks", "type": ["string", "null"] },
                },
                "additionalProperties": false,
                "required": ["number"],
            },
            "outputSchema": {
                "description": "A parcel.",
                "type": "object",
                "properties": {
                    "number": { "description": "Its number", "type": "string" },
                    "country": { "description": "Where it goes", "type": "string" },
                    "limit": { "description": "How many scans to show", "type": "integer", "minimum": 0 },
                    "asked_by": { "description": "Who asked", "type": ["string", "null"] },
                    "call_id": { "description": "Names the call", "type": "string" },
                },
                "required": ["number", "country", "limit", "asked_by", "call_id"],
            },
            "annotations": {
                "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": true,
            },
        })
    );
}

#[test]
fn a_tool_without_parameters_or_object_has_the_least_schema() {
    let definition = testing::definition::<rest, ()>().unwrap();
    assert_eq!(definition["inputSchema"], json!({"type": "object", "additionalProperties": false, "properties": {}}));
    assert_eq!(definition["outputSchema"], Value::Null);
    assert_eq!(definition["annotations"]["destructiveHint"], true);
}

#[test]
fn the_function_is_called_with_what_was_given_and_the_defaults() {
    let parcel = call(json!({ "number": "794612345678" })).unwrap();
    let expected = json!({
        "number": "794612345678", "country": "US", "limit": 50, "asked_by": null, "call_id": "test",
    });
    assert_eq!(parcel, expected);
    let parcel = call(json!({ "number": "794612345678", "country": "DE", "limit": 5, "type": "Ann" })).unwrap();
    assert_eq!((&parcel["country"], &parcel["limit"], &parcel["asked_by"]), (&json!("DE"), &json!(5), &json!("Ann")));
}

#[test]
fn arguments_that_do_not_fit_are_refused_by_name() {
    for (arguments, property, reason) in [
        (json!({}), "number", "missing"),
        (json!({ "number": "79" }), "number", "12 digits"),
        (json!({ "number": "794612345678", "limit": "5" }), "limit", "invalid type"),
        (json!({ "number": "794612345678", "nmber": 1 }), "nmber", "no parameter"),
    ] {
        let error = call(arguments).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParams);
        assert_eq!(error.data()["property"], property);
        assert!(error.message().contains(reason), "{error}");
    }
}

#[test]
fn the_function_s_own_error_comes_through() {
    let error =
        testing::call::<track, _>(&Carrier { name: "theirs" }, json!({ "number": "794612345678" })).unwrap_err();
    assert_eq!(error, ToolError::denied("another carrier"));
    let error = testing::call::<hello, _>(&(), json!({ "fail": true })).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn a_text_is_a_text() {
    assert_eq!(testing::call::<hello, _>(&(), json!({ "fail": false })).unwrap(), "hello");
    assert_eq!(testing::call::<rest, _>(&(), json!({})).unwrap(), "Done.");
}

/// Where it lies.
#[derive(Deserialize, JsonSchema)]
struct Place {
    city: String,
}

/// Find what lies somewhere.
#[tool]
fn find(
    /// Where to look
    place: Place,
) -> ToolResult<String> {
    Ok(place.city)
}

type Everything = BTreeMap<String, Vec<u32>>;
type Numbers = Vec<u32>;

/// List numbers.
#[tool]
fn numbers() -> ToolResult<Numbers> {
    Ok(vec![1])
}

/// List numbers by name.
#[tool]
fn everything(
    /// How many
    #[default(-1)]
    limit: u32,
) -> ToolResult<Everything> {
    Ok(BTreeMap::from([("all".to_owned(), vec![limit])]))
}

#[test]
fn what_only_the_types_know_is_told_in_a_sentence() {
    for (definition, sentence) in [
        (testing::definition::<find, ()>(), "tool `find`: the property `place.city` has no description"),
        (testing::definition::<numbers, ()>(), "tool `numbers`: the result is no object"),
        (testing::definition::<everything, ()>(), "tool `everything`: the default of `limit` is no value of its type"),
    ] {
        let error = definition.unwrap_err();
        assert!(error.message().starts_with(sentence), "{error}");
    }
}
