//! Names of shards: `namespace:name`, as in WIT and OCI.
//!
//! A name becomes part of paths, URLs and what an operator reads before consenting. The alphabet is so small that path
//! traversal, percent-encoding, case tricks, homoglyphs and zero-width characters cannot be written in it.

use std::fmt;
use std::str::FromStr;

/// Most characters in a namespace or in a name.
const MAX_LABEL: usize = 40;

/// The publisher's part of a shard's name: 1–40 of `a-z`, `0-9` and single inner hyphens.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Namespace(Box<str>);

/// A shard's name: `namespace:name`, each part 1–40 of `a-z`, `0-9` and single inner hyphens, as in WIT and OCI.
///
/// Mixed scripts, homoglyphs and zero-width characters cannot occur, so two names that look alike are alike.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ShardName {
    namespace: Namespace,
    name: Box<str>,
}

/// The text names no shard and no namespace.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidShardName {
    /// There is no colon between a namespace and a name.
    #[error("expected `namespace:name`")]
    Colon,
    /// A part is empty, too long, or holds a character that is not allowed.
    #[error("each part of a shard's name is 1 to 40 of a-z, 0-9 and single hyphens inside")]
    Label,
}

impl Namespace {
    /// The namespace as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ShardName {
    /// The part before the colon.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The part after the colon.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Whether `text` may be a namespace or a name.
pub(crate) fn is_label(text: &str) -> bool {
    text.len() <= MAX_LABEL
        && text
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

impl FromStr for Namespace {
    type Err = InvalidShardName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_label(text) { Ok(Self(text.into())) } else { Err(InvalidShardName::Label) }
    }
}

impl FromStr for ShardName {
    type Err = InvalidShardName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (namespace, name) = text.split_once(':').ok_or(InvalidShardName::Colon)?;
        if !is_label(name) {
            return Err(InvalidShardName::Label);
        }
        Ok(Self { namespace: namespace.parse()?, name: name.into() })
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Namespace({self})")
    }
}

impl fmt::Display for ShardName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.namespace, self.name)
    }
}

impl fmt::Debug for ShardName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ShardName({self})")
    }
}

crate::text::serde_as_text!(Namespace, ShardName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_label() -> impl Strategy<Value = String> {
        "[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}"
    }

    #[test]
    fn accepts_what_wit_accepts() {
        for text in ["nexus:logistics", "a:b", "acme-2:weather-for-2030", &format!("{0}:{0}", "a".repeat(40))] {
            assert_eq!(text.parse::<ShardName>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_a_cyrillic_letter_among_latin_ones() {
        assert_eq!("nexus:lоgistics".parse::<ShardName>(), Err(InvalidShardName::Label));
    }

    #[test]
    fn refuses_everything_that_could_become_a_path_or_a_header() {
        let too_long = format!("a:{}", "a".repeat(41));
        for text in [
            "",
            "logistics",
            ":",
            "a:",
            ":b",
            "a:b:c",
            "a:../b",
            "..:b",
            "/a:b",
            "a:/etc/passwd",
            "a:b/c",
            "a:b\\c",
            "a:%2e%2e%2f",
            "a%2fb:c",
            "a:b\0",
            "a:b\r\nx: y",
            "a:b\n",
            " a:b",
            "a:b ",
            "A:b",
            "a:B",
            "a_b:c",
            "a:b_c",
            "a:-b",
            "a:b-",
            "a:b--c",
            "a:b.wasm",
            "a:zero\u{200b}width",
            too_long.as_str(),
        ] {
            assert!(text.parse::<ShardName>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(namespace in any_label(), name in any_label()) {
            let text = format!("{namespace}:{name}");
            let parsed: ShardName = text.parse().expect("in the alphabet");
            prop_assert_eq!(parsed.namespace().as_str(), namespace);
            prop_assert_eq!(parsed.name(), name);
            prop_assert_eq!(parsed.to_string(), text);
        }

        #[test]
        fn whatever_parses_is_in_the_alphabet(text in ".{0,90}") {
            if let Ok(name) = text.parse::<ShardName>() {
                prop_assert!(name.to_string().bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b':')));
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
