//! Rates and Transit Times API: `POST /rate/v1/rates/quotes`.

use nexus_shard::prelude::*;
use serde_json::{Value, json};

use super::{Answer, FedEx, search};
use crate::rate::{Journey, RateQuote};

impl FedEx {
    /// What each service charges for `journey`, in no order.
    ///
    /// # Errors
    /// When no account is set, and when FedEx was not reached or refuses.
    pub(crate) fn quote(&self, journey: &Journey) -> ToolResult<Vec<RateQuote>> {
        let account = self.account.as_ref().ok_or_else(|| {
            ToolError::unavailable(
                "FEDEX_ACCOUNT_NUMBER is not set: FedEx quotes prices for an account. The operator has to set it.",
            )
            .retryable(false)
            .with("config", "FEDEX_ACCOUNT_NUMBER")
        })?;
        let details = search(&self.paths.rates, &request(account, journey), "rateReplyDetails")?;
        Ok(details.iter().filter_map(quote).collect())
    }
}

fn request(account: &str, journey: &Journey) -> Value {
    let weight = json!({ "units": "LB", "value": journey.weight.get() });
    let place = |postal: &str, country: &str| json!({ "address": { "postalCode": postal, "countryCode": country } });
    let mut shipment = json!({
        "shipper": place(journey.origin_postal.as_str(), journey.origin_country.as_str()),
        "recipient": place(journey.destination_postal.as_str(), journey.destination_country.as_str()),
        "pickupType": "DROPOFF_AT_FEDEX_LOCATION",
        "packagingType": "YOUR_PACKAGING",
        "rateRequestType": ["ACCOUNT"],
        "requestedPackageLineItems": [{ "weight": weight }],
    });
    let abroad = journey.origin_country != journey.destination_country;
    if let Value::Object(shipment) = &mut shipment
        && abroad
    {
        // Across a border FedEx asks what is inside. The price of carrying it does not depend on the answer.
        let goods = json!({
            "description": "Goods",
            "quantity": 1,
            "quantityUnits": "PCS",
            "weight": weight,
            "customsValue": { "amount": 1, "currency": "USD" },
        });
        shipment.insert("customsClearanceDetail".to_owned(), json!({ "commodities": [goods] }));
    }
    json!({
        "accountNumber": { "value": account },
        "rateRequestControlParameters": { "returnTransitTimes": true },
        "requestedShipment": shipment,
    })
}

/// One service's price; none when FedEx names no price or no service.
fn quote(detail: &Answer) -> Option<RateQuote> {
    let rated = detail.items(&["ratedShipmentDetails"]);
    let price =
        rated.iter().find(|price| price.text(&["rateType"]).as_deref() == Some("ACCOUNT")).or_else(|| rated.first())?;
    let service_type = detail.text(&["serviceType"])?;
    Some(RateQuote {
        service_name: detail.text(&["serviceName"]).unwrap_or_else(|| service_type.clone()),
        service_type,
        total: price.number(&["totalNetCharge"])?,
        currency: price
            .text(&["currency"])
            .or_else(|| price.text(&["shipmentRateDetail", "currency"]))
            .unwrap_or_else(|| "USD".to_owned()),
        transit_days: [&["operationalDetail", "transitTime"][..], &["commit", "transitDays", "minimumTransitTime"]]
            .into_iter()
            .find_map(|path| days(&detail.text(path)?)),
        delivery_by: [
            &["commit", "dateDetail", "dayFormat"][..],
            &["operationalDetail", "deliveryDate"],
            &["operationalDetail", "commitDate"],
        ]
        .into_iter()
        .find_map(|path| detail.text(path)),
    })
}

/// FedEx spells a number of days out: `ONE_DAY`, `TWO_DAYS`, … `TWENTY_DAYS`.
fn days(spelt: &str) -> Option<u32> {
    const NUMBERS: [&str; 20] = [
        "ONE",
        "TWO",
        "THREE",
        "FOUR",
        "FIVE",
        "SIX",
        "SEVEN",
        "EIGHT",
        "NINE",
        "TEN",
        "ELEVEN",
        "TWELVE",
        "THIRTEEN",
        "FOURTEEN",
        "FIFTEEN",
        "SIXTEEN",
        "SEVENTEEN",
        "EIGHTEEN",
        "NINETEEN",
        "TWENTY",
    ];
    let number = spelt.strip_suffix("_DAYS").or_else(|| spelt.strip_suffix("_DAY"))?;
    (1..).zip(NUMBERS).find(|(_, name)| *name == number).map(|(days, _)| days)
}

#[cfg(test)]
mod tests {
    use nexus_shard::testing;

    use super::*;
    use crate::fedex::tests::client;

    fn journey(destination_country: &str) -> Journey {
        Journey {
            origin_postal: "38118".to_owned().try_into().unwrap(),
            origin_country: "US".to_owned().try_into().unwrap(),
            destination_postal: "75063".to_owned().try_into().unwrap(),
            destination_country: destination_country.to_owned().try_into().unwrap(),
            weight: 10.5.try_into().unwrap(),
        }
    }

    const ACCOUNT: (&str, &str) = ("FEDEX_ACCOUNT_NUMBER", "740561073");

    #[test]
    fn prices_are_read_as_fedex_documents_them() {
        let answer = json!({ "output": { "rateReplyDetails": [
            {
                "serviceType": "FEDEX_2_DAY",
                "serviceName": "FedEx 2Day®",
                "commit": { "dateDetail": { "dayOfWeek": "FRI", "dayFormat": "2026-06-19T17:00:00" },
                            "transitDays": { "minimumTransitTime": "TWO_DAYS", "description": "2 days" } },
                "ratedShipmentDetails": [
                    { "rateType": "LIST", "totalNetCharge": 99.0, "currency": "USD" },
                    { "rateType": "ACCOUNT", "totalNetCharge": 41.27, "shipmentRateDetail": { "currency": "CAD" } },
                ],
            },
            {
                "serviceType": "FEDEX_GROUND",
                "ratedShipmentDetails": [{ "rateType": "LIST", "totalNetCharge": "15.3" }],
                "operationalDetail": { "transitTime": "FIVE_DAYS", "deliveryDate": "2026-06-24T17:00:00" },
            },
            { "serviceType": "NO_PRICE", "ratedShipmentDetails": [] },
        ] } });
        let _network = testing::http(move |_| testing::reply(200, &answer));
        assert_eq!(
            json!(client(&[ACCOUNT]).quote(&journey("US")).unwrap()),
            json!([
                { "service_type": "FEDEX_2_DAY", "service_name": "FedEx 2Day®", "total": 41.27, "currency": "CAD",
                  "transit_days": 2, "delivery_by": "2026-06-19T17:00:00" },
                { "service_type": "FEDEX_GROUND", "service_name": "FEDEX_GROUND", "total": 15.3, "currency": "USD",
                  "transit_days": 5, "delivery_by": "2026-06-24T17:00:00" },
            ])
        );
    }

    #[test]
    fn the_request_is_what_fedex_documents() {
        let body = request("740561073", &journey("US"));
        assert_eq!(body["accountNumber"], json!({ "value": "740561073" }));
        assert_eq!(body["requestedShipment"]["recipient"]["address"]["postalCode"], "75063");
        assert_eq!(
            body["requestedShipment"]["requestedPackageLineItems"],
            json!([{ "weight": { "units": "LB", "value": 10.5 } }])
        );
        assert!(body["requestedShipment"].get("customsClearanceDetail").is_none());
        let abroad = request("740561073", &journey("CA"));
        assert!(abroad["requestedShipment"].get("customsClearanceDetail").is_some());
    }

    #[test]
    fn without_an_account_the_setting_is_named_and_nothing_is_sent() {
        let network = testing::http(|_| testing::reply(200, &json!({})));
        let error = client(&[]).quote(&journey("US")).unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        assert!(error.message().starts_with("FEDEX_ACCOUNT_NUMBER"));
        assert!(network.requests().is_empty());
    }

    #[test]
    fn days_are_spelt_out() {
        assert_eq!((days("ONE_DAY"), days("TWENTY_DAYS")), (Some(1), Some(20)));
        assert_eq!((days("UNKNOWN"), days("SOME_DAYS")), (None, None));
    }
}
