//! What a carrier would charge: rules, not records.
//!
//! A price is a base, plus so much a pound, times a zone. Everything is counted in whole cents, so that it is the same on
//! every platform. Delivery dates count from the day of [`Moment::REFERENCE`] in working days, Monday to Friday.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::address::{COUNTRIES, standard_postal};
use crate::moment::Moment;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parcel<'a> {
    /// Where it is sent from.
    pub origin_postal: &'a str,
    /// ISO 3166-1 alpha-2, capitals.
    pub origin_country: &'a str,
    /// Where it is sent to.
    pub destination_postal: &'a str,
    /// ISO 3166-1 alpha-2, capitals.
    pub destination_country: &'a str,
    /// Pounds; charged by whole pounds, rounded up.
    pub weight_lb: f64,
}

/// One service's price.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quote {
    /// FedEx's service type, `FEDEX_GROUND`.
    pub service_code: &'static str,
    /// FedEx's name for people.
    pub service_name: &'static str,
    /// US cents, everything included. FedEx: `totalNetCharge`, in dollars.
    pub cents: u32,
    /// Working days. FedEx: `operationalDetail.transitTime`, as `TWO_DAYS`.
    pub transit_days: u8,
    /// Local time, `2026-06-19T17:00:00`. FedEx: `commit.dateDetail.dayFormat`.
    pub delivery_by: String,
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoQuote {
    /// The origin's country is not served or its postal code does not have the country's form.
    OriginInvalid,
    /// The same of the destination.
    DestinationInvalid,
}

impl NoQuote {
    /// FedEx's error code.
    pub fn code(self) -> &'static str {
        match self {
            Self::OriginInvalid => "ORIGIN.POSTALCODE.INVALID",
            Self::DestinationInvalid => "DESTINATION.POSTALCODE.INVALID",
        }
    }

    /// For people and models.
    pub fn message(self) -> &'static str {
        match self {
            Self::OriginInvalid => "The origin's postal code and country do not belong together or are not served.",
            Self::DestinationInvalid => {
                "The destination's postal code and country do not belong together or are not served."
            }
        }
    }
}

struct Tariff {
    code: &'static str,
    name: &'static str,
    base: u32,
    per_pound: u32,
    /// Working days; none when it depends on the zone.
    days: Option<u8>,
    /// The time of day by which it arrives.
    by: &'static str,
}

const fn tariff(
    code: &'static str,
    name: &'static str,
    base: u32,
    per_pound: u32,
    days: Option<u8>,
    by: &'static str,
) -> Tariff {
    Tariff { code, name, base, per_pound, days, by }
}

static DOMESTIC: [Tariff; 6] = [
    tariff("FEDEX_GROUND", "FedEx Ground", 985, 48, None, "17:00:00"),
    tariff("FEDEX_EXPRESS_SAVER", "FedEx Express Saver", 1840, 92, Some(3), "17:00:00"),
    tariff("FEDEX_2_DAY", "FedEx 2Day", 2260, 118, Some(2), "17:00:00"),
    tariff("STANDARD_OVERNIGHT", "FedEx Standard Overnight", 3890, 176, Some(1), "17:00:00"),
    tariff("PRIORITY_OVERNIGHT", "FedEx Priority Overnight", 4320, 194, Some(1), "10:30:00"),
    tariff("FIRST_OVERNIGHT", "FedEx First Overnight", 7950, 210, Some(1), "08:30:00"),
];

static INTERNATIONAL: [Tariff; 3] = [
    tariff("FEDEX_INTERNATIONAL_CONNECT_PLUS", "FedEx International Connect Plus", 3980, 265, Some(5), "18:00:00"),
    tariff("INTERNATIONAL_ECONOMY", "FedEx International Economy", 5260, 310, Some(4), "18:00:00"),
    tariff("FEDEX_INTERNATIONAL_PRIORITY", "FedEx International Priority", 6840, 385, Some(2), "18:00:00"),
];

/// What each service charges for `parcel`, cheapest first.
///
/// # Errors
/// [`NoQuote`] when an end of the journey is no place that is served.
pub fn quotes(parcel: &Parcel<'_>) -> Result<Vec<Quote>, NoQuote> {
    let served =
        |country: &str, postal: &str| COUNTRIES.contains(&country).then(|| standard_postal(country, postal)).flatten();
    let origin = served(parcel.origin_country, parcel.origin_postal).ok_or(NoQuote::OriginInvalid)?;
    let destination =
        served(parcel.destination_country, parcel.destination_postal).ok_or(NoQuote::DestinationInvalid)?;
    let domestic = parcel.origin_country == parcel.destination_country;
    let zone = if domestic { zone(&origin, &destination) } else { 8 };
    let pounds = whole_pounds(parcel.weight_lb);
    let tariffs = if domestic { DOMESTIC.as_slice() } else { &INTERNATIONAL };
    Ok(tariffs
        .iter()
        .map(|tariff| {
            let transit_days = tariff.days.unwrap_or(if zone <= 3 { 2 } else { zone.div_ceil(2) + 1 });
            Quote {
                service_code: tariff.code,
                service_name: tariff.name,
                cents: (tariff.base + tariff.per_pound * pounds) * (100 + 9 * (u32::from(zone) - 2)) / 100,
                transit_days,
                delivery_by: format!("{}T{}", working_day(transit_days), tariff.by),
            }
        })
        .collect())
}

/// 2 (near) to 8 (across the continent), by how far apart the first characters of the postal codes are.
fn zone(origin: &str, destination: &str) -> u8 {
    let region = |postal: &str| postal.bytes().next().unwrap_or_default();
    2 + region(origin).abs_diff(region(destination)).min(6)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and it is clamped first"
)]
fn whole_pounds(weight: f64) -> u32 {
    weight.ceil().clamp(1.0, 2_000.0) as u32
}

fn working_day(days: u8) -> NaiveDate {
    let today = Moment::REFERENCE.local().date_naive();
    (1..)
        .map_while(|ahead| today.checked_add_days(Days::new(ahead)))
        .filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
        .nth(usize::from(days.max(1) - 1))
        .unwrap_or(today)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARCEL: Parcel<'_> = Parcel {
        origin_postal: "78701",
        origin_country: "US",
        destination_postal: "98101",
        destination_country: "US",
        weight_lb: 5.2,
    };

    #[test]
    fn a_domestic_parcel_has_six_prices_cheapest_first() {
        let quotes = quotes(&PARCEL).unwrap();
        assert_eq!(quotes.len(), 6);
        assert!(quotes.is_sorted_by_key(|quote| quote.cents));
        // Zone 4, six pounds: (985 + 6 × 48) × 1.18.
        assert_eq!((quotes[0].service_code, quotes[0].cents), ("FEDEX_GROUND", 1502));
    }

    #[test]
    fn weight_and_distance_cost() {
        let ground = |parcel: Parcel<'_>| quotes(&parcel).unwrap()[0].cents;
        assert!(ground(Parcel { weight_lb: 9.0, ..PARCEL }) > ground(PARCEL));
        assert!(ground(Parcel { destination_postal: "10118", ..PARCEL }) > ground(PARCEL));
    }

    #[test]
    fn a_weekend_is_no_working_day() {
        // The reference is a Wednesday: two working days later is Friday, three is Monday.
        assert_eq!(working_day(2).to_string(), "2026-06-19");
        assert_eq!(working_day(3).to_string(), "2026-06-22");
    }

    #[test]
    fn a_border_changes_the_services() {
        let quotes = quotes(&Parcel { destination_postal: "M5X 1C9", destination_country: "CA", ..PARCEL }).unwrap();
        assert!(quotes.iter().all(|quote| quote.service_name.contains("International")));
        assert!(quotes.is_sorted_by_key(|quote| quote.cents));
    }

    #[test]
    fn an_unknown_place_has_no_price() {
        assert_eq!(quotes(&Parcel { origin_postal: "7", ..PARCEL }), Err(NoQuote::OriginInvalid));
        assert_eq!(quotes(&Parcel { destination_country: "ZZ", ..PARCEL }), Err(NoQuote::DestinationInvalid));
    }
}
