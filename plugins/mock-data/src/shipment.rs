//! The parcels: computers on their way to people, in every state that a carrier knows.
//!
//! Codes and words are FedEx's own, so that a stand-in can answer from these records in the vendor's shape.

use std::sync::LazyLock;

use crate::event::{Event, Status};
use crate::moment::Moment;
use crate::person::{Person, people};
use crate::place::{DEPOTS, Place};
use crate::random::Random;

const SHIPMENTS: usize = 72;

/// One parcel and everything that happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shipment {
    /// 12 digits for express services, 15 for ground; unique.
    pub tracking_number: String,
    /// How it travels.
    pub service: Service,
    /// How far it is; what its last scan says.
    pub status: Status,
    /// Where it was sent from.
    pub origin: &'static Place,
    /// Whom it is for; it goes to their office.
    pub recipient: &'static Person,
    /// The sender's reference: the host name of the computer inside. FedEx: package identifier `CUSTOMER_REFERENCE`.
    pub reference: String,
    /// Pounds.
    pub weight_lb: f64,
    /// When it is due; none once it is delivered, returned or cancelled. FedEx: `ESTIMATED_DELIVERY`.
    pub estimated_delivery: Option<Moment>,
    /// What happened, oldest first, never empty.
    pub scans: Vec<Scan>,
}

impl Shipment {
    /// The office it goes to.
    pub fn destination(&self) -> &'static Place {
        self.recipient.office
    }

    /// When the carrier took it. FedEx: `ACTUAL_PICKUP`.
    pub fn picked_up_at(&self) -> Option<Moment> {
        self.time_of(Event::PickedUp)
    }

    /// When it was handed over. FedEx: `ACTUAL_DELIVERY`.
    pub fn delivered_at(&self) -> Option<Moment> {
        self.time_of(Event::Delivered)
    }

    /// Who took it, as FedEx writes it: `E.WILSON`. FedEx: `deliveryDetails.receivedByName`.
    pub fn received_by(&self) -> Option<String> {
        self.delivered_at()?;
        let initial = self.recipient.first_name.chars().next()?;
        Some(format!("{initial}.{}", self.recipient.last_name).to_uppercase())
    }

    fn time_of(&self, event: Event) -> Option<Moment> {
        self.scans.iter().find(|scan| scan.event == event).map(|scan| scan.at)
    }
}

/// One scan of a parcel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scan {
    /// When, on the clock of the place.
    pub at: Moment,
    /// What happened.
    pub event: Event,
    /// Where.
    pub place: &'static Place,
}

/// A service of the carrier.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Service {
    /// Ground, to businesses.
    Ground,
    /// Express, two business days.
    TwoDay,
    /// Express, across a border.
    InternationalPriority,
}

impl Service {
    /// FedEx's service type, `FEDEX_GROUND`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ground => "FEDEX_GROUND",
            Self::TwoDay => "FEDEX_2_DAY",
            Self::InternationalPriority => "FEDEX_INTERNATIONAL_PRIORITY",
        }
    }

    /// FedEx's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ground => "FedEx Ground",
            Self::TwoDay => "FedEx 2Day",
            Self::InternationalPriority => "FedEx International Priority",
        }
    }
}

/// All parcels, in a fixed order; the eight states take turns, so that there are at least nine of each.
pub fn shipments() -> &'static [Shipment] {
    static DATA: LazyLock<Vec<Shipment>> = LazyLock::new(generate);
    &DATA
}

/// The parcel with this tracking number.
pub fn shipment(tracking_number: &str) -> Option<&'static Shipment> {
    shipments().iter().find(|shipment| shipment.tracking_number == tracking_number)
}

/// What happens to an ordinary parcel, in hours after 09:00 local time on the day of its label.
const JOURNEY: [(Event, i64); 8] = [
    (Event::Created, 0),
    (Event::PickedUp, 5),
    (Event::LeftOrigin, 9),
    (Event::ArrivedAtHub, 17),
    (Event::DepartedHub, 22),
    (Event::AtLocalFacility, 45),
    (Event::OutForDelivery, 47),
    (Event::Delivered, 51),
];

fn generate() -> Vec<Shipment> {
    let mut random = Random::for_purpose("shipments");
    people()
        .iter()
        .zip(Status::ALL.iter().cycle())
        .take(SHIPMENTS)
        .filter_map(|(recipient, status)| one_shipment(recipient, *status, &mut random))
        .collect()
}

fn one_shipment(recipient: &'static Person, status: Status, random: &mut Random) -> Option<Shipment> {
    let origin = random.pick(&DEPOTS)?;
    let destination = recipient.office;
    let service = if destination.country != origin.country {
        Service::InternationalPriority
    } else if random.below(2) == 0 {
        Service::Ground
    } else {
        Service::TwoDay
    };
    let number = recipient.number;
    let tracking_number = match service {
        Service::Ground => format!("9612{:08}{number:03}", random.below(100_000_000)),
        Service::TwoDay | Service::InternationalPriority => format!("7712{:05}{number:03}", random.below(100_000)),
    };

    let journey = journey(status, random);
    let last_hour = journey.last().map_or(0, |(_, hour)| *hour);
    let finished = matches!(status, Status::Delivered | Status::Returned | Status::Cancelled);
    let long_ago = if finished { i64::from(random.below(28)) } else { 0 };
    // The fewest days back for which the last scan, up to an hour late, is not after the reference's 20:00 UTC.
    let midnight = Moment::REFERENCE.plus_minutes(-60 * (20 + 24 * ((last_hour + 18) / 24 + long_ago)));
    let label_day = |place: &Place, hour: i64, minute: i64| {
        midnight.plus_minutes(60 * (hour - i64::from(place.utc_offset)) + minute).at_offset(place.utc_offset)
    };

    let scans = journey
        .into_iter()
        .map(|(event, hour)| {
            let place = event.place(origin, destination);
            Scan {
                at: label_day(origin, 9 + hour, i64::from(random.below(46))).at_offset(place.utc_offset),
                event,
                place,
            }
        })
        .collect();
    let days_to_deliver = if status == Status::Exception { 3 } else { 2 };
    Some(Shipment {
        tracking_number,
        service,
        status,
        origin,
        recipient,
        reference: recipient.laptop(),
        weight_lb: f64::from(40 + random.below(60)) / 10.0,
        estimated_delivery: (!finished).then(|| label_day(destination, 24 * days_to_deliver + 17, 0)),
        scans,
    })
}

fn journey(status: Status, random: &mut Random) -> Vec<(Event, i64)> {
    let ordinary = |steps: usize| JOURNEY.into_iter().take(steps);
    match status {
        Status::Created => ordinary(1).collect(),
        Status::PickedUp => ordinary(2).collect(),
        Status::InTransit => ordinary(3 + random.below(4) as usize).collect(),
        Status::OutForDelivery => ordinary(7).collect(),
        Status::Delivered => ordinary(8).collect(),
        Status::Exception => ordinary(7).chain([(Event::DeliveryException, 52)]).collect(),
        Status::Returned => ordinary(7).chain([(Event::DeliveryException, 52), (Event::Returned, 76)]).collect(),
        Status::Cancelled => ordinary(1).chain([(Event::Cancelled, 4)]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_enough_and_every_state_is_there() {
        assert!(shipments().len() >= 60);
        for status in Status::ALL {
            assert_eq!(shipments().iter().filter(|shipment| shipment.status == status).count(), 9, "{status:?}");
        }
    }

    #[test]
    fn generating_again_gives_the_same() {
        assert_eq!(generate(), shipments());
        assert_eq!(shipments()[4].recipient.email(), "emma.wilson@example.com");
    }

    #[test]
    fn tracking_numbers_are_unique_and_well_formed() {
        let numbers: HashSet<_> = shipments().iter().map(|shipment| &shipment.tracking_number).collect();
        assert_eq!(numbers.len(), shipments().len());
        for number in numbers {
            assert!(matches!(number.len(), 12 | 15) && number.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
        }
    }

    #[test]
    fn scans_are_in_order_end_with_the_status_and_never_lie_in_the_future() {
        for shipment in shipments() {
            assert!(shipment.scans.is_sorted_by(|one, next| one.at < next.at), "{shipment:?}");
            let last = shipment.scans.last().unwrap();
            assert_eq!(last.event.status(), shipment.status);
            assert!(last.at <= Moment::REFERENCE, "{shipment:?}");
            assert_eq!(shipment.delivered_at().is_some(), shipment.status == Status::Delivered);
        }
    }

    #[test]
    fn what_is_under_way_is_due_and_what_is_over_is_not() {
        for shipment in shipments() {
            let over = matches!(shipment.status, Status::Delivered | Status::Returned | Status::Cancelled);
            assert_eq!(shipment.estimated_delivery.is_none(), over, "{shipment:?}");
        }
    }
}
