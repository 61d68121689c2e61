//! How values that are written as text pass through serde, and which text may be shown to people.

/// Implements `Serialize` by `Display` and `Deserialize` by `FromStr`, so that a type has one written form and one parser.
macro_rules! serde_as_text {
    ($($name:ty),+ $(,)?) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str("text")
                    }

                    // Parsed here and not afterwards, so that a TOML error has the place of this very value.
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    )+};
}
pub(crate) use serde_as_text;

/// Whether `text` may be printed on an operator's terminal: 1 to `max` characters, none of which steers the terminal or
/// hides.
///
/// A publisher writes it and `nexus install` shows it just before it asks for consent, so an escape sequence or a
/// direction override could rewrite the question.
pub(crate) fn is_printable(text: &str, max: usize) -> bool {
    !text.trim().is_empty()
        && text.chars().take(max.saturating_add(1)).count() <= max
        && !text.chars().any(|character| {
            character.is_control()
                || matches!(character,
                    '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                    | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        })
}

#[cfg(test)]
mod tests {
    use super::is_printable;

    #[test]
    fn ordinary_sentences_in_any_script_are_printable() {
        assert!(is_printable("Track parcels, validate addresses – 小包を追跡する", 100));
    }

    #[test]
    fn escape_sequences_and_direction_overrides_are_not() {
        for hostile in ["\u{1b}[2J", "a\u{202e}b", "zero\u{200b}width", "a\r\nb", "\u{0}", "", "   "] {
            assert!(!is_printable(hostile, 100), "{hostile:?}");
        }
    }

    #[test]
    fn the_limit_counts_characters() {
        assert!(is_printable("ééé", 3));
        assert!(!is_printable("éééé", 3));
    }
}
