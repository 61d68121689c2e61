//! FedEx's Track API: by tracking number.

use axum::response::Response;
use nexus_mock_data::{Event, Moment, Place, Scan, Shipment, Status, shipment};
use serde_json::{Value, json};

use super::error;

/// The most numbers that FedEx takes at once.
const MOST: usize = 30;

/// Answers a request body.
pub(super) fn answer(body: &Value) -> Response {
    let Some(asked) = body.get("trackingInfo").and_then(Value::as_array) else {
        return error::bad_request("trackingInfo is missing.");
    };
    let numbers: Vec<&str> =
        asked.iter().filter_map(|info| info.pointer("/trackingNumberInfo/trackingNumber")?.as_str()).collect();
    if numbers.is_empty() || numbers.len() != asked.len() {
        return error::bad_request("Please provide tracking number.");
    }
    if numbers.len() > MOST {
        return error::bad_request("Please limit your inquiry to 30 tracking numbers.");
    }
    let detailed = body.get("includeDetailedScans") == Some(&json!(true));
    let results: Vec<Value> = numbers
        .iter()
        .map(|number| {
            let result = shipment(number).map_or_else(|| not_found(number), |found| result(found, detailed));
            json!({ "trackingNumber": number, "trackResults": [result] })
        })
        .collect();
    error::success(&json!({ "completeTrackResults": results }))
}

/// A number that FedEx does not know is no failure of the request: the error is in its place among the results.
fn not_found(number: &str) -> Value {
    json!({
        "trackingNumberInfo": { "trackingNumber": number, "trackingNumberUniqueId": "", "carrierCode": "" },
        "error": {
            "code": "TRACKING.TRACKINGNUMBER.NOTFOUND",
            "message": "Tracking number cannot be found. Please correct the tracking number and try again.",
        },
    })
}

fn result(shipment: &Shipment, detailed: bool) -> Value {
    let last = shipment.scans.last().expect("a parcel has at least one scan");
    let mut result = json!({
        "trackingNumberInfo": {
            "trackingNumber": shipment.tracking_number,
            "trackingNumberUniqueId": format!("12029~{}~FDEG", shipment.tracking_number),
            "carrierCode": if shipment.service.code() == "FEDEX_GROUND" { "FDXG" } else { "FDXE" },
        },
        "additionalTrackingInfo": {
            "hasAssociatedShipments": false,
            "packageIdentifiers": [{ "type": "CUSTOMER_REFERENCE", "values": [shipment.reference] }],
        },
        "shipperInformation": { "address": address(shipment.origin) },
        "recipientInformation": { "address": address(shipment.destination()) },
        "latestStatusDetail": {
            "code": last.event.code(),
            "derivedCode": derived(last.event).0,
            "statusByLocale": derived(last.event).1,
            "description": last.event.description(),
            "scanLocation": address(last.place),
            "ancillaryDetails": last.event.exception().map(|reason| json!([{ "reason": "08", "reasonDescription": reason }])),
        },
        "dateAndTimes": date_and_times(shipment),
        "packageDetails": {
            "packagingDescription": { "type": "YOUR_PACKAGING", "description": "Customer Packaging" },
            "sequenceNumber": "1",
            "count": "1",
            "weightAndDimensions": { "weight": [
                { "unit": "LB", "value": format!("{:.1}", shipment.weight_lb) },
                { "unit": "KG", "value": format!("{:.2}", shipment.weight_lb * 0.453_592) },
            ] },
        },
        "serviceDetail": { "type": shipment.service.code(), "description": shipment.service.name(), "shortDescription": "FX" },
        "deliveryDetails": { "receivedByName": shipment.received_by(), "deliveryAttempts": "0" },
        "originLocation": { "locationContactAndAddress": { "address": address(shipment.origin) } },
        "lastUpdatedDestinationAddress": address(shipment.destination()),
    });
    if detailed && let Some(fields) = result.as_object_mut() {
        // FedEx tells the newest first.
        fields.insert("scanEvents".to_owned(), shipment.scans.iter().rev().map(scan_event).collect());
    }
    // FedEx leaves out what it does not know; it never says null.
    without_nulls(result)
}

fn date_and_times(shipment: &Shipment) -> Value {
    let times = [
        ("ACTUAL_PICKUP", shipment.picked_up_at()),
        ("ACTUAL_DELIVERY", shipment.delivered_at()),
        ("ESTIMATED_DELIVERY", shipment.estimated_delivery),
    ];
    let known = |(kind, at): (&str, Option<Moment>)| at.map(|at| json!({ "type": kind, "dateTime": at.to_string() }));
    times.into_iter().filter_map(known).collect()
}

fn scan_event(scan: &Scan) -> Value {
    let (derived_code, derived_status) = derived(scan.event);
    json!({
        "date": scan.at.to_string(),
        "eventType": scan.event.code(),
        "eventDescription": scan.event.description(),
        "exceptionCode": if scan.event.exception().is_some() { "08" } else { "" },
        "exceptionDescription": scan.event.exception().unwrap_or_default(),
        "scanLocation": address(scan.place),
        "derivedStatusCode": derived_code,
        "derivedStatus": derived_status,
    })
}

/// FedEx's summary of an event: a code and its words.
fn derived(event: Event) -> (&'static str, &'static str) {
    match event.status() {
        Status::Created => ("IN", "Label created"),
        Status::PickedUp => ("PU", "Picked up"),
        Status::InTransit => ("IT", "In transit"),
        Status::OutForDelivery => ("OD", "Out for delivery"),
        Status::Delivered => ("DL", "Delivered"),
        Status::Exception => ("DE", "Delivery exception"),
        Status::Returned => ("RS", "Returning to sender"),
        Status::Cancelled => ("CA", "Cancelled"),
    }
}

fn address(place: &Place) -> Value {
    json!({
        "city": place.city,
        "stateOrProvinceCode": place.state,
        "countryCode": place.country,
        "countryName": if place.country == "US" { "United States" } else { "Canada" },
        "residential": false,
    })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let known = fields.into_iter().filter(|(_, value)| !value.is_null());
            known.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
