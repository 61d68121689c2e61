//! A shard's log lines on their way to the operator.
//!
//! The shard wrote every character. It may want a line to look like the host's own, to recolour or clear a terminal, to
//! reorder what is read, or to fill a disk: control characters, escape sequences, bidirectional and invisible characters are
//! taken out, lines are cut, and a call's lines are counted ([`crate::CallScope`]).

use std::iter::Peekable;

use nexus_package::ShardName;

/// Longest name of the speaking part of a shard, in characters.
const TARGET_CHARACTERS: usize = 64;

/// Longest message, and longest fields, in characters.
const LINE_CHARACTERS: usize = 4096;

/// How much a shard's log line matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogLevel {
    /// Step by step.
    Trace,
    /// For authors.
    Debug,
    /// For operators.
    Info,
    /// Something to look at.
    Warn,
    /// Something failed.
    Error,
}

/// Hands one cleaned line to the host's log, under the target `shard`.
pub(crate) fn emit(shard: &ShardName, call: &str, level: LogLevel, part: &str, message: &str, fields: Option<&str>) {
    let part = clean(part, TARGET_CHARACTERS);
    let message = clean(message, LINE_CHARACTERS);
    let fields = clean(fields.unwrap_or_default(), LINE_CHARACTERS);
    // The level of an event is part of its static description, so each level is a call site of its own.
    macro_rules! line {
        ($level:ident) => {
            tracing::event!(target: "shard", tracing::Level::$level, %shard, call, part, fields, "{message}")
        };
    }
    match level {
        LogLevel::Trace => line!(TRACE),
        LogLevel::Debug => line!(DEBUG),
        LogLevel::Info => line!(INFO),
        LogLevel::Warn => line!(WARN),
        LogLevel::Error => line!(ERROR),
    }
}

/// `text` on one line, without what a terminal or a reader would take for something else, at most `limit` characters long.
fn clean(text: &str, limit: usize) -> String {
    let mut characters = text.chars().peekable();
    let mut cleaned = String::new();
    let mut length = 0;
    while let Some(character) = characters.next() {
        let kept = match character {
            '\u{1b}' | '\u{9b}' => {
                skip_escape_sequence(character, &mut characters);
                continue;
            }
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            hidden if is_invisible(hidden) => continue,
            visible => visible,
        };
        if length == limit {
            cleaned.push('…');
            break;
        }
        cleaned.push(kept);
        length += 1;
    }
    cleaned
}

/// Skips the rest of an escape sequence (ECMA-48 §5.4): up to its final byte, or to the end of an operating-system command.
fn skip_escape_sequence(introducer: char, characters: &mut Peekable<impl Iterator<Item = char>>) {
    let kind = if introducer == '\u{9b}' { Some('[') } else { characters.next() };
    match kind {
        Some('[') => while characters.next().is_some_and(|character| !matches!(character, '\u{40}'..='\u{7e}')) {},
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(character) = characters.next() {
                if character == '\u{7}' || character == '\u{9c}' {
                    break;
                }
                if character == '\u{1b}' {
                    characters.next_if_eq(&'\\');
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Control characters, and those of Unicode that change direction or show nothing.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        BrokerSettings,
        stand_in::{LogBook, ONE_DESTINATION, Setup, hasty, scope},
    };

    #[test]
    fn a_line_names_its_shard_and_call_and_stays_one_line() {
        let log = LogBook::open();
        let access = Setup::new(ONE_DESTINATION, "https://api.example").access();
        access.log(&scope(), LogLevel::Warn, "track\ning", "parcel\nlost", Some(r#"{"number":1}"#));
        let text = log.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in ["WARN", "shard", "acme:probe", "call-1", "track ing", "parcel lost", "number"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_flood_is_cut_and_its_loss_told_once() {
        let log = LogBook::open();
        let settings = BrokerSettings { log_lines_per_call: 3, ..hasty() };
        let access = Setup { settings, ..Setup::new(ONE_DESTINATION, "https://api.example") }.access();
        let call = scope();
        for _ in 0..10 {
            access.log(&call, LogLevel::Info, "loop", "again", None);
        }
        assert_eq!((call.usage().log_lines, call.usage().log_lines_dropped), (3, 7));
        assert_eq!(log.count("again"), 3);
        drop(call);
        assert_eq!(log.count("dropped 7 log lines"), 1, "{}", log.text());
        assert_eq!(log.text().lines().count(), 4);
    }

    #[test]
    fn one_line_without_colours_titles_or_hidden_text() {
        for (text, cleaned) in [
            ("plain text, öäü, 漢字 🚚", "plain text, öäü, 漢字 🚚"),
            ("a\nERROR host: forged\r\tb", "a ERROR host: forged  b"),
            ("\u{1b}[31;1mred\u{1b}[0m", "red"),
            ("\u{9b}2Jcleared", "cleared"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://evil.example\u{1b}\\link", "link"),
            ("user\u{202e}gnp.exe", "usergnp.exe"),
            ("pass\u{200b}wo\u{feff}rd\u{e0041}", "password"),
            ("bell\u{7}\u{0}null", "bellnull"),
            ("\u{1b}", ""),
        ] {
            assert_eq!(clean(text, 100), cleaned);
        }
    }

    #[test]
    fn cuts_what_is_too_long_and_shows_it() {
        assert_eq!(clean("ääää", 4), "ääää");
        assert_eq!(clean("äääää", 4), "ääää…");
    }

    proptest! {
        #[test]
        fn what_is_left_is_visible_and_short(text in any::<String>()) {
            let cleaned = clean(&text, 50);
            prop_assert!(cleaned.chars().count() <= 51);
            prop_assert!(!cleaned.chars().any(is_invisible));
        }
    }
}
