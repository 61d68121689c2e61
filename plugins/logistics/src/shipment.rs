//! What is known about a parcel, whichever system knows it.

use chrono::{DateTime, FixedOffset};
use nexus_shard::prelude::*;

use crate::tracking_number::TrackingNumber;

/// A parcel and how far it is. What the carrier does not say is null.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct CanonicalShipment {
    /// The carrier's number of the parcel.
    pub(crate) tracking_number: TrackingNumber,
    /// The carrier: FedEx.
    pub(crate) carrier: String,
    /// The service that was bought, as in FedEx Ground.
    pub(crate) service: Option<String>,
    /// How far the parcel is.
    pub(crate) status: ShipmentStatus,
    /// The carrier's own words for the status.
    pub(crate) status_detail: Option<String>,
    /// What keeps it from arriving, or kept it the last time.
    pub(crate) exception_reason: Option<String>,
    /// The town that it was sent from.
    pub(crate) origin: Option<Location>,
    /// The town that it goes to.
    pub(crate) destination: Option<Location>,
    /// The town of its latest scan.
    pub(crate) last_location: Option<Location>,
    /// When the carrier took it.
    pub(crate) picked_up_at: Option<Timestamp>,
    /// When it is due; null once it is delivered.
    pub(crate) estimated_delivery: Option<Timestamp>,
    /// When it was handed over.
    pub(crate) delivered_at: Option<Timestamp>,
    /// Who took it.
    pub(crate) received_by: Option<String>,
    /// Pounds.
    pub(crate) weight_lb: Option<f64>,
    /// The sender's own reference: an order, a ticket, or the host name of the device inside.
    pub(crate) reference: Option<String>,
    /// The system that said this: fedex.
    pub(crate) source_system: String,
    /// The parcel's identifier in that system.
    pub(crate) source_id: String,
}

/// How far a parcel is.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShipmentStatus {
    /// A label exists; the carrier has nothing yet.
    Created,
    /// The carrier has it.
    PickedUp,
    /// Between two places.
    InTransit,
    /// On the vehicle that will deliver it.
    OutForDelivery,
    /// Handed over.
    Delivered,
    /// Something keeps it from arriving.
    Exception,
    /// On its way back to the sender, or there.
    Returned,
    /// Called off by the sender.
    Cancelled,
}

/// One scan of a parcel.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct ShipmentEvent {
    /// When it happened.
    pub(crate) at: Option<Timestamp>,
    /// The carrier's code, as in PU (picked up) or DL (delivered).
    pub(crate) code: Option<String>,
    /// The carrier's words.
    pub(crate) description: Option<String>,
    /// How far the parcel was then.
    pub(crate) status: ShipmentStatus,
    /// Where it happened.
    pub(crate) location: Option<Location>,
    /// What went wrong.
    pub(crate) exception_reason: Option<String>,
}

/// A town.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Location {
    /// The town.
    pub(crate) city: Option<String>,
    /// State or province code.
    pub(crate) state: Option<String>,
    /// Country code of two letters.
    pub(crate) country: Option<String>,
}

/// ISO 8601 date and time, with the local offset where the carrier gives one, as in 2026-06-17T15:00:00-05:00.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Timestamp(String);

impl Timestamp {
    /// Takes `text` when it is a date and time. Without an offset it counts as UTC when it is compared.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let timestamp = Self(text.to_owned());
        timestamp.instant().map(|_| timestamp)
    }

    /// The instant, to put two of them in order.
    pub(crate) fn instant(&self) -> Option<DateTime<FixedOffset>> {
        DateTime::parse_from_rfc3339(&self.0).or_else(|_| DateTime::parse_from_rfc3339(&format!("{}Z", self.0))).ok()
    }
}

/// A parcel with its whole story.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tracked {
    pub(crate) shipment: CanonicalShipment,
    /// In the order of time.
    pub(crate) events: Vec<ShipmentEvent>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_keeps_its_text_and_compares_by_instant() {
        let austin = Timestamp::parse("2026-06-17T15:00:00-05:00").unwrap();
        let utc = Timestamp::parse("2026-06-17T20:00:00").unwrap();
        assert_eq!(austin.instant(), utc.instant());
        assert_eq!(serde_json::json!(austin), "2026-06-17T15:00:00-05:00");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "soon", "2026-06-17", "2026-13-17T15:00:00Z"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
