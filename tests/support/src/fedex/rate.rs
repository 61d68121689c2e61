//! FedEx's Rates and Transit Times API.

use axum::http::StatusCode;
use axum::response::Response;
use nexus_mock_data::rate::{Parcel, Quote, quotes};
use serde_json::{Value, json};

use super::error;

/// How FedEx spells a number of working days.
const DAYS: [&str; 8] =
    ["UNKNOWN", "ONE_DAY", "TWO_DAYS", "THREE_DAYS", "FOUR_DAYS", "FIVE_DAYS", "SIX_DAYS", "SEVEN_DAYS"];

/// Answers a request body.
pub(super) fn answer(body: &Value) -> Response {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if text("/accountNumber/value").is_empty() {
        return error::bad_request("accountNumber is required.");
    }
    if text("/requestedShipment/pickupType").is_empty() {
        return error::bad_request("pickupType is required.");
    }
    let weight = body.pointer("/requestedShipment/requestedPackageLineItems/0/weight");
    let unit = weight.and_then(|weight| weight.get("units")).and_then(Value::as_str);
    let value = weight.and_then(|weight| weight.get("value")).and_then(Value::as_f64);
    let (Some("LB"), Some(weight_lb)) = (unit, value) else {
        return error::bad_request("requestedPackageLineItems must have a weight in LB.");
    };
    let parcel = Parcel {
        origin_postal: text("/requestedShipment/shipper/address/postalCode"),
        origin_country: text("/requestedShipment/shipper/address/countryCode"),
        destination_postal: text("/requestedShipment/recipient/address/postalCode"),
        destination_country: text("/requestedShipment/recipient/address/countryCode"),
        weight_lb,
    };
    match quotes(&parcel) {
        // FedEx has an order of its own, which is not by price.
        Ok(quotes) => error::success(&json!({
            "rateReplyDetails": quotes.iter().rev().map(detail).collect::<Vec<_>>(),
            "quoteDate": "2026-06-17",
            "encoded": false,
        })),
        Err(reason) => error::answer(StatusCode::BAD_REQUEST, reason.code(), reason.message()),
    }
}

fn detail(quote: &Quote) -> Value {
    let dollars = f64::from(quote.cents) / 100.0;
    let rated = |kind: &str, total: f64| {
        json!({
            "rateType": kind,
            "ratedWeightMethod": "ACTUAL",
            "totalDiscounts": 0.0,
            "totalBaseCharge": total,
            "totalNetCharge": total,
            "totalNetFedExCharge": total,
            "currency": "USD",
        })
    };
    json!({
        "serviceType": quote.service_code,
        "serviceName": quote.service_name,
        "packagingType": "YOUR_PACKAGING",
        "commit": { "dateDetail": { "dayFormat": quote.delivery_by }, "saturdayDelivery": false },
        "ratedShipmentDetails": [rated("ACCOUNT", dollars), rated("LIST", dollars + 10.0)],
        "operationalDetail": {
            "transitTime": DAYS.get(usize::from(quote.transit_days)).unwrap_or(&"UNKNOWN"),
            "ineligibleForMoneyBackGuarantee": false,
        },
    })
}
