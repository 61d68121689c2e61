//! `fedex_get_shipment_events`.

use nexus_shard::prelude::*;

use crate::carrier::Carrier;
use crate::shipment::{ShipmentEvent, ShipmentStatus, Tracked};
use crate::tracking_number::TrackingNumber;

/// What happened to a parcel.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ShipmentHistory {
    /// The parcel.
    tracking_number: TrackingNumber,
    /// How far it is now.
    status: ShipmentStatus,
    /// Every scan, oldest first.
    events: Vec<ShipmentEvent>,
}

/// Tells everything that happened to one FedEx parcel: every scan with time, place and meaning, oldest first. Use it to find
/// out where a parcel was delayed or lost, or when an attempt to deliver it failed; for the present status alone
/// `fedex_track_shipment` is shorter. Returns the status and the list of events. An unknown number is an error.
#[tool(title = "Show a FedEx parcel's history", read_only, idempotent, open_world)]
pub(crate) fn fedex_get_shipment_events(
    /// The FedEx tracking number: 12 to 34 digits, without spaces or hyphens
    tracking_number: TrackingNumber,
    carrier: &Carrier,
) -> ToolResult<ShipmentHistory> {
    let Tracked { shipment, events } = carrier.track_one(tracking_number)?;
    Ok(ShipmentHistory { tracking_number: shipment.tracking_number, status: shipment.status, events })
}

#[cfg(test)]
mod tests {
    use nexus_mock_data::{Status, shipments};
    use nexus_shard::testing::call;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_returned_parcel_shows_why() {
        let parcel = shipments().iter().find(|parcel| parcel.status == Status::Returned).unwrap();
        let asked = json!({ "tracking_number": parcel.tracking_number });
        let answer = call::<fedex_get_shipment_events, _>(&Carrier::Mock, asked).unwrap();
        let events = answer["events"].as_array().unwrap();
        assert_eq!(answer["status"], "returned");
        assert_eq!(events.len(), parcel.scans.len());
        assert_eq!(events[0]["status"], "created");
        assert_eq!(events[events.len() - 2]["exception_reason"], "Customer not available or business closed");
    }
}
