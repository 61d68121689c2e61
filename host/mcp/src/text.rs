//! Text from back ends is data: what hides, recolours or reorders is taken out before a person or a model sees it.
//!
//! A hostile shard would put an ANSI escape into an error (to repaint the operator's terminal), right-to-left overrides into a
//! title (to make one name read as another), or zero-width and tag characters into a description (instructions that a model
//! reads and a person does not see). What remains is visible text, line breaks and tabs.

use std::borrow::Cow;

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// Returns `text` without control characters (line breaks and tabs stay), terminal escape sequences, bidirectional controls,
/// and characters without width.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character == ESCAPE {
            skip_escape(&mut rest);
        } else if !hides(character) {
            kept.push(character);
        }
    }
    Cow::Owned(kept)
}

/// Like [`clean`], and on one line: every run of white space becomes one space.
pub fn clean_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in clean(text).split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Cuts `text` to at most `bytes` bytes, at a character's edge, ending in `…` when something was cut.
pub fn cut(text: Cow<'_, str>, bytes: usize) -> Cow<'_, str> {
    const MARK: char = '…';
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes.saturating_sub(MARK.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut short = text.get(..end).unwrap_or_default().to_owned();
    short.push(MARK);
    Cow::Owned(short)
}

/// True for a character that must not reach a reader.
pub fn hides(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{ad}' // soft hyphen
        | '\u{34f}' // combining grapheme joiner
        | '\u{61c}' // Arabic letter mark
        | '\u{115f}'..='\u{1160}' // Hangul fillers
        | '\u{17b4}'..='\u{17b5}' // Khmer inherent vowels
        | '\u{180b}'..='\u{180f}' // Mongolian selectors and vowel separator
        | '\u{200b}'..='\u{200f}' // zero-width characters and direction marks
        | '\u{2028}'..='\u{202e}' // line and paragraph separators, bidirectional embedding and override
        | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, bidirectional isolates
        | '\u{3164}' | '\u{ffa0}' // Hangul fillers
        | '\u{feff}' // byte order mark
        | '\u{fff0}'..='\u{fffb}' // interlinear annotation
        | '\u{1d173}'..='\u{1d17a}' // musical formatting
        | '\u{e0000}'..='\u{e0fff}' => true, // tags and variation selectors: text that only machines read
        other => other.is_control(),
    }
}

/// Skips one escape sequence (ECMA-48): `CSI … final byte`, a string ended by BEL or `ESC \`, or one character.
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        Some('[') => {
            for character in rest.by_ref() {
                if matches!(character, '\u{40}'..='\u{7e}') {
                    return;
                }
            }
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(character) = rest.next() {
                if character == BELL || (character == ESCAPE && rest.as_str().starts_with('\\')) {
                    if character == ESCAPE {
                        rest.next();
                    }
                    return;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leaves_ordinary_text_alone() {
        let text = "Suivi d’un colis — 追跡\n\tétat: ok ✅";
        assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn removes_terminal_escapes_whole() {
        assert_eq!(clean("a\u{1b}[31;1mred\u{1b}[0m b"), "ared b");
        assert_eq!(clean("a\u{1b}]0;new title\u{7}b"), "ab");
        assert_eq!(clean("a\u{1b}]8;;http://x\u{1b}\\b"), "ab");
    }

    #[test]
    fn removes_what_reorders_or_hides() {
        assert_eq!(clean("pay\u{202e}lap\u{200b}\u{2066}me\u{feff}"), "paylapme");
        assert_eq!(clean("ok\u{e0049}\u{e0047}"), "ok", "tag characters smuggle text");
        assert_eq!(clean("bell\u{7}\r\u{9b}31m"), "bell31m");
    }

    #[test]
    fn a_line_has_no_line_breaks() {
        assert_eq!(clean_line("  one\r\n two\t three \n"), "one two three");
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("abcdef".into(), 6), "abcdef");
        assert_eq!(cut("abcdéfgh".into(), 8), "abcd…");
        assert_eq!(cut("ééé".into(), 5), "é…");
    }

    proptest! {
        #[test]
        fn nothing_that_hides_survives(text in any::<String>()) {
            prop_assert!(!clean(&text).chars().any(hides));
        }

        #[test]
        fn a_cut_text_fits(text in any::<String>(), bytes in 3_usize..64) {
            prop_assert!(cut(Cow::Borrowed(&text), bytes).len() <= bytes);
        }
    }
}
