//! The mock data set in this shard's records.

use nexus_mock_data as data;
use nexus_shard::prelude::*;

use crate::address::{Address, AddressClass, AddressValidation, Reason, StandardizedAddress};
use crate::rate::{Journey, RateQuote};
use crate::shipment::{CanonicalShipment, Location, ShipmentEvent, ShipmentStatus, Timestamp, Tracked};
use crate::tracking_number::TrackingNumber;

/// What the data set says of `number`.
///
/// # Errors
/// `NotFound` when it has no such parcel.
pub(crate) fn track(number: &TrackingNumber) -> ToolResult<Tracked> {
    let shipment = data::shipment(number.as_str()).ok_or_else(|| number.not_found())?;
    Ok(Tracked { shipment: canonical(number, shipment), events: shipment.scans.iter().map(event).collect() })
}

fn canonical(number: &TrackingNumber, shipment: &data::Shipment) -> CanonicalShipment {
    let latest = shipment.scans.last();
    CanonicalShipment {
        tracking_number: number.clone(),
        carrier: "FedEx".to_owned(),
        service: Some(shipment.service.name().to_owned()),
        status: status(shipment.status),
        status_detail: latest.map(|scan| scan.event.description().to_owned()),
        exception_reason: shipment.scans.iter().rev().find_map(|scan| scan.event.exception()).map(str::to_owned),
        origin: Some(location(shipment.origin)),
        destination: Some(location(shipment.destination())),
        last_location: latest.map(|scan| location(scan.place)),
        picked_up_at: shipment.picked_up_at().and_then(timestamp),
        estimated_delivery: shipment.estimated_delivery.and_then(timestamp),
        delivered_at: shipment.delivered_at().and_then(timestamp),
        received_by: shipment.received_by(),
        weight_lb: Some(shipment.weight_lb),
        reference: Some(shipment.reference.clone()),
        source_system: "fedex".to_owned(),
        source_id: number.to_string(),
    }
}

fn event(scan: &data::Scan) -> ShipmentEvent {
    ShipmentEvent {
        at: timestamp(scan.at),
        code: Some(scan.event.code().to_owned()),
        description: Some(scan.event.description().to_owned()),
        status: status(scan.event.status()),
        location: Some(location(scan.place)),
        exception_reason: scan.event.exception().map(str::to_owned),
    }
}

fn status(status: data::Status) -> ShipmentStatus {
    match status {
        data::Status::Created => ShipmentStatus::Created,
        data::Status::PickedUp => ShipmentStatus::PickedUp,
        data::Status::InTransit => ShipmentStatus::InTransit,
        data::Status::OutForDelivery => ShipmentStatus::OutForDelivery,
        data::Status::Delivered => ShipmentStatus::Delivered,
        data::Status::Exception => ShipmentStatus::Exception,
        data::Status::Returned => ShipmentStatus::Returned,
        data::Status::Cancelled => ShipmentStatus::Cancelled,
    }
}

fn location(place: &data::Place) -> Location {
    Location {
        city: Some(place.city.to_owned()),
        state: Some(place.state.to_owned()),
        country: Some(place.country.to_owned()),
    }
}

fn timestamp(moment: data::Moment) -> Option<Timestamp> {
    Timestamp::parse(&moment.to_string())
}

/// What the data set's rules say of an address.
pub(crate) fn resolve(address: &Address) -> AddressValidation {
    let resolution = data::address::resolve(&data::address::Address {
        street: address.street.as_str(),
        city: address.city.as_str(),
        state: address.state.as_str(),
        postal: address.postal.as_str(),
        country: address.country.as_str(),
    });
    AddressValidation {
        resolved: resolution.resolved(),
        classification: match resolution.classification {
            data::address::Classification::Business => AddressClass::Business,
            data::address::Classification::Residential => AddressClass::Residential,
            data::address::Classification::Unknown => AddressClass::Unknown,
        },
        reasons: resolution
            .problems
            .iter()
            .map(|problem| Reason { code: problem.code().to_owned(), message: problem.message().to_owned() })
            .collect(),
        standardized: StandardizedAddress {
            street_lines: vec![resolution.street],
            city: Some(resolution.city),
            state: Some(resolution.state),
            postal: Some(resolution.postal),
            country: Some(resolution.country),
        },
    }
}

/// What the data set's rules say about prices.
///
/// # Errors
/// `InvalidParams` when an end of the journey is not served.
pub(crate) fn quote(journey: &Journey) -> ToolResult<Vec<RateQuote>> {
    let quotes = data::rate::quotes(&data::rate::Parcel {
        origin_postal: journey.origin_postal.as_str(),
        origin_country: journey.origin_country.as_str(),
        destination_postal: journey.destination_postal.as_str(),
        destination_country: journey.destination_country.as_str(),
        weight_lb: journey.weight.get(),
    })
    .map_err(|none| ToolError::invalid_params(none.message()).with("fedex_code", none.code()))?;
    Ok(quotes
        .into_iter()
        .map(|quote| RateQuote {
            service_type: quote.service_code.to_owned(),
            service_name: quote.service_name.to_owned(),
            total: f64::from(quote.cents) / 100.0,
            currency: "USD".to_owned(),
            transit_days: Some(quote.transit_days.into()),
            delivery_by: Some(quote.delivery_by),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking_number::number;

    #[test]
    fn every_parcel_can_be_tracked_and_ends_with_its_status() {
        for shipment in data::shipments() {
            let tracked = track(&number(&shipment.tracking_number)).unwrap();
            assert_eq!(tracked.events.last().unwrap().status, tracked.shipment.status);
            assert!(tracked.events.iter().all(|event| event.at.is_some()));
            assert_eq!(tracked.shipment.weight_lb, Some(shipment.weight_lb));
        }
    }

    #[test]
    fn an_unknown_parcel_is_not_found() {
        assert_eq!(track(&number("000000000000")).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
