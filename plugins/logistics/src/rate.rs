//! What sending a parcel costs.

use std::cmp::Ordering;

use nexus_shard::prelude::*;

use crate::place::{CountryCode, PostalCode, Pounds};

/// A parcel that somebody thinks of sending.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Journey {
    pub(crate) origin_postal: PostalCode,
    pub(crate) origin_country: CountryCode,
    pub(crate) destination_postal: PostalCode,
    pub(crate) destination_country: CountryCode,
    pub(crate) weight: Pounds,
}

/// The services that can take a parcel, and their prices.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct RateComparison {
    /// One for each service, cheapest first.
    pub(crate) quotes: Vec<RateQuote>,
}

/// One service's price.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct RateQuote {
    /// The carrier's code of the service, as in `FEDEX_GROUND`.
    pub(crate) service_type: String,
    /// The service's name for people.
    pub(crate) service_name: String,
    /// What it costs, every surcharge included, in `currency`.
    pub(crate) total: f64,
    /// ISO 4217 code, as in USD.
    pub(crate) currency: String,
    /// How many working days it takes.
    pub(crate) transit_days: Option<u32>,
    /// By when it is delivered: ISO 8601 date and time at the destination.
    pub(crate) delivery_by: Option<String>,
}

impl RateQuote {
    /// The cheaper one first, and among equals the quicker one.
    pub(crate) fn by_price(&self, other: &Self) -> Ordering {
        self.total.total_cmp(&other.total).then_with(|| self.delivery_by.cmp(&other.delivery_by))
    }
}
