//! `fedex_track_shipment`.

use nexus_shard::prelude::*;

use crate::carrier::Carrier;
use crate::shipment::CanonicalShipment;
use crate::tracking_number::TrackingNumber;

/// Tells where one FedEx parcel is: its status, its latest location, when it is due or was delivered, who took it, and what
/// keeps it from arriving. Use it when someone asks about a single tracking number; for several use `fedex_track_multiple`,
/// for the whole history `fedex_get_shipment_events`. Returns one shipment. An unknown number is an error.
#[tool(title = "Track a FedEx parcel", read_only, idempotent, open_world)]
pub(crate) fn fedex_track_shipment(
    /// The FedEx tracking number: 12 to 34 digits, without spaces or hyphens
    tracking_number: TrackingNumber,
    carrier: &Carrier,
) -> ToolResult<CanonicalShipment> {
    Ok(carrier.track_one(tracking_number)?.shipment)
}

#[cfg(test)]
mod tests {
    use nexus_shard::testing::call;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_known_parcel_is_told() {
        let parcel = nexus_mock_data::shipments().iter().find(|parcel| parcel.delivered_at().is_some()).unwrap();
        let answer =
            call::<fedex_track_shipment, _>(&Carrier::Mock, json!({ "tracking_number": parcel.tracking_number }))
                .unwrap();
        assert_eq!(answer["status"], "delivered");
        assert_eq!(answer["reference"], json!(parcel.recipient.laptop()));
        assert_eq!(answer["delivered_at"], json!(parcel.delivered_at().unwrap().to_string()));
    }

    #[test]
    fn an_unknown_parcel_and_a_wrong_number_are_errors() {
        let kind = |number: &str| {
            call::<fedex_track_shipment, _>(&Carrier::Mock, json!({ "tracking_number": number })).unwrap_err().kind()
        };
        assert_eq!(kind("000000000000"), ErrorKind::NotFound);
        assert_eq!(kind("1Z999AA10123456784"), ErrorKind::InvalidParams);
    }
}
