//! The shard `nexus:logistics`: five tools over FedEx's API, or over the mock data set when `USE_MOCK` is true.
//!
//! Each tool is a file that says what may be asked and what is answered. They ask a `Carrier`, which has two kinds: FedEx,
//! and the mock data set. Both answer in the same records, so nobody above can tell them apart.
//!
//! No credential ever gets here. The host's broker attaches them to what is sent.

mod address;
mod carrier;
mod fedex;
mod get_rates;
mod get_shipment_events;
mod mock;
mod place;
mod rate;
mod shipment;
mod track_multiple;
mod track_shipment;
mod tracking_number;
mod unfit;
mod validate_address;

use carrier::Carrier;

nexus_shard::shard!(Carrier {
    track_shipment::fedex_track_shipment,
    track_multiple::fedex_track_multiple,
    get_shipment_events::fedex_get_shipment_events,
    validate_address::fedex_validate_address,
    get_rates::fedex_get_rates,
});

#[cfg(test)]
mod tests {
    use nexus_shard::testing::definition;
    use serde_json::{Value, json};

    use super::*;

    fn definitions() -> [Value; 5] {
        [
            definition::<track_shipment::fedex_track_shipment, _>(),
            definition::<track_multiple::fedex_track_multiple, _>(),
            definition::<get_shipment_events::fedex_get_shipment_events, _>(),
            definition::<validate_address::fedex_validate_address, _>(),
            definition::<get_rates::fedex_get_rates, _>(),
        ]
        .map(Result::unwrap)
    }

    #[test]
    fn every_tool_has_its_hints_and_a_closed_input() {
        for tool in definitions() {
            let hints = json!({
                "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": true,
            });
            assert_eq!(tool["annotations"], hints, "{tool}");
            assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
            assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
        }
    }

    #[test]
    fn every_argument_is_described_and_bounded() {
        for tool in definitions() {
            for (name, property) in tool["inputSchema"]["properties"].as_object().unwrap() {
                let bounded = |schema: &Value| schema.get("maxLength").or(schema.get("maximum")).is_some();
                assert!(property["description"].is_string(), "{name}");
                assert!(bounded(property) || (property["maxItems"] == 30 && bounded(&property["items"])), "{name}");
            }
        }
    }

    #[test]
    fn the_country_is_the_only_thing_that_may_be_left_out() {
        let [.., address, rates] = definitions();
        assert_eq!(address["inputSchema"]["required"], json!(["street", "city", "state", "postal"]));
        assert_eq!(rates["inputSchema"]["required"], json!(["origin_postal", "dest_postal", "weight_lb"]));
        assert_eq!(address["inputSchema"]["properties"]["country"]["default"], "US");
    }
}
