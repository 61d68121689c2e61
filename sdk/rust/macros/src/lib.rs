//! The `#[tool]` macro of `nexus-shard`, which re-exports it and documents its use.
//!
//! It only reads and writes source: every rule that can be told from the source is checked here, with an error at the place
//! that breaks it; what only the types know is checked by `nexus-shard` itself.

mod documentation;
mod expansion;
mod function;
mod options;
mod parameter;

use proc_macro::TokenStream;

/// Makes a tool of a function.
///
/// The doc comment becomes the description, the parameters the input schema, the return type the output schema. The function
/// stays as it is and can be called by other code and by tests.
///
/// Options: `title = "…"` for people, and the four hints `read_only`, `destructive`, `idempotent`, `open_world`, each also as
/// `hint = false`. A hint that is not written is false, but for `destructive`: a tool that is not read-only counts as
/// destructive until it says `destructive = false`.
///
/// Parameters: each is an argument of the caller, needs a doc comment, and may have `#[default = …]` and `#[schemars(…)]`. Two
/// borrowed ones are provided instead: `&Context`, and one of any other type, which is the state of the shard.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, function: TokenStream) -> TokenStream {
    expansion::expand(options.into(), function.into()).into()
}
