//! Log lines for the operator, with fields.
//!
//! ```
//! use nexus_shard::prelude::*;
//!
//! let number = "794612345678";
//! log::info!("looked {number} up", scans = 4, delivered = false);
//! log::warn!("the carrier answered slowly");
//! ```
//!
//! The message is a literal which may name variables in braces; a field is `name = value`, of any type that serialises. Log
//! neither secrets nor what people asked for: lines are kept. The host drops lines past its limit for a call.

use serde::Serialize;
use serde_json::{Map, Value};

pub use crate::bindings::nexus::shard::log::Level;
#[doc(inline)]
pub use crate::{
    __log_debug as debug, __log_error as error, __log_info as info, __log_trace as trace, __log_warn as warn,
};

/// The fields of one line.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Adds one field. What cannot be written as JSON becomes null: a line is never worth a failing tool.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.0.insert(name.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }
}

/// Writes one line. The macros call it.
#[doc(hidden)]
#[cfg(target_arch = "wasm32")]
pub fn emit(level: Level, target: &str, message: &str, fields: Fields) {
    let fields = (!fields.0.is_empty()).then(|| Value::Object(fields.0).to_string());
    crate::bindings::nexus::shard::log::emit(level, target, message, fields.as_deref());
}

/// Keeps one line for the test that asked for it.
#[doc(hidden)]
#[cfg(not(target_arch = "wasm32"))]
pub fn emit(level: Level, target: &str, message: &str, fields: Fields) {
    crate::testing::record(level, target, message, fields.0);
}

/// The one expansion behind all five levels.
#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, $message:literal $(, $field:ident = $value:expr)* $(,)?) => {
        $crate::log::emit(
            $crate::log::Level::$level,
            ::core::module_path!(),
            &::std::format!($message),
            $crate::log::Fields::default()$(.with(::core::stringify!($field), &$value))*,
        )
    };
}

/// Writes a line for someone who follows every step.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_trace { ($($line:tt)+) => { $crate::__log!(Trace, $($line)+) }; }

/// Writes a line for someone who looks for a fault.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug { ($($line:tt)+) => { $crate::__log!(Debug, $($line)+) }; }

/// Writes a line about something that happened as it should.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info { ($($line:tt)+) => { $crate::__log!(Info, $($line)+) }; }

/// Writes a line about something odd that was dealt with.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn { ($($line:tt)+) => { $crate::__log!(Warn, $($line)+) }; }

/// Writes a line about something that went wrong.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error { ($($line:tt)+) => { $crate::__log!(Error, $($line)+) }; }

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Level;
    use crate::testing;

    #[test]
    fn a_line_has_level_target_message_and_fields() {
        let log = testing::log();
        let number = 7;
        super::info!("found {number}", scans = 4, place = Some("Memphis"),);
        super::error!("gone");
        let lines = log.lines();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].level, Level::Info);
        assert_eq!(lines[0].target, "nexus_shard::log::tests");
        assert_eq!(lines[0].message, "found 7");
        assert_eq!(json!(lines[0].fields), json!({"scans": 4, "place": "Memphis"}));
        assert!(lines[1].fields.is_empty());
    }

    #[test]
    fn without_a_listener_nothing_is_kept() {
        super::warn!("nobody hears");
        assert!(testing::log().lines().is_empty());
    }
}
