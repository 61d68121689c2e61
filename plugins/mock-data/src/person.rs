//! The people of the mock company.

use std::sync::LazyLock;

use crate::place::{OFFICES, Place};
use crate::random::Random;

/// The people whose stories the data set tells, in a fixed order; everybody else is generated.
const CAST: [(&str, &str); 5] =
    [("Alice", "Johnson"), ("Bob", "Martinez"), ("Carol", "Chen"), ("David", "Kim"), ("Emma", "Wilson")];

const FIRST_NAMES: [&str; 20] = [
    "Aisha", "Benjamin", "Camila", "Daniel", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Keisha", "Liam",
    "Mei", "Noah", "Olivia", "Priya", "Quentin", "Rosa", "Samuel", "Tara",
];

const LAST_NAMES: [&str; 10] =
    ["Adams", "Brooks", "Castillo", "Diaz", "Evans", "Fischer", "Gupta", "Hughes", "Ito", "Jensen"];

/// Somebody who works for the mock company.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// Their place in [`people`], from 1.
    pub number: u32,
    /// Given name.
    pub first_name: &'static str,
    /// Family name.
    pub last_name: &'static str,
    /// Where they work.
    pub office: &'static Place,
}

impl Person {
    /// `first.last@example.com`, in lower case; unique.
    pub fn email(&self) -> String {
        format!("{}.{}@example.com", self.first_name, self.last_name).to_lowercase()
    }

    /// The host name of their computer, `LAPTOP-CAROL-03`; unique.
    pub fn laptop(&self) -> String {
        format!("LAPTOP-{}-{:02}", self.first_name.to_uppercase(), self.number)
    }
}

/// All people, the cast first. Never two with the same name.
pub fn people() -> &'static [Person] {
    static PEOPLE: LazyLock<Vec<Person>> = LazyLock::new(generate);
    &PEOPLE
}

fn generate() -> Vec<Person> {
    let mut random = Random::for_purpose("people");
    let others = LAST_NAMES.iter().flat_map(|last| FIRST_NAMES.iter().map(|first| (*first, *last)));
    (1..)
        .zip(CAST.into_iter().chain(others))
        .filter_map(|(number, (first_name, last_name))| {
            Some(Person { number, first_name, last_name, office: random.pick(&OFFICES)? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nobody_shares_an_address_or_a_computer() {
        assert!(people().len() >= 200);
        assert_eq!(people().iter().map(Person::email).collect::<HashSet<_>>().len(), people().len());
        assert_eq!(people().iter().map(Person::laptop).collect::<HashSet<_>>().len(), people().len());
    }

    #[test]
    fn the_cast_comes_first() {
        assert_eq!(people()[2].laptop(), "LAPTOP-CAROL-03");
        assert_eq!(people()[1].email(), "bob.martinez@example.com");
    }
}
