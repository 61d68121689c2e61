//! Who answers: FedEx, or the mock data set.

use nexus_shard::prelude::*;

use crate::address::{Address, AddressValidation};
use crate::fedex::FedEx;
use crate::mock;
use crate::rate::{Journey, RateQuote};
use crate::shipment::Tracked;
use crate::tracking_number::TrackingNumber;

/// What an instance of the shard holds.
#[derive(Debug)]
pub(crate) enum Carrier {
    /// FedEx's API.
    FedEx(FedEx),
    /// The mock data set: no network, no credentials.
    Mock,
}

impl Shard for Carrier {
    fn initialize(config: &Config) -> Result<Self, ToolError> {
        if config.flag("USE_MOCK")? { Ok(Self::Mock) } else { FedEx::new(config).map(Self::FedEx) }
    }
}

impl Carrier {
    /// Asks for all of `numbers`; the answers are in their order.
    ///
    /// # Errors
    /// Outside when nothing can be said of any number; inside when it is about one number.
    pub(crate) fn track(&self, numbers: &[TrackingNumber]) -> ToolResult<Vec<ToolResult<Tracked>>> {
        match self {
            Self::FedEx(fedex) => fedex.track(numbers),
            Self::Mock => Ok(numbers.iter().map(mock::track).collect()),
        }
    }

    /// Asks for one number.
    ///
    /// # Errors
    /// `NotFound` when the carrier does not know it, and what [`Carrier::track`] says.
    pub(crate) fn track_one(&self, number: TrackingNumber) -> ToolResult<Tracked> {
        let asked = [number];
        let [number] = &asked;
        self.track(&asked)?.pop().unwrap_or_else(|| Err(number.not_found()))
    }

    /// Looks an address up.
    ///
    /// # Errors
    /// When the carrier cannot say anything. An address that it does not know is an answer.
    pub(crate) fn resolve(&self, address: &Address) -> ToolResult<AddressValidation> {
        match self {
            Self::FedEx(fedex) => fedex.resolve(address),
            Self::Mock => Ok(mock::resolve(address)),
        }
    }

    /// What each service charges for `journey`, in no order.
    ///
    /// # Errors
    /// When the carrier cannot say, or serves neither end.
    pub(crate) fn quote(&self, journey: &Journey) -> ToolResult<Vec<RateQuote>> {
        match self {
            Self::FedEx(fedex) => fedex.quote(journey),
            Self::Mock => mock::quote(journey),
        }
    }
}

#[cfg(test)]
mod tests {
    use nexus_shard::testing;

    use super::*;
    use crate::fedex::tests::config;

    #[test]
    fn mock_needs_no_other_setting() {
        assert!(matches!(Carrier::initialize(&testing::config([("USE_MOCK", "true")])), Ok(Carrier::Mock)));
    }

    #[test]
    fn without_credentials_and_account_the_shard_still_starts() {
        assert!(matches!(Carrier::initialize(&config(&[])), Ok(Carrier::FedEx(_))));
    }
}
