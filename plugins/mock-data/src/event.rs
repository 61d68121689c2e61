//! What can happen to a parcel, in FedEx's own codes and words.

use crate::place::{HUB, Place};

/// How far a parcel is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Status {
    /// A label exists and the carrier has nothing yet.
    Created,
    /// The carrier has it.
    PickedUp,
    /// Between two places.
    InTransit,
    /// On the vehicle that will deliver it.
    OutForDelivery,
    /// Handed over.
    Delivered,
    /// Something keeps it from arriving.
    Exception,
    /// Back to the sender.
    Returned,
    /// Called off by the sender.
    Cancelled,
}

impl Status {
    /// All of them, in the order of a parcel's life.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::PickedUp,
        Self::InTransit,
        Self::OutForDelivery,
        Self::Delivered,
        Self::Exception,
        Self::Returned,
        Self::Cancelled,
    ];
}

/// What a scan can say.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Event {
    /// The sender made a label.
    Created,
    /// The carrier took it.
    PickedUp,
    /// It left the town that it was sent from.
    LeftOrigin,
    /// It reached the main hub.
    ArrivedAtHub,
    /// It left the main hub.
    DepartedHub,
    /// It reached the facility nearest to the recipient.
    AtLocalFacility,
    /// It is on the vehicle that will deliver it.
    OutForDelivery,
    /// It was handed over.
    Delivered,
    /// An attempt to deliver it failed.
    DeliveryException,
    /// It goes back to the sender.
    Returned,
    /// The sender called it off.
    Cancelled,
}

impl Event {
    /// FedEx's event type.
    pub fn code(self) -> &'static str {
        match self {
            Self::Created => "OC",
            Self::PickedUp => "PU",
            Self::LeftOrigin | Self::DepartedHub => "DP",
            Self::ArrivedAtHub | Self::AtLocalFacility => "AR",
            Self::OutForDelivery => "OD",
            Self::Delivered => "DL",
            Self::DeliveryException => "DE",
            Self::Returned => "RS",
            Self::Cancelled => "CA",
        }
    }

    /// FedEx's words for it.
    pub fn description(self) -> &'static str {
        match self {
            Self::Created => "Shipment information sent to FedEx",
            Self::PickedUp => "Picked up",
            Self::LeftOrigin => "Left FedEx origin facility",
            Self::ArrivedAtHub => "Arrived at FedEx hub",
            Self::DepartedHub => "Departed FedEx hub",
            Self::AtLocalFacility => "At local FedEx facility",
            Self::OutForDelivery => "On FedEx vehicle for delivery",
            Self::Delivered => "Delivered",
            Self::DeliveryException => "Delivery exception",
            Self::Returned => "Returning package to shipper",
            Self::Cancelled => "Shipment cancelled by sender",
        }
    }

    /// Why a delivery failed. FedEx: `exceptionDescription`.
    pub fn exception(self) -> Option<&'static str> {
        (self == Self::DeliveryException).then_some("Customer not available or business closed")
    }

    /// How far a parcel is whose last scan says this.
    pub fn status(self) -> Status {
        match self {
            Self::Created => Status::Created,
            Self::PickedUp => Status::PickedUp,
            Self::LeftOrigin | Self::ArrivedAtHub | Self::DepartedHub | Self::AtLocalFacility => Status::InTransit,
            Self::OutForDelivery => Status::OutForDelivery,
            Self::Delivered => Status::Delivered,
            Self::DeliveryException => Status::Exception,
            Self::Returned => Status::Returned,
            Self::Cancelled => Status::Cancelled,
        }
    }

    /// Where it happens to a parcel that goes from `origin` to `destination`.
    pub(crate) fn place(self, origin: &'static Place, destination: &'static Place) -> &'static Place {
        match self {
            Self::Created | Self::PickedUp | Self::LeftOrigin | Self::Cancelled => origin,
            Self::ArrivedAtHub | Self::DepartedHub => &HUB,
            Self::AtLocalFacility
            | Self::OutForDelivery
            | Self::Delivered
            | Self::DeliveryException
            | Self::Returned => destination,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failed_delivery_has_a_reason() {
        assert!(Event::DeliveryException.exception().is_some());
        assert_eq!(Event::Delivered.exception(), None);
    }

    #[test]
    fn everything_between_origin_and_vehicle_is_transit() {
        for event in [Event::LeftOrigin, Event::ArrivedAtHub, Event::DepartedHub, Event::AtLocalFacility] {
            assert_eq!(event.status(), Status::InTransit);
        }
    }
}
