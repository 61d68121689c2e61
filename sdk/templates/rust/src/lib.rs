//! A shard: tools for an AI assistant, in a sandbox.
//!
//! Each `#[tool]` below becomes a tool. Its doc comment is what the model reads, its parameters are the arguments, its
//! return type is the result. `cargo test` runs everything natively.

use std::num::NonZeroUsize;

use nexus_shard::prelude::*;

/// What one instance holds, made from the configuration before its first call.
struct Reader {
    words_per_minute: NonZeroUsize,
}

impl Shard for Reader {
    fn initialize(config: &Config) -> Result<Self, ToolError> {
        let words_per_minute = config.require("WORDS_PER_MINUTE")?;
        let words_per_minute = words_per_minute.parse().map_err(|_| {
            ToolError::unavailable("WORDS_PER_MINUTE must be a whole number above 0")
                .retryable(false)
        })?;
        Ok(Self { words_per_minute })
    }
}

/// How long a text is.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Length {
    /// Words in it
    words: usize,
    /// Characters in it, blanks included
    characters: usize,
    /// Minutes that reading it takes, rounded up
    minutes: usize,
}

/// Measure a text. Use it when the user asks how long a text is or how long reading it takes. Returns its words, its
/// characters, and the minutes.
#[tool(title = "Measure a text", read_only, idempotent)]
fn measure_text(
    /// The text itself
    #[schemars(length(max = 100_000))]
    text: String,
    shard: &Reader,
) -> ToolResult<Length> {
    if text.trim().is_empty() {
        return Err(ToolError::invalid_params(
            "`text` is blank; ask the user for the text to measure",
        ));
    }
    let words = text.split_whitespace().count();
    Ok(Length {
        words,
        characters: text.chars().count(),
        minutes: words.div_ceil(shard.words_per_minute.get()),
    })
}

nexus_shard::shard!(Reader { measure_text });

#[cfg(test)]
mod tests {
    use nexus_shard::testing;
    use serde_json::json;

    use super::*;

    fn reader() -> Reader {
        Reader::initialize(&testing::config([("WORDS_PER_MINUTE", "2")])).unwrap()
    }

    #[test]
    fn measures_words_characters_and_minutes() {
        let length = measure_text("one two three".to_owned(), &reader());
        assert_eq!(
            length,
            Ok(Length {
                words: 3,
                characters: 13,
                minutes: 2
            })
        );
    }

    #[test]
    fn answers_as_a_client_sees_it() {
        let answer = testing::call::<measure_text, _>(&reader(), json!({ "text": "one" }));
        assert_eq!(
            answer,
            Ok(json!({ "words": 1, "characters": 3, "minutes": 1 }))
        );
    }

    #[test]
    fn tells_the_model_what_to_do_about_a_blank_text() {
        let error = measure_text(" ".to_owned(), &reader()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParams);
    }

    #[test]
    fn refuses_a_speed_of_zero() {
        assert!(Reader::initialize(&testing::config([("WORDS_PER_MINUTE", "0")])).is_err());
    }
}
