//! What stands in the parentheses of `#[tool(…)]`.

use proc_macro2::TokenStream;
use syn::{LitBool, LitStr, Token, meta::ParseNestedMeta, parse::Parser as _};

const KNOWN: &str =
    "the options of a tool are `title = \"…\"`, `read_only`, `destructive`, `idempotent` and `open_world`";

/// The options of one tool.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) title: Option<LitStr>,
    read_only: Option<bool>,
    destructive: Option<bool>,
    idempotent: Option<bool>,
    open_world: Option<bool>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let mut options = Self::default();
        let whole = tokens.clone();
        syn::meta::parser(|option| options.take(&option)).parse2(tokens)?;
        if options.read_only() && options.destructive() {
            let message = "a tool that is `read_only` cannot be `destructive`";
            return Err(syn::Error::new_spanned(whole, message));
        }
        Ok(options)
    }

    fn take(&mut self, option: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = option.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let twice = if name == "title" {
            self.title.replace(option.value()?.parse()?).is_some()
        } else {
            let hint = match name.as_str() {
                "read_only" => &mut self.read_only,
                "destructive" => &mut self.destructive,
                "idempotent" => &mut self.idempotent,
                "open_world" => &mut self.open_world,
                _ => return Err(option.error(KNOWN)),
            };
            hint.replace(flag(option)?).is_some()
        };
        if twice {
            return Err(option.error(format!("`{name}` is written twice")));
        }
        Ok(())
    }

    /// All four hints, written out: what MCP takes for granted without them differs from hint to hint.
    pub(crate) fn annotations(&self) -> String {
        format!(
            r#"{{"readOnlyHint":{},"destructiveHint":{},"idempotentHint":{},"openWorldHint":{}}}"#,
            self.read_only(),
            self.destructive(),
            self.idempotent.unwrap_or_default(),
            self.open_world.unwrap_or_default(),
        )
    }

    fn read_only(&self) -> bool {
        self.read_only.unwrap_or_default()
    }

    /// A tool that changes things counts as destructive until its author has thought about it.
    fn destructive(&self) -> bool {
        self.destructive.unwrap_or(!self.read_only())
    }
}

/// `hint` or `hint = true` or `hint = false`.
fn flag(option: &ParseNestedMeta<'_>) -> syn::Result<bool> {
    if option.input.peek(Token![=]) {
        return Ok(option.value()?.parse::<LitBool>()?.value);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn annotations(tokens: TokenStream) -> String {
        Options::parse(tokens).unwrap().annotations()
    }

    fn refusal(tokens: TokenStream) -> String {
        Options::parse(tokens).err().unwrap().to_string()
    }

    #[test]
    fn all_four_hints_are_written_out() {
        assert_eq!(
            annotations(quote!(title = "Track", read_only, idempotent, open_world)),
            r#"{"readOnlyHint":true,"destructiveHint":false,"idempotentHint":true,"openWorldHint":true}"#
        );
    }

    #[test]
    fn what_is_not_read_only_is_destructive_until_it_says_otherwise() {
        assert!(annotations(quote!()).contains(r#""destructiveHint":true"#));
        assert!(annotations(quote!(destructive = false)).contains(r#""destructiveHint":false"#));
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(refusal(quote!(readonly)).contains("the options of a tool are"));
        assert!(refusal(quote!(read_only, read_only)).contains("written twice"));
        assert!(refusal(quote!(read_only, destructive)).contains("cannot be `destructive`"));
        assert!(refusal(quote!(read_only = "yes")).contains("expected boolean"));
        assert!(refusal(quote!(title)).contains("expected `=`"));
    }
}
