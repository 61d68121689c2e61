//! Address Validation API: `POST /address/v1/addresses/resolve`.

use nexus_shard::prelude::*;
use serde_json::json;

use super::{Answer, FedEx, search};
use crate::address::{Address, AddressClass, AddressValidation, Reason, StandardizedAddress};

impl FedEx {
    /// Looks one address up.
    ///
    /// # Errors
    /// When FedEx was not reached, refuses, or answers nothing. An address that it does not know is an answer.
    pub(crate) fn resolve(&self, address: &Address) -> ToolResult<AddressValidation> {
        let body = json!({ "addressesToValidate": [{ "address": {
            "streetLines": [address.street.as_str()],
            "city": address.city.as_str(),
            "stateOrProvinceCode": address.state.as_str(),
            "postalCode": address.postal.as_str(),
            "countryCode": address.country.as_str(),
        } }] });
        let resolved = search(&self.paths.address, &body, "resolvedAddresses")?;
        let first = resolved.first().ok_or_else(|| {
            ToolError::not_found("FedEx says nothing about this address. Check its parts and its country.")
        })?;
        Ok(validation(first))
    }
}

fn validation(answer: &Answer) -> AddressValidation {
    AddressValidation {
        resolved: answer
            .truth(&["attributes", "Resolved"])
            .or_else(|| answer.truth(&["normalizedStatusNameDPV"]))
            .unwrap_or(false),
        classification: match answer.text(&["classification"]).as_deref() {
            Some("BUSINESS") => AddressClass::Business,
            Some("RESIDENTIAL") => AddressClass::Residential,
            Some("MIXED") => AddressClass::Mixed,
            _ => AddressClass::Unknown,
        },
        standardized: StandardizedAddress {
            street_lines: answer.items(&["streetLinesToken"]).iter().filter_map(token).collect(),
            city: answer.text(&["city"]).or_else(|| answer.items(&["cityToken"]).iter().find_map(token)),
            state: answer.text(&["stateOrProvinceCode"]),
            postal: answer.text(&["postalCode"]).or_else(|| answer.part(&["postalCodeToken"]).as_ref().and_then(token)),
            country: answer.text(&["countryCode"]),
        },
        reasons: answer.items(&["customerMessages"]).iter().filter_map(message).chain(suite_problems(answer)).collect(),
    }
}

/// FedEx writes a part of an address as a text, or as `{"value": …, "changed": …}`.
fn token(token: &Answer) -> Option<String> {
    token.text(&[]).or_else(|| token.text(&["value"]))
}

fn message(message: &Answer) -> Option<Reason> {
    let code = message.text(&["code"])?;
    let message = message.text(&["message"]).unwrap_or_else(|| code.clone());
    Some(Reason { code, message })
}

/// What FedEx tells in attributes alone, though a person can mend it.
fn suite_problems(answer: &Answer) -> impl Iterator<Item = Reason> {
    [
        ("SuiteRequiredButMissing", "The building has suites or apartments: add the number."),
        ("InvalidSuiteNumber", "The building has no such suite or apartment."),
        ("MultipleMatches", "Several addresses match: give more of the street."),
    ]
    .into_iter()
    .filter(|(attribute, _)| answer.truth(&["attributes", attribute]) == Some(true))
    .map(|(code, message)| Reason { code: code.to_owned(), message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use nexus_shard::testing;
    use serde_json::Value;

    use super::*;
    use crate::fedex::tests::client;

    fn address() -> Address {
        Address {
            street: "7372 Parkridge Blvd".to_owned().try_into().unwrap(),
            city: "Irving".to_owned().try_into().unwrap(),
            state: "tx".to_owned().try_into().unwrap(),
            postal: "75063".to_owned().try_into().unwrap(),
            country: "US".to_owned().try_into().unwrap(),
        }
    }

    fn resolve(resolved: Value) -> ToolResult<AddressValidation> {
        let _network =
            testing::http(move |_| testing::reply(200, &json!({ "output": { "resolvedAddresses": resolved } })));
        client(&[]).resolve(&address())
    }

    #[test]
    fn a_resolved_address_is_read_as_fedex_documents_it() {
        let validation = resolve(json!([{
            "streetLinesToken": ["7372 PARKRIDGE BLVD", "STE 302"],
            "city": "IRVING",
            "stateOrProvinceCode": "TX",
            "postalCode": "75063-8659",
            "parsedPostalCode": { "base": "75063", "addOn": "8659", "deliveryPoint": "02" },
            "countryCode": "US",
            "classification": "BUSINESS",
            "customerMessages": [],
            "normalizedStatusNameDPV": true,
            "attributes": { "Resolved": "true", "DPV": "true", "SuiteRequiredButMissing": "false" },
        }]));
        assert_eq!(
            json!(validation.unwrap()),
            json!({
                "resolved": true,
                "classification": "business",
                "standardized": {
                    "street_lines": ["7372 PARKRIDGE BLVD", "STE 302"],
                    "city": "IRVING", "state": "TX", "postal": "75063-8659", "country": "US",
                },
                "reasons": [],
            })
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        let validation = resolve(json!([{
            "cityToken": [{ "value": "IRVING", "changed": false }],
            "postalCodeToken": { "value": "75063", "changed": true },
            "streetLinesToken": [{ "value": "7372 PARKRIDGE BLVD" }],
            "customerMessages": [{ "code": "STANDARDIZED.ADDRESS.NOTFOUND", "message": "Not found." }, { "code": "X" }],
            "attributes": { "Resolved": "false", "SuiteRequiredButMissing": "true" },
        }]))
        .unwrap();
        assert!(!validation.resolved);
        assert_eq!(validation.classification, AddressClass::Unknown);
        assert_eq!(validation.standardized.city.as_deref(), Some("IRVING"));
        assert_eq!(validation.standardized.postal.as_deref(), Some("75063"));
        assert_eq!(validation.standardized.street_lines, ["7372 PARKRIDGE BLVD"]);
        let codes: Vec<_> = validation.reasons.iter().map(|reason| reason.code.as_str()).collect();
        assert_eq!(codes, ["STANDARDIZED.ADDRESS.NOTFOUND", "X", "SuiteRequiredButMissing"]);
    }

    #[test]
    fn nothing_found_is_an_error() {
        assert_eq!(resolve(json!([])).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn the_request_is_what_fedex_documents() {
        let network = testing::http(|_| testing::reply(200, &json!({ "output": { "resolvedAddresses": [{}] } })));
        client(&[]).resolve(&address()).unwrap();
        let request = network.requests().remove(0);
        assert_eq!(request.url, "https://apis.fedex.com/address/v1/addresses/resolve");
        assert_eq!(
            serde_json::from_slice::<Value>(&request.body.unwrap()).unwrap(),
            json!({ "addressesToValidate": [{ "address": {
                "streetLines": ["7372 Parkridge Blvd"], "city": "Irving", "stateOrProvinceCode": "TX",
                "postalCode": "75063", "countryCode": "US",
            } }] })
        );
    }
}
