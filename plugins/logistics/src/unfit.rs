//! Why an argument is refused although it has the right type.

use std::fmt;

/// Why a value is refused: a sentence that says what it has to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unfit(pub(crate) &'static str);

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}
