//! The smallest shard: one tool, no state, no HTTP.

use nexus_shard::prelude::*;

/// A greeting.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Greeting {
    /// What to say
    text: String,
    /// How many characters that is
    length: usize,
}

/// Greet somebody by name. Returns the greeting and its length in characters.
#[tool(title = "Greet somebody", read_only, idempotent)]
fn greet(
    /// Whom to greet
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// How to greet
    #[default = "Hello"]
    salutation: String,
) -> ToolResult<Greeting> {
    if name.trim().is_empty() {
        return Err(ToolError::invalid_params("`name` is blank; ask for the person's name"));
    }
    let text = format!("{salutation}, {name}!");
    Ok(Greeting { length: text.chars().count(), text })
}

nexus_shard::shard!(greet);
