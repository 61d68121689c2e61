//! `fedex_validate_address`.

use nexus_shard::prelude::*;

use crate::address::{Address, AddressValidation};
use crate::carrier::Carrier;
use crate::place::{CountryCode, Line, PostalCode, StateCode};

/// Checks whether FedEx can deliver to an address, and returns it as the carrier writes it, with its kind (business,
/// residential) and the reasons when it cannot be found. Use it before something is shipped, or to correct an address that
/// a person gave. An address that is not found is an answer with `resolved` false and reasons, not an error.
#[tool(title = "Check a postal address", read_only, idempotent, open_world)]
pub(crate) fn fedex_validate_address(
    /// Street and house number, with suite or apartment, as in 500 Congress Ave Ste 1200
    street: Line,
    /// The town
    city: Line,
    /// State or province code of two or three letters, as in TX or ON
    state: StateCode,
    /// Postal code, as in 78701, 78701-1234 or M5X 1C9
    postal: PostalCode,
    /// Country by its ISO 3166-1 code of two letters
    #[default = "US"]
    country: CountryCode,
    carrier: &Carrier,
) -> ToolResult<AddressValidation> {
    carrier.resolve(&Address { street, city, state, postal, country })
}

#[cfg(test)]
mod tests {
    use nexus_shard::testing::call;
    use serde_json::{Value, json};

    use super::*;

    fn validate(arguments: Value) -> Value {
        call::<fedex_validate_address, _>(&Carrier::Mock, arguments).unwrap()
    }

    #[test]
    fn a_good_address_is_standardised_and_the_country_may_be_left_out() {
        let answer = validate(
            json!({ "street": "500 Congress Avenue, Suite 1200", "city": "Austin", "state": "tx", "postal": "78701" }),
        );
        assert_eq!(
            answer,
            json!({
                "resolved": true,
                "classification": "business",
                "standardized": {
                    "street_lines": ["500 CONGRESS AVE STE 1200"],
                    "city": "AUSTIN", "state": "TX", "postal": "78701", "country": "US",
                },
                "reasons": [],
            })
        );
    }

    #[test]
    fn a_bad_one_says_why() {
        let answer = validate(
            json!({ "street": "Congress Ave", "city": "Austin", "state": "TX", "postal": "98101", "country": "US" }),
        );
        assert_eq!(answer["resolved"], false);
        assert_eq!(answer["reasons"][0]["code"], "POSTALCODE.STATE.MISMATCH");
        assert_eq!(answer["reasons"][1]["code"], "STANDARDIZED.ADDRESS.NOTFOUND");
    }
}
