//! What a carrier's address service would say about an address: rules, not records.
//!
//! Deliberately simple and always the same: an address resolves when its country is served, its postal code has its
//! country's form, its state exists and agrees with the postal code, and its street has a number and a name.

/// An address as a person writes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Address<'a> {
    /// Street and number.
    pub street: &'a str,
    /// The town.
    pub city: &'a str,
    /// State or province.
    pub state: &'a str,
    /// Postal code.
    pub postal: &'a str,
    /// ISO 3166-1 alpha-2.
    pub country: &'a str,
}

/// What the service found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolution {
    /// Upper case, abbreviated as the postal service does it; the input as it was, in capitals, when unresolved.
    pub street: String,
    /// Upper case.
    pub city: String,
    /// Upper case.
    pub state: String,
    /// In its country's form.
    pub postal: String,
    /// Upper case.
    pub country: String,
    /// What is at the address.
    pub classification: Classification,
    /// Why it did not resolve; empty when it did.
    pub problems: Vec<Problem>,
}

impl Resolution {
    /// Whether a carrier can deliver there. FedEx: `attributes.Resolved`.
    pub fn resolved(&self) -> bool {
        self.problems.is_empty()
    }
}

/// What is at an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Classification {
    /// A company.
    Business,
    /// A home.
    Residential,
    /// Nobody knows.
    Unknown,
}

impl Classification {
    /// FedEx's word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Business => "BUSINESS",
            Self::Residential => "RESIDENTIAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Why an address did not resolve. FedEx: one of `customerMessages`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Problem {
    /// The carrier does not serve the country.
    CountryNotSupported,
    /// The postal code does not have its country's form.
    PostalCodeInvalid,
    /// No such state or province in the country.
    StateInvalid,
    /// The postal code lies in another state.
    PostalCodeInAnotherState,
    /// The street lacks a number or a name.
    StreetNotFound,
}

impl Problem {
    /// Stable, in FedEx's manner.
    pub fn code(self) -> &'static str {
        match self {
            Self::CountryNotSupported => "COUNTRY.NOT.SUPPORTED",
            Self::PostalCodeInvalid => "POSTALCODE.INVALID",
            Self::StateInvalid => "STATEORPROVINCECODE.INVALID",
            Self::PostalCodeInAnotherState => "POSTALCODE.STATE.MISMATCH",
            Self::StreetNotFound => "STANDARDIZED.ADDRESS.NOTFOUND",
        }
    }

    /// For people and models.
    pub fn message(self) -> &'static str {
        match self {
            Self::CountryNotSupported => "Addresses in this country cannot be validated.",
            Self::PostalCodeInvalid => "The postal code does not have the form that its country uses.",
            Self::StateInvalid => "There is no such state or province in this country.",
            Self::PostalCodeInAnotherState => "The postal code belongs to another state.",
            Self::StreetNotFound => "Standardized address is not found: the street lacks a number or a name.",
        }
    }
}

/// Countries that are served.
pub(crate) const COUNTRIES: [&str; 10] = ["US", "CA", "MX", "GB", "IE", "DE", "FR", "NL", "JP", "AU"];

/// The first digit of a US postal code, by index, and the states where it is used (USPS Publication 28, appendix B).
const STATES_BY_FIRST_DIGIT: [&str; 10] = [
    "CT MA ME NH NJ PR RI VT",
    "DE NY PA",
    "DC MD NC SC VA WV",
    "AL FL GA MS TN",
    "IN KY MI OH",
    "IA MN MT ND SD WI",
    "IL KS MO NE",
    "AR LA OK TX",
    "AZ CO ID NM NV UT WY",
    "AK CA HI OR WA",
];

const PROVINCES: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";

/// Abbreviations of USPS Publication 28, appendices C and B, as far as they are common.
const ABBREVIATIONS: [(&str, &str); 20] = [
    ("APARTMENT", "APT"),
    ("AVENUE", "AVE"),
    ("BOULEVARD", "BLVD"),
    ("BUILDING", "BLDG"),
    ("CIRCLE", "CIR"),
    ("COURT", "CT"),
    ("DRIVE", "DR"),
    ("EAST", "E"),
    ("FLOOR", "FL"),
    ("HIGHWAY", "HWY"),
    ("LANE", "LN"),
    ("NORTH", "N"),
    ("PARKWAY", "PKWY"),
    ("PLACE", "PL"),
    ("ROAD", "RD"),
    ("SOUTH", "S"),
    ("SQUARE", "SQ"),
    ("STREET", "ST"),
    ("SUITE", "STE"),
    ("WEST", "W"),
];

const BUSINESS_WORDS: [&str; 6] = ["BLDG", "FL", "PKWY", "PLAZA", "SQ", "STE"];

/// Looks `address` up.
pub fn resolve(address: &Address<'_>) -> Resolution {
    let country = address.country.trim().to_uppercase();
    let state = address.state.trim().to_uppercase();
    let postal = standard_postal(&country, address.postal);
    let street = standard_street(address.street);

    let mut problems = Vec::new();
    if !COUNTRIES.contains(&country.as_str()) {
        problems.push(Problem::CountryNotSupported);
    } else if let Some(postal) = &postal {
        problems.extend(state_problem(&country, &state, postal));
    } else {
        problems.push(Problem::PostalCodeInvalid);
    }
    let has_number = street.split(' ').any(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
    let has_name = street.split(' ').any(|word| word.len() > 1 && word.chars().all(char::is_alphabetic));
    // A numbered street (5TH AVE) has its name in the suffix, so two words beside the number are not asked for.
    if !(has_number && has_name) {
        problems.push(Problem::StreetNotFound);
    }

    let classification = if !problems.is_empty() || street.starts_with("PO BOX") {
        Classification::Unknown
    } else if street.split(' ').any(|word| BUSINESS_WORDS.contains(&word)) {
        Classification::Business
    } else {
        Classification::Residential
    };
    Resolution {
        street,
        city: words(address.city),
        state,
        postal: postal.unwrap_or_else(|| words(address.postal)),
        country,
        classification,
        problems,
    }
}

/// The postal code in its country's form, or none when it has another.
pub(crate) fn standard_postal(country: &str, postal: &str) -> Option<String> {
    let postal = words(postal);
    let compact: String = postal.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let shape: String = compact
        .chars()
        .map(|letter| match letter {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            _ => '?',
        })
        .collect();
    match (country, shape.as_str()) {
        ("CA", "A9A9A9") => Some(format!("{} {}", compact.get(..3)?, compact.get(3..)?)),
        ("US", "999999999") => Some(format!("{}-{}", compact.get(..5)?, compact.get(5..)?)),
        ("US" | "DE" | "FR" | "MX", "99999") | ("AU", "9999") | ("NL", "9999AA") => Some(compact),
        ("JP", "9999999") => Some(format!("{}-{}", compact.get(..3)?, compact.get(3..)?)),
        ("GB" | "IE", shape) if (5..=7).contains(&shape.len()) && shape.starts_with('A') && !shape.contains('?') => {
            Some(postal)
        }
        _ => None,
    }
}

fn state_problem(country: &str, state: &str, postal: &str) -> Option<Problem> {
    let lists = |states: &str| states.split(' ').any(|listed| listed == state);
    match country {
        "US" => {
            let digit = postal.chars().next()?.to_digit(10)? as usize;
            if STATES_BY_FIRST_DIGIT.get(digit).is_some_and(|states| lists(states)) {
                None
            } else if STATES_BY_FIRST_DIGIT.iter().any(|states| lists(states)) {
                Some(Problem::PostalCodeInAnotherState)
            } else {
                Some(Problem::StateInvalid)
            }
        }
        "CA" => (!lists(PROVINCES)).then_some(Problem::StateInvalid),
        _ => None,
    }
}

fn standard_street(street: &str) -> String {
    let cleaned: String = street
        .to_uppercase()
        .chars()
        .map(|letter| if matches!(letter, ',' | '.' | '#') { ' ' } else { letter })
        .collect();
    let abbreviated: Vec<_> = cleaned
        .split_whitespace()
        .map(|word| ABBREVIATIONS.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| short))
        .collect();
    abbreviated.join(" ")
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Address<'_> = Address {
        street: "500 Congress Avenue, Suite 1200",
        city: "Austin",
        state: "tx",
        postal: "78701",
        country: "us",
    };

    #[test]
    fn a_good_address_is_standardised() {
        let resolution = resolve(&GOOD);
        assert!(resolution.resolved());
        assert_eq!(resolution.street, "500 CONGRESS AVE STE 1200");
        assert_eq!((resolution.city.as_str(), resolution.state.as_str()), ("AUSTIN", "TX"));
        assert_eq!(resolution.classification, Classification::Business);
    }

    #[test]
    fn homes_are_residential_and_post_boxes_unknown() {
        let kind = |street| resolve(&Address { street, ..GOOD }).classification;
        assert_eq!(kind("1200 Barton Hills Drive Apt 4"), Classification::Residential);
        assert_eq!(kind("PO Box 1234"), Classification::Unknown);
    }

    #[test]
    fn each_problem_is_found() {
        let problems = |address: Address<'_>| resolve(&address).problems;
        assert_eq!(problems(Address { country: "ZZ", ..GOOD }), [Problem::CountryNotSupported]);
        assert_eq!(problems(Address { postal: "787", ..GOOD }), [Problem::PostalCodeInvalid]);
        assert_eq!(problems(Address { state: "XX", ..GOOD }), [Problem::StateInvalid]);
        assert_eq!(problems(Address { postal: "98101", ..GOOD }), [Problem::PostalCodeInAnotherState]);
        assert_eq!(problems(Address { street: "Congress Avenue", ..GOOD }), [Problem::StreetNotFound]);
        assert_eq!(problems(Address { street: "500", ..GOOD }), [Problem::StreetNotFound]);
    }

    #[test]
    fn every_office_resolves_as_a_business() {
        for office in &crate::OFFICES {
            let resolution = resolve(&Address {
                street: office.street,
                city: office.city,
                state: office.state,
                postal: office.postal,
                country: office.country,
            });
            assert!(resolution.resolved(), "{resolution:?}");
            assert_eq!(resolution.classification, Classification::Business, "{resolution:?}");
        }
    }

    #[test]
    fn postal_codes_take_their_countrys_form() {
        assert_eq!(standard_postal("CA", "m5x1c9").as_deref(), Some("M5X 1C9"));
        assert_eq!(standard_postal("US", "787011234").as_deref(), Some("78701-1234"));
        assert_eq!(standard_postal("JP", "1000001").as_deref(), Some("100-0001"));
        assert_eq!(standard_postal("US", "ÄÖÜ"), None);
    }
}
