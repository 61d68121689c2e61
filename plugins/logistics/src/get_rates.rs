//! `fedex_get_rates`.

use nexus_shard::prelude::*;

use crate::carrier::Carrier;
use crate::place::{CountryCode, PostalCode, Pounds};
use crate::rate::{Journey, RateComparison, RateQuote};

/// Tells what FedEx charges for sending one parcel between two postal codes: a price and a delivery time for each service,
/// cheapest first. Use it to compare services or to estimate a cost; it books nothing. Prices are those of the configured
/// FedEx account, surcharges included.
#[tool(title = "Compare FedEx prices", read_only, idempotent, open_world)]
pub(crate) fn fedex_get_rates(
    /// Postal code of the sender, as in 78701
    origin_postal: PostalCode,
    /// Postal code of the recipient, as in 98101 or M5X 1C9
    dest_postal: PostalCode,
    /// Weight of the parcel in pounds, 0.1 to 150
    weight_lb: Pounds,
    /// The sender's country by its ISO 3166-1 code of two letters
    #[default = "US"]
    origin_country: CountryCode,
    /// The recipient's country by its ISO 3166-1 code of two letters
    #[default = "US"]
    dest_country: CountryCode,
    carrier: &Carrier,
) -> ToolResult<RateComparison> {
    let journey = Journey {
        origin_postal,
        origin_country,
        destination_postal: dest_postal,
        destination_country: dest_country,
        weight: weight_lb,
    };
    let mut quotes = carrier.quote(&journey)?;
    if quotes.is_empty() {
        return Err(ToolError::not_found("FedEx offers no service for this parcel between these places."));
    }
    quotes.sort_by(RateQuote::by_price);
    Ok(RateComparison { quotes })
}

#[cfg(test)]
mod tests {
    use nexus_shard::testing::{self, call};
    use serde_json::{Value, json};

    use super::*;
    use crate::fedex::tests::client;

    fn rates(carrier: &Carrier) -> ToolResult<Value> {
        let asked = json!({ "origin_postal": "78701", "dest_postal": "98101", "weight_lb": 5.2 });
        call::<fedex_get_rates, _>(carrier, asked)
    }

    #[test]
    fn services_come_cheapest_first() {
        let answer = rates(&Carrier::Mock).unwrap();
        let totals: Vec<_> = answer["quotes"].as_array().unwrap().iter().map(|quote| quote["total"].as_f64()).collect();
        assert_eq!((totals.len(), totals[0]), (6, Some(15.02)));
        assert!(totals.is_sorted());
    }

    #[test]
    fn an_unknown_place_is_an_error() {
        let asked = json!({ "origin_postal": "787", "dest_postal": "98101", "weight_lb": 1 });
        assert_eq!(call::<fedex_get_rates, _>(&Carrier::Mock, asked).unwrap_err().kind(), ErrorKind::InvalidParams);
    }

    #[test]
    fn no_service_at_all_is_not_found() {
        let _network = testing::http(|_| testing::reply(200, &json!({ "output": { "rateReplyDetails": [] } })));
        let carrier = Carrier::FedEx(client(&[("FEDEX_ACCOUNT_NUMBER", "740561073")]));
        assert_eq!(rates(&carrier).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
