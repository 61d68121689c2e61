//! FedEx's Address Validation API.

use axum::response::Response;
use nexus_mock_data::address::{Address, Resolution, resolve};
use serde_json::{Value, json};

use super::error;

/// Answers a request body.
pub(super) fn answer(body: &Value) -> Response {
    let Some(asked) = body.get("addressesToValidate").and_then(Value::as_array).filter(|asked| !asked.is_empty())
    else {
        return error::bad_request("addressesToValidate is missing.");
    };
    let mut resolved = Vec::with_capacity(asked.len());
    for one in asked {
        let field = |name: &str| one.pointer(&format!("/address/{name}")).and_then(Value::as_str).unwrap_or_default();
        let streets = one.pointer("/address/streetLines").and_then(Value::as_array);
        let street: Vec<&str> = streets.into_iter().flatten().filter_map(Value::as_str).collect();
        if street.is_empty() || field("countryCode").is_empty() {
            return error::bad_request("streetLines and countryCode are required.");
        }
        resolved.push(result(&resolve(&Address {
            street: &street.join(" "),
            city: field("city"),
            state: field("stateOrProvinceCode"),
            postal: field("postalCode"),
            country: field("countryCode"),
        })));
    }
    error::success(&json!({ "resolvedAddresses": resolved }))
}

/// The attributes are the words `true` and `false`, not JSON's truth values.
fn result(found: &Resolution) -> Value {
    let word = |truth: bool| if truth { "true" } else { "false" };
    let messages: Vec<Value> =
        found.problems.iter().map(|problem| json!({ "code": problem.code(), "message": problem.message() })).collect();
    json!({
        "streetLinesToken": [found.street],
        "cityToken": [{ "changed": false, "value": found.city }],
        "city": found.city,
        "stateOrProvinceCode": found.state,
        "postalCodeToken": { "changed": false, "value": found.postal },
        "postalCode": found.postal,
        "countryCode": found.country,
        "classification": found.classification.code(),
        "customerMessages": messages,
        "generalDelivery": false,
        "postOfficeBox": found.street.starts_with("PO BOX"),
        "attributes": {
            "CountrySupported": word(!found.problems.iter().any(|problem| problem.code() == "COUNTRY.NOT.SUPPORTED")),
            "Matched": word(found.resolved()),
            "Resolved": word(found.resolved()),
            "DPV": word(found.resolved()),
            "AddressType": if found.resolved() { "STANDARDIZED" } else { "RAW" },
            "ResolutionMethod": "USPS_VALIDATE",
        },
    })
}
