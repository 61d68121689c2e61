//! One tool: what `#[tool]` makes of a function, and what a shard holds of it.

use crate::{
    Context, ToolResult,
    arguments::Arguments,
    definition::{Definition, DefinitionError},
    output::Output,
};

/// A tool of a shard whose state is `S`. `#[tool]` writes the one implementation, on a type named like the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool of a shard whose state is `{S}`",
    note = "put `#[tool]` on the function, and let the shard's state be the type that it borrows"
)]
pub trait Tool<S> {
    /// The function's name.
    const NAME: &'static str;

    /// What clients see.
    ///
    /// # Errors
    /// [`DefinitionError`] when it breaks a rule that only the types know of.
    fn define() -> Result<Definition, DefinitionError>;

    /// Reads the arguments and runs the function.
    ///
    /// # Errors
    /// `InvalidParams` when the arguments do not fit, and what the function answers.
    fn call(shard: &S, arguments: Arguments, context: &Context) -> ToolResult<Output>;
}

/// A [`Tool`] as a value: a row in the table of a shard.
#[derive(Debug)]
pub struct Entry<S> {
    pub(crate) name: &'static str,
    pub(crate) define: fn() -> Result<Definition, DefinitionError>,
    pub(crate) call: fn(&S, Arguments, &Context) -> ToolResult<Output>,
}

impl<S> Entry<S> {
    /// The row of `T`.
    pub const fn of<T: Tool<S>>() -> Self {
        Self { name: T::NAME, define: T::define, call: T::call }
    }
}
