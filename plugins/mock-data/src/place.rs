//! Where people work and parcels pass.

/// A town with one address that matters here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// Street and number.
    pub street: &'static str,
    /// The town.
    pub city: &'static str,
    /// Two-letter state or province.
    pub state: &'static str,
    /// Postal code as its country writes it.
    pub postal: &'static str,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// Hours ahead of UTC at the reference date.
    pub utc_offset: i8,
}

const fn place(
    street: &'static str,
    city: &'static str,
    state: &'static str,
    postal: &'static str,
    utc_offset: i8,
) -> Place {
    Place { street, city, state, postal, country: "US", utc_offset }
}

/// The company's offices. The first is the headquarters.
pub static OFFICES: [Place; 7] = [
    place("500 Congress Ave Ste 1200", "Austin", "TX", "78701", -5),
    place("1420 5th Ave Ste 800", "Seattle", "WA", "98101", -7),
    place("233 S Wacker Dr Ste 4100", "Chicago", "IL", "60606", -5),
    place("350 5th Ave Fl 21", "New York", "NY", "10118", -4),
    place("1801 California St Ste 2400", "Denver", "CO", "80202", -6),
    place("191 Peachtree St NE Ste 3300", "Atlanta", "GA", "30303", -4),
    Place {
        street: "100 King St W Ste 5600",
        city: "Toronto",
        state: "ON",
        postal: "M5X 1C9",
        country: "CA",
        utc_offset: -4,
    },
];

/// Where devices come from.
pub(crate) static DEPOTS: [Place; 3] = [
    place("2200 Outer Loop", "Louisville", "KY", "40219", -4),
    place("1500 Dell Way", "Nashville", "TN", "37217", -5),
    place("4100 Distribution Dr", "Fort Worth", "TX", "76177", -5),
];

/// The carrier's main hub, through which every parcel passes.
pub(crate) static HUB: Place = place("2903 Sprankel Ave", "Memphis", "TN", "38118", -5);
