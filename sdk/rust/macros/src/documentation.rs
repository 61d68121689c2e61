//! Doc comments, which become descriptions.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of the doc comment among `attributes`, empty when there is none.
///
/// # Errors
/// When a `#[doc = …]` is something other than text in the source: the macro could not read it.
pub(crate) fn text_of(attributes: &[Attribute]) -> syn::Result<String> {
    let mut lines = Vec::new();
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else {
            continue;
        };
        if !pair.path.is_ident("doc") {
            continue;
        }
        let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value else {
            let message = "a description must stand here as text, because it is read while compiling";
            return Err(syn::Error::new_spanned(&pair.value, message));
        };
        let line = line.value();
        lines.push(line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned());
    }
    Ok(lines.join("\n").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn joins_lines_and_keeps_paragraphs() {
        let attributes = [
            parse_quote!(#[doc = " Track a parcel."]),
            parse_quote!(#[doc = ""]),
            parse_quote!(#[inline]),
            parse_quote!(#[doc = "  - indented  "]),
        ];
        assert_eq!(text_of(&attributes).unwrap(), "Track a parcel.\n\n - indented");
    }

    #[test]
    fn refuses_a_text_that_is_elsewhere() {
        let attributes = [parse_quote!(#[doc = include_str!("x.md")])];
        assert!(text_of(&attributes).unwrap_err().to_string().contains("must stand here"));
    }
}
