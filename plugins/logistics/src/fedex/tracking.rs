//! Track API: `POST /track/v1/trackingnumbers`.

use nexus_shard::prelude::*;
use serde_json::json;

use super::refusal::code_of;
use super::{Answer, FedEx, search};
use crate::shipment::{CanonicalShipment, Location, ShipmentEvent, ShipmentStatus, Timestamp, Tracked};
use crate::tracking_number::TrackingNumber;

impl FedEx {
    /// Asks for all `numbers` at once; FedEx takes thirty. The answers are in their order.
    ///
    /// # Errors
    /// Outside when nothing can be said of any number; inside when it is about one number.
    pub(crate) fn track(&self, numbers: &[TrackingNumber]) -> ToolResult<Vec<ToolResult<Tracked>>> {
        let asked: Vec<_> =
            numbers.iter().map(|number| json!({ "trackingNumberInfo": { "trackingNumber": number } })).collect();
        let body = json!({ "includeDetailedScans": true, "trackingInfo": asked });
        let parcels = search(&self.paths.track, &body, "completeTrackResults")?;
        Ok(numbers.iter().map(|number| pick(number, &parcels)).collect())
    }
}

/// What FedEx says of `number`.
///
/// FedEx uses numbers again after a while: the latest parcel comes first, and a known one is better than an error.
fn pick(number: &TrackingNumber, parcels: &[Answer]) -> ToolResult<Tracked> {
    let results: Vec<_> = parcels
        .iter()
        .filter(|parcel| parcel.text(&["trackingNumber"]).as_deref() == Some(number.as_str()))
        .flat_map(|parcel| parcel.items(&["trackResults"]))
        .collect();
    if let Some(result) = results.iter().find(|result| result.part(&["error"]).is_none()) {
        return Ok(tracked(number, result));
    }
    let problem = results.iter().find_map(|result| result.part(&["error"]));
    Err(unknown(number, problem.as_ref()))
}

fn unknown(number: &TrackingNumber, problem: Option<&Answer>) -> ToolError {
    let code = problem.map(code_of).unwrap_or_default();
    if code.is_empty() || code.contains("NOTFOUND") {
        number.not_found()
    } else if code.contains("INVALID") || code.contains("EMPTY") {
        ToolError::invalid_params(format!("FedEx does not accept {number} as a tracking number ({code})."))
    } else {
        ToolError::unavailable(format!("FedEx cannot say anything of parcel {number} now ({code}). Try again later."))
    }
}

fn tracked(number: &TrackingNumber, result: &Answer) -> Tracked {
    // FedEx tells the latest first; turned round, events of the same minute stay in order.
    let mut events: Vec<_> = result.items(&["scanEvents"]).iter().rev().map(event).collect();
    events.sort_by_key(|event| event.at.as_ref().and_then(Timestamp::instant));

    let latest = |name| result.text(&["latestStatusDetail", name]);
    let status = match (latest("derivedCode"), latest("code")) {
        (None, None) => events.last().map_or(ShipmentStatus::Created, |event| event.status),
        (derived, code) => status([derived.as_deref(), code.as_deref()]),
    };
    let dates = result.items(&["dateAndTimes"]);
    let date = |kind: &str| {
        let found = dates.iter().find(|date| date.text(&["type"]).as_deref() == Some(kind))?;
        Timestamp::parse(&found.text(&["dateTime"])?)
    };
    let scanned = |wanted| events.iter().find(|event| event.status == wanted).and_then(|event| event.at.clone());
    let delivered = status == ShipmentStatus::Delivered;

    let shipment = CanonicalShipment {
        tracking_number: number.clone(),
        carrier: "FedEx".to_owned(),
        service: result.text(&["serviceDetail", "description"]),
        status,
        status_detail: latest("description").or_else(|| latest("statusByLocale")),
        exception_reason: result
            .items(&["latestStatusDetail", "ancillaryDetails"])
            .iter()
            .find_map(|detail| detail.text(&["reasonDescription"]))
            .or_else(|| events.iter().rev().find_map(|event| event.exception_reason.clone())),
        origin: location(result, &["shipperInformation", "address"]),
        destination: location(result, &["recipientInformation", "address"]),
        last_location: location(result, &["latestStatusDetail", "scanLocation"])
            .or_else(|| events.iter().rev().find_map(|event| event.location.clone())),
        picked_up_at: date("ACTUAL_PICKUP").or_else(|| scanned(ShipmentStatus::PickedUp)),
        estimated_delivery: date("ESTIMATED_DELIVERY")
            .or_else(|| Timestamp::parse(&result.text(&["estimatedDeliveryTimeWindow", "window", "ends"])?))
            .filter(|_| !delivered),
        delivered_at: date("ACTUAL_DELIVERY").or_else(|| scanned(ShipmentStatus::Delivered)).filter(|_| delivered),
        received_by: result.text(&["deliveryDetails", "receivedByName"]),
        weight_lb: pounds(result, &["packageDetails", "weightAndDimensions", "weight"])
            .or_else(|| pounds(result, &["shipmentDetails", "weight"])),
        reference: reference(result),
        source_system: "fedex".to_owned(),
        source_id: number.to_string(),
    };
    Tracked { shipment, events }
}

fn event(scan: &Answer) -> ShipmentEvent {
    let code = scan.text(&["eventType"]);
    ShipmentEvent {
        at: scan.text(&["date"]).as_deref().and_then(Timestamp::parse),
        status: status([code.as_deref(), scan.text(&["derivedStatusCode"]).as_deref()]),
        code,
        description: scan.text(&["eventDescription"]),
        location: location(scan, &["scanLocation"]),
        exception_reason: scan.text(&["exceptionDescription"]),
    }
}

/// The status that the first telling one of `codes` stands for: FedEx's status and event codes, from the Track API's
/// reference. What is not listed only says that the parcel is under way.
fn status<const N: usize>(codes: [Option<&str>; N]) -> ShipmentStatus {
    let telling = |code: &str| match code {
        "OC" | "IN" | "EP" | "OX" => Some(ShipmentStatus::Created),
        "PU" | "PX" | "AP" => Some(ShipmentStatus::PickedUp),
        "OD" | "ED" | "AD" => Some(ShipmentStatus::OutForDelivery),
        "DL" => Some(ShipmentStatus::Delivered),
        "DE" | "SE" | "DD" | "DY" | "PD" | "CD" => Some(ShipmentStatus::Exception),
        "RS" => Some(ShipmentStatus::Returned),
        "CA" => Some(ShipmentStatus::Cancelled),
        _ => None,
    };
    codes.into_iter().flatten().find_map(telling).unwrap_or(ShipmentStatus::InTransit)
}

fn location(answer: &Answer, path: &[&str]) -> Option<Location> {
    let address = answer.part(path)?;
    let [city, state, country] = ["city", "stateOrProvinceCode", "countryCode"].map(|name| address.text(&[name]));
    (city.is_some() || state.is_some() || country.is_some()).then_some(Location { city, state, country })
}

fn pounds(answer: &Answer, path: &[&str]) -> Option<f64> {
    let weights = answer.items(path);
    weights.iter().find(|weight| weight.text(&["unit"]).as_deref() == Some("LB"))?.number(&["value"])
}

/// The sender's own reference. FedEx's reference documents `value`; the service answers `values`.
fn reference(result: &Answer) -> Option<String> {
    let identifiers = result.items(&["additionalTrackingInfo", "packageIdentifiers"]);
    ["CUSTOMER_REFERENCE", "SHIPPER_REFERENCE"].into_iter().find_map(|kind| {
        let found = identifiers.iter().find(|identifier| identifier.text(&["type"]).as_deref() == Some(kind))?;
        found.text(&["value"]).or_else(|| found.items(&["values"]).iter().find_map(|value| value.text(&[])))
    })
}

#[cfg(test)]
mod tests {
    use nexus_shard::testing;
    use serde_json::Value;

    use super::*;
    use crate::fedex::tests::client;
    use crate::tracking_number::number;

    const DELIVERED: &str = include_str!("sample/delivered.json");

    fn track(answer: &Value, numbers: &[&str]) -> Vec<ToolResult<Tracked>> {
        let answer = answer.clone();
        let _network = testing::http(move |_| testing::reply(200, &answer));
        let numbers: Vec<_> = numbers.iter().map(|text| number(text)).collect();
        client(&[]).track(&numbers).unwrap()
    }

    fn one(result: &Value) -> Tracked {
        let parcel = json!({ "trackingNumber": "123456789012", "trackResults": [result] });
        track(&json!({ "output": { "completeTrackResults": [parcel] } }), &["123456789012"]).remove(0).unwrap()
    }

    #[test]
    fn a_delivered_parcel_is_read_as_fedex_documents_it() {
        let Tracked { shipment, events } =
            track(&serde_json::from_str(DELIVERED).unwrap(), &["128667043726"]).remove(0).unwrap();
        assert_eq!(
            json!(shipment),
            json!({
                "tracking_number": "128667043726",
                "carrier": "FedEx",
                "service": "FedEx Ground",
                "status": "delivered",
                "status_detail": "Delivered",
                "exception_reason": "Customer not available or business closed",
                "origin": { "city": "SEATTLE", "state": "WA", "country": "US" },
                "destination": { "city": "COLLIERVILLE", "state": "TN", "country": "US" },
                "last_location": { "city": "COLLIERVILLE", "state": "TN", "country": "US" },
                "picked_up_at": "2026-06-09T17:02:00-07:00",
                "estimated_delivery": null,
                "delivered_at": "2026-06-13T11:24:00-05:00",
                "received_by": "SROGERS",
                "weight_lb": 21.5,
                "reference": "LAPTOP-CAROL-03",
                "source_system": "fedex",
                "source_id": "128667043726",
            })
        );
        let codes: Vec<_> = events.iter().filter_map(|event| event.code.as_deref()).collect();
        assert_eq!(codes, ["OC", "PU", "DP", "AR", "OD", "DE", "OD", "DL"]);
        assert_eq!(events[5].status, ShipmentStatus::Exception);
        assert_eq!(
            events[6].status,
            ShipmentStatus::OutForDelivery,
            "its derived code says in transit, its own says more"
        );
    }

    #[test]
    fn the_request_is_what_fedex_documents() {
        let network = testing::http(|_| testing::reply(200, &json!({ "output": { "completeTrackResults": [] } })));
        client(&[]).track(&[number("123456789012"), number("999999999999")]).unwrap();
        let request = network.requests().remove(0);
        assert_eq!(request.url, "https://apis.fedex.com/track/v1/trackingnumbers");
        assert_eq!(
            serde_json::from_slice::<Value>(&request.body.unwrap()).unwrap(),
            json!({ "includeDetailedScans": true, "trackingInfo": [
                { "trackingNumberInfo": { "trackingNumber": "123456789012" } },
                { "trackingNumberInfo": { "trackingNumber": "999999999999" } },
            ] })
        );
    }

    #[test]
    fn every_item_has_its_own_answer_in_the_order_asked() {
        let failed = |code: &str| json!([{ "error": { "code": code, "message": "words" } }]);
        let answer = json!({ "output": { "completeTrackResults": [
            { "trackingNumber": "111111111111", "trackResults": failed("TRACKING.TRACKINGNUMBER.NOTFOUND") },
            { "trackingNumber": "222222222222", "trackResults": [{ "latestStatusDetail": { "code": "IT" } }] },
            { "trackingNumber": "333333333333", "trackResults": failed("TRACKING.TRACKINGNUMBER.INVALID") },
            { "trackingNumber": "444444444444", "trackResults": failed("TRACKING.SERVICE.UNAVAILABLE") },
        ] } });
        let numbers = ["444444444444", "333333333333", "222222222222", "111111111111", "555555555555"];
        let kinds: Vec<_> =
            track(&answer, &numbers).into_iter().map(|each| each.map_err(|error| error.kind())).collect();
        assert_eq!(kinds[0], Err(ErrorKind::Unavailable));
        assert_eq!(kinds[1], Err(ErrorKind::InvalidParams));
        assert_eq!(kinds[2].as_ref().unwrap().shipment.status, ShipmentStatus::InTransit);
        assert_eq!(kinds[3], Err(ErrorKind::NotFound));
        assert_eq!(kinds[4], Err(ErrorKind::NotFound), "a number that FedEx leaves out");
    }

    #[test]
    fn a_number_used_again_means_the_latest_parcel_that_is_known() {
        let results = json!([
            { "error": { "code": "TRACKING.DATA.NOTFOUND" } },
            { "latestStatusDetail": { "code": "PU" } },
            { "latestStatusDetail": { "code": "DL" } },
        ]);
        let answer = json!({ "output": { "completeTrackResults": [{ "trackingNumber": "123456789012", "trackResults": results }] } });
        let tracked = track(&answer, &["123456789012"]).remove(0).unwrap();
        assert_eq!(tracked.shipment.status, ShipmentStatus::PickedUp);
    }

    #[test]
    fn a_parcel_of_which_nothing_is_said_is_created() {
        let tracked = one(&json!({}));
        assert_eq!(tracked.shipment.status, ShipmentStatus::Created);
        assert_eq!(tracked.shipment.last_location, None);
        assert!(tracked.events.is_empty());
    }

    #[test]
    fn an_odd_field_does_not_cost_the_others() {
        let tracked = one(&json!({
            "latestStatusDetail": { "code": "OD", "scanLocation": null, "ancillaryDetails": "none" },
            "serviceDetail": null,
            "scanEvents": [{ "date": "yesterday", "eventType": 7, "scanLocation": { "city": "MEMPHIS" } }, null],
            "dateAndTimes": [{ "type": "ESTIMATED_DELIVERY", "dateTime": "2026-06-18T17:00:00" }, 3],
            "packageDetails": { "weightAndDimensions": { "weight": [{ "unit": "KG", "value": "1" }, { "unit": "LB", "value": 2.2 }] } },
        }));
        assert_eq!(tracked.shipment.status, ShipmentStatus::OutForDelivery);
        assert_eq!(tracked.shipment.weight_lb, Some(2.2));
        assert_eq!(json!(tracked.shipment.estimated_delivery), "2026-06-18T17:00:00");
        assert_eq!(tracked.shipment.last_location.unwrap().city.as_deref(), Some("MEMPHIS"));
        assert_eq!(tracked.events.len(), 2);
    }

    #[test]
    fn every_status_of_a_parcels_life_has_its_code() {
        let codes = ["OC", "PU", "IT", "OD", "DL", "DE", "RS", "CA"];
        let names = codes.map(|code| json!(status([Some(code)])).as_str().unwrap().to_owned());
        let wanted = [
            "created",
            "picked_up",
            "in_transit",
            "out_for_delivery",
            "delivered",
            "exception",
            "returned",
            "cancelled",
        ];
        assert_eq!(names, wanted);
    }
}
