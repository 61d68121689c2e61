//! The function under `#[tool]`, read and checked.

use syn::{GenericArgument, Ident, ItemFn, PathArguments, ReturnType, Signature, Type, TypePath, ext::IdentExt as _};

use crate::{documentation, parameter::Parameter};

/// Clients add a prefix to a name and allow 64 characters in all.
const LONGEST_NAME: usize = 48;
/// Clients cut what is longer.
const LONGEST_DESCRIPTION: usize = 4096;

/// What becomes of the function.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) result: Type,
}

impl Function {
    /// Reads `item`, and takes away what only the macro understands, whether or not there is an error.
    pub(crate) fn take(item: &mut ItemFn) -> syn::Result<Self> {
        let parameters = take_parameters(&mut item.sig);
        check_form(&item.sig)?;
        let parameters = parameters?;
        Ok(Self {
            name: name(&item.sig.ident)?,
            description: description(item)?,
            parameters,
            result: result(&item.sig)?,
        })
    }
}

/// Reads every parameter, so that one compilation tells of all that is wrong.
fn take_parameters(signature: &mut Signature) -> syn::Result<Vec<Parameter>> {
    let mut parameters = Vec::new();
    let mut errors: Option<syn::Error> = None;
    let mut refuse = |error| match &mut errors {
        Some(errors) => errors.combine(error),
        None => errors = Some(error),
    };
    for source in &mut signature.inputs {
        match Parameter::take(source) {
            Ok(parameter) => {
                let is_state = matches!(parameter, Parameter::State(_));
                if is_state && parameters.iter().any(|earlier| matches!(earlier, Parameter::State(_))) {
                    let message = "a shard has one state: only one parameter besides `&Context` is borrowed";
                    refuse(syn::Error::new_spanned(source, message));
                }
                parameters.push(parameter);
            }
            Err(error) => refuse(error),
        }
    }
    errors.map_or(Ok(parameters), Err)
}

fn check_form(signature: &Signature) -> syn::Result<()> {
    if let Some(word) = &signature.asyncness {
        let message = "a tool is a plain function: a shard's exports are synchronous, and `http` waits for its answer";
        return Err(syn::Error::new_spanned(word, message));
    }
    if !signature.generics.params.is_empty() {
        let message = "a tool has no generic parameters: its schema needs definite types";
        return Err(syn::Error::new_spanned(&signature.generics, message));
    }
    Ok(())
}

fn name(ident: &Ident) -> syn::Result<String> {
    let name = ident.unraw().to_string();
    let is_plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if is_plain && name.len() <= LONGEST_NAME {
        return Ok(name);
    }
    let message = format!("a tool's name has at most {LONGEST_NAME} characters of `a-z`, `0-9` and `_`");
    Err(syn::Error::new_spanned(ident, message))
}

fn description(item: &ItemFn) -> syn::Result<String> {
    let ident = &item.sig.ident;
    let description = documentation::text_of(&item.attrs)?;
    if description.is_empty() {
        let message = format!(
            "`{ident}` has no description: write a doc comment (`/// …`) that tells the model what it does, when to use it, \
             and what it returns"
        );
        return Err(syn::Error::new_spanned(&item.sig, message));
    }
    if description.len() > LONGEST_DESCRIPTION {
        let message = format!("the description is longer than {LONGEST_DESCRIPTION} bytes, and clients would cut it");
        return Err(syn::Error::new_spanned(ident, message));
    }
    Ok(description)
}

fn result(signature: &Signature) -> syn::Result<Type> {
    let ReturnType::Type(_, result) = &signature.output else {
        let message = "a tool returns `ToolResult<…>`: a struct, `String`, or `()`";
        return Err(syn::Error::new_spanned(signature, message));
    };
    match value_of(result).filter(|value| is_no_object(value)) {
        Some(value) => {
            let message = "a tool's result is an object, because clients accept nothing else: put this into a struct that \
                           derives `Serialize` and `JsonSchema`, like `struct Found { parcels: Vec<Parcel> }`";
            Err(syn::Error::new_spanned(value, message))
        }
        None => Ok((**result).clone()),
    }
}

/// The `T` of `ToolResult<T>`, as far as the source tells.
fn value_of(result: &Type) -> Option<&Type> {
    let Type::Path(TypePath { path, .. }) = result else {
        return None;
    };
    let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(value) => Some(value),
        _ => None,
    }
}

/// Whether the source alone tells that a type is no object. The types themselves are asked later.
fn is_no_object(value: &Type) -> bool {
    const OTHERS: [&str; 20] = [
        "Vec", "VecDeque", "HashSet", "BTreeSet", "Option", "Value", "bool", "char", "u8", "u16", "u32", "u64",
        "usize", "i8", "i16", "i32", "i64", "isize", "f32", "f64",
    ];
    match value {
        Type::Array(_) | Type::Slice(_) => true,
        Type::Tuple(tuple) => !tuple.elems.is_empty(),
        Type::Path(TypePath { path, .. }) => {
            path.segments.last().is_some_and(|segment| OTHERS.iter().any(|other| segment.ident == other))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn refusal(mut item: ItemFn) -> String {
        let errors = Function::take(&mut item).err().unwrap();
        errors.into_iter().map(|error| error.to_string()).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn reads_a_tool() {
        let mut item = parse_quote! {
            /// Track it.
            fn track(
                /// Its number
                number: String,
                shard: &Logistics,
                context: &Context,
            ) -> ToolResult<Shipment> { unreachable!() }
        };
        let function = Function::take(&mut item).unwrap();
        assert_eq!(function.name, "track");
        assert_eq!(function.description, "Track it.");
        assert_eq!(function.parameters.len(), 3);
    }

    #[test]
    fn says_what_is_wrong_with_a_function() {
        assert!(
            refusal(parse_quote!(
                fn a() -> ToolResult<A> {}
            ))
            .contains("`a` has no description")
        );
        assert!(
            refusal(parse_quote!(
                #[doc = " A"]
                fn a() {}
            ))
            .contains("a tool returns `ToolResult<…>`")
        );
        assert!(
            refusal(parse_quote!(
                #[doc = " A"]
                async fn a() -> R<A> {}
            ))
            .contains("plain function")
        );
        assert!(
            refusal(parse_quote!(
                #[doc = " A"]
                fn a<T>() -> R<A> {}
            ))
            .contains("no generic parameters")
        );
        assert!(
            refusal(parse_quote!(
                #[doc = " A"]
                fn Track() -> R<A> {}
            ))
            .contains("at most 48")
        );
        assert!(
            refusal(parse_quote!(
                #[doc = " A"]
                fn a(a: &A, b: &B) -> R<A> {}
            ))
            .contains("one state")
        );
        let long = "x".repeat(4097);
        assert!(refusal(parse_quote!(#[doc = #long] fn a() -> R<A> {})).contains("longer than 4096"));
    }

    #[test]
    fn refuses_results_that_are_plainly_no_objects() {
        for result in ["Vec<A>", "Option<A>", "u32", "(A, B)", "[A; 2]", "serde_json::Value"] {
            let result: Type = syn::parse_str(result).unwrap();
            let said = refusal(parse_quote!(#[doc = " A"] fn a() -> ToolResult<#result> {}));
            assert!(said.contains("result is an object"), "{said}");
        }
        let mut unit = parse_quote!(
            #[doc = " A"]
            fn a() -> ToolResult<()> {}
        );
        assert!(Function::take(&mut unit).is_ok());
    }

    #[test]
    fn tells_of_all_bad_parameters_at_once() {
        let said = refusal(parse_quote!(
            fn a(first: u8, second: u8) -> R<A> {}
        ));
        assert!(said.contains("`first`") && said.contains("`second`"), "{said}");
    }
}
