//! `fedex_track_multiple`.

use nexus_shard::prelude::*;

use crate::carrier::Carrier;
use crate::shipment::CanonicalShipment;
use crate::tracking_number::{TrackingNumber, TrackingNumbers};

/// What is known of each parcel that was asked for.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct TrackedShipments {
    /// How many parcels are known.
    found: usize,
    /// How many could not be told of.
    failed: usize,
    /// One for each number, in the order asked.
    results: Vec<TrackedShipment>,
}

/// One parcel: either `shipment` or `error` is there.
#[derive(Debug, JsonSchema, Serialize)]
struct TrackedShipment {
    /// The number that was asked for.
    tracking_number: TrackingNumber,
    /// What is known of it.
    shipment: Option<CanonicalShipment>,
    /// Why nothing is known of it.
    error: Option<TrackingError>,
}

/// Why nothing is known of a parcel.
#[derive(Debug, JsonSchema, Serialize)]
struct TrackingError {
    /// What kind of failure it is, as in not-found.
    kind: String,
    /// What happened and what to do.
    message: String,
    /// Whether asking again later may help.
    retryable: bool,
}

/// Tells where several FedEx parcels are, at most 30 in one call: for each the same as `fedex_track_shipment`. Use it instead
/// of calling that tool again and again. Returns one result for each number, in the order asked; a number given twice is
/// answered once. A number that FedEx does not know has an error of its own and does not spoil the others.
#[tool(title = "Track several FedEx parcels", read_only, idempotent, open_world)]
pub(crate) fn fedex_track_multiple(
    /// The FedEx tracking numbers, 1 to 30: each 12 to 34 digits, without spaces or hyphens
    tracking_numbers: TrackingNumbers,
    carrier: &Carrier,
) -> ToolResult<TrackedShipments> {
    let numbers = tracking_numbers.into_vec();
    let outcomes = carrier.track(&numbers)?;
    let results: Vec<_> = numbers
        .into_iter()
        .zip(outcomes)
        .map(|(tracking_number, outcome)| {
            let (shipment, error) = match outcome {
                Ok(tracked) => (Some(tracked.shipment), None),
                Err(error) => (None, Some(TrackingError::from(&error))),
            };
            TrackedShipment { tracking_number, shipment, error }
        })
        .collect();
    let found = results.iter().filter(|result| result.shipment.is_some()).count();
    Ok(TrackedShipments { found, failed: results.len() - found, results })
}

impl From<&ToolError> for TrackingError {
    fn from(error: &ToolError) -> Self {
        Self {
            kind: error.kind().code().to_owned(),
            message: error.message().to_owned(),
            retryable: error.is_retryable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use nexus_mock_data::shipments;
    use nexus_shard::testing::call;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_number_is_answered_once_in_the_order_asked() {
        let [first, second] = [0, 1].map(|index| shipments()[index].tracking_number.as_str());
        let asked = json!({ "tracking_numbers": [second, "000000000000", first, second] });
        let answer = call::<fedex_track_multiple, _>(&Carrier::Mock, asked).unwrap();
        assert_eq!((&answer["found"], &answer["failed"]), (&json!(2), &json!(1)));
        let results = answer["results"].as_array().unwrap();
        let numbers: Vec<_> = results.iter().map(|result| result["tracking_number"].as_str().unwrap()).collect();
        assert_eq!(numbers, [second, "000000000000", first]);
        assert_eq!(results[1]["error"]["kind"], "not-found");
        assert!(results[1]["shipment"].is_null() && results[0]["error"].is_null());
    }

    #[test]
    fn more_than_thirty_are_refused() {
        let asked = json!({ "tracking_numbers": vec!["123456789012"; 31] });
        let error = call::<fedex_track_multiple, _>(&Carrier::Mock, asked).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParams);
    }
}
