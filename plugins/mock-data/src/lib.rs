//! The one mock data set behind `USE_MOCK=true`, shared by every first-party shard and by the stand-in vendors of the tests.
//!
//! Fictional, fixed and pure: no I/O, no clock, no randomness but a fixed seed, so that every process, shard and test sees
//! the same people and parcels, and what one system says can be compared with what another says. Times count from
//! [`Moment::REFERENCE`], which is this world's "now".
//!
//! What a *vendor* would compute rather than store (is this address deliverable, what does a parcel cost) is here as rules:
//! [`address::resolve`] and [`rate::quotes`].

pub mod address;
pub mod rate;

mod event;
mod moment;
mod person;
mod place;
mod random;
mod shipment;

pub use event::{Event, Status};
pub use moment::Moment;
pub use person::{Person, people};
pub use place::{OFFICES, Place};
pub use shipment::{Scan, Service, Shipment, shipment, shipments};
