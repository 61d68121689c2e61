//! One parameter of a tool function.

use syn::{
    Attribute, Expr, FnArg, Ident, Meta, Pat, PatIdent, PatType, Type, TypePath, TypeReference, ext::IdentExt as _,
};

use crate::documentation;

/// One parameter: from the caller, or provided.
pub(crate) enum Parameter {
    /// From the caller.
    Argument(Box<Argument>),
    /// `&Context`: the call in progress.
    Context,
    /// A borrow of any other type: the shard's state.
    State(Box<Type>),
}

/// What the caller gives: one property of the input.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) of_type: Type,
    pub(crate) description: String,
    pub(crate) schema: Vec<Attribute>,
    pub(crate) default: Option<Expr>,
}

impl Argument {
    /// The property's name: `type` for `r#type`.
    pub(crate) fn property(&self) -> String {
        self.name.unraw().to_string()
    }
}

impl Parameter {
    /// Reads one parameter, and takes away the attributes that only the macro understands.
    pub(crate) fn take(parameter: &mut FnArg) -> syn::Result<Self> {
        let parameter = match parameter {
            FnArg::Typed(parameter) => parameter,
            FnArg::Receiver(receiver) => {
                let message =
                    "a tool is a free function; it gets the shard's state by a parameter like `shard: &MyShard`";
                return Err(syn::Error::new_spanned(receiver, message));
            }
        };
        let attributes = take_attributes(parameter);
        match &*parameter.ty {
            Type::Reference(borrow) => provided(borrow),
            _ => argument(parameter, attributes).map(|argument| Self::Argument(Box::new(argument))),
        }
    }
}

fn provided(borrow: &TypeReference) -> syn::Result<Parameter> {
    let last = match &*borrow.elem {
        Type::Path(TypePath { path, .. }) if borrow.mutability.is_none() => path.segments.last(),
        _ => None,
    };
    match last.map(|segment| segment.ident.to_string()).as_deref() {
        Some("Context") => Ok(Parameter::Context),
        Some("str") => {
            let message = "an argument is owned: write `String` instead of `&str`";
            Err(syn::Error::new_spanned(borrow, message))
        }
        Some(_) => Ok(Parameter::State(borrow.elem.clone())),
        None => {
            let message =
                "only two parameters are borrowed: the shard's state, like `shard: &MyShard`, and `context: &Context`";
            Err(syn::Error::new_spanned(borrow, message))
        }
    }
}

fn argument(parameter: &PatType, attributes: Vec<Attribute>) -> syn::Result<Argument> {
    let Pat::Ident(PatIdent { ident, subpat: None, .. }) = &*parameter.pat else {
        let message = "a parameter needs a plain name, which becomes the property's name";
        return Err(syn::Error::new_spanned(&parameter.pat, message));
    };
    if let Type::ImplTrait(_) = &*parameter.ty {
        return Err(syn::Error::new_spanned(&parameter.ty, "a parameter needs one definite type"));
    }
    let description = documentation::text_of(&attributes)?;
    if description.is_empty() {
        let message = format!(
            "`{ident}` has no description: write a doc comment (`/// …`) above it, which tells the model what to pass"
        );
        return Err(syn::Error::new_spanned(parameter, message));
    }
    let mut argument = Argument {
        name: ident.clone(),
        of_type: (*parameter.ty).clone(),
        description,
        schema: Vec::new(),
        default: None,
    };
    for attribute in attributes {
        if attribute.path().is_ident("schemars") {
            argument.schema.push(attribute);
        } else if attribute.path().is_ident("default") {
            argument.default = Some(default(&attribute)?);
        } else if attribute.path().is_ident("serde") {
            let message = "`serde` attributes belong on a type: make a newtype for this parameter";
            return Err(syn::Error::new_spanned(attribute, message));
        }
    }
    Ok(argument)
}

/// `#[default = value]` or `#[default(value)]`.
fn default(attribute: &Attribute) -> syn::Result<Expr> {
    match &attribute.meta {
        Meta::NameValue(pair) => Ok(pair.value.clone()),
        Meta::List(list) => list.parse_args(),
        Meta::Path(path) => {
            let message = "write the value: `#[default = \"US\"]` or `#[default(50)]`";
            Err(syn::Error::new_spanned(path, message))
        }
    }
}

fn take_attributes(parameter: &mut PatType) -> Vec<Attribute> {
    let ours = ["doc", "default", "schemars", "serde"];
    let (taken, left) = std::mem::take(&mut parameter.attrs)
        .into_iter()
        .partition(|attribute| ours.iter().any(|name| attribute.path().is_ident(name)));
    parameter.attrs = left;
    taken
}

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;
    use syn::parse_quote;

    use super::*;

    fn read(mut parameter: FnArg) -> Result<Parameter, String> {
        Parameter::take(&mut parameter).map_err(|error| error.to_string())
    }

    fn refusal(parameter: FnArg) -> String {
        read(parameter).err().unwrap()
    }

    #[test]
    fn reads_an_argument_and_leaves_a_plain_parameter() {
        let mut source: FnArg = parse_quote!(
            /// How many
            #[default(50)]
            #[schemars(range(min = 1))]
            #[expect(unused)]
            r#type: u32
        );
        let Ok(Parameter::Argument(argument)) = Parameter::take(&mut source) else { panic!() };
        assert_eq!(argument.property(), "type");
        assert_eq!(argument.description, "How many");
        assert_eq!(argument.default.to_token_stream().to_string(), "50");
        assert_eq!(argument.schema.len(), 1);
        assert_eq!(source.to_token_stream().to_string(), "# [expect (unused)] r#type : u32");
    }

    #[test]
    fn tells_state_and_context_apart() {
        assert!(matches!(read(parse_quote!(shard: &crate::Logistics)), Ok(Parameter::State(_))));
        assert!(matches!(read(parse_quote!(_: &nexus_shard::Context)), Ok(Parameter::Context)));
    }

    #[test]
    fn says_what_is_wrong_with_a_parameter() {
        assert!(refusal(parse_quote!(number: String)).contains("`number` has no description"));
        assert!(refusal(parse_quote!(&self)).contains("free function"));
        assert!(refusal(parse_quote!(name: &str)).contains("write `String`"));
        assert!(refusal(parse_quote!(shard: &mut Logistics)).contains("only two parameters are borrowed"));
        assert!(refusal(parse_quote!(#[doc = " A"] (a, b): (u8, u8))).contains("plain name"));
        assert!(refusal(parse_quote!(#[doc = " A"] a: impl Copy)).contains("definite type"));
        assert!(refusal(parse_quote!(#[doc = " A"] #[default] a: u8)).contains("write the value"));
        assert!(refusal(parse_quote!(#[doc = " A"] #[serde(flatten)] a: u8)).contains("belong on a type"));
    }
}
