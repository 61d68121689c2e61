//! What is known about an address.

use nexus_shard::prelude::*;

use crate::place::{CountryCode, Line, PostalCode, StateCode};

/// An address to look up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Address {
    pub(crate) street: Line,
    pub(crate) city: Line,
    pub(crate) state: StateCode,
    pub(crate) postal: PostalCode,
    pub(crate) country: CountryCode,
}

/// Whether an address can be delivered to, and how the carrier writes it.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct AddressValidation {
    /// True when the carrier found the address and can deliver there.
    pub(crate) resolved: bool,
    /// What is at the address.
    pub(crate) classification: AddressClass,
    /// The address as the carrier writes it, or as far as it could read it when it is not resolved.
    pub(crate) standardized: StandardizedAddress,
    /// Why it is not resolved, or what the carrier noticed; empty when nothing was.
    pub(crate) reasons: Vec<Reason>,
}

/// What is at an address. It decides about surcharges.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AddressClass {
    /// A company.
    Business,
    /// A home.
    Residential,
    /// Both.
    Mixed,
    /// The carrier does not know.
    Unknown,
}

/// An address in the carrier's spelling.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct StandardizedAddress {
    /// Street, number, suite.
    pub(crate) street_lines: Vec<String>,
    /// The town.
    pub(crate) city: Option<String>,
    /// State or province code.
    pub(crate) state: Option<String>,
    /// Postal code; in the US with its four more digits where they are known.
    pub(crate) postal: Option<String>,
    /// Country code of two letters.
    pub(crate) country: Option<String>,
}

/// Something that the carrier says about an address.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Reason {
    /// The carrier's code.
    pub(crate) code: String,
    /// The carrier's words.
    pub(crate) message: String,
}
