//! What `#[tool]` writes: the function as it was, and a type of the same name that implements `Tool`.
//!
//! A function and a struct with braces may share a name, so that one path, one `use` and one visibility serve both.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, ItemFn, parse_quote};

use crate::{
    function::Function,
    options::Options,
    parameter::{Argument, Parameter},
};

/// Expands `#[tool(options)] item`, into a compile error where a rule is broken.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut item: ItemFn = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => {
            let error = syn::Error::new(error.span(), "`#[tool]` stands on a function");
            return error.into_compile_error();
        }
    };
    let function = Function::take(&mut item);
    item.attrs.push(parse_quote! {
        #[allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "the form of a tool is given")]
    });
    let tool = Options::parse(options)
        .and_then(|options| Ok(implementation(&item, &options, &function?)))
        .unwrap_or_else(syn::Error::into_compile_error);
    quote!(#item #tool)
}

fn implementation(item: &ItemFn, options: &Options, function: &Function) -> TokenStream {
    let visibility = &item.vis;
    let ident = &item.sig.ident;
    let name = &function.name;
    let (generics, state) = state_of(function);
    let define = define(options, function);
    let call = call(ident, function, &state);
    quote! {
        #[doc(hidden)]
        #[allow(dead_code, non_camel_case_types, reason = "a name for the function as a tool; never made")]
        #visibility struct #ident {}

        impl #generics ::nexus_shard::__private::Tool<#state> for #ident {
            const NAME: &'static str = #name;
            #define
            #call
        }
    }
}

/// The state that the function borrows; any state, when it borrows none.
fn state_of(function: &Function) -> (TokenStream, TokenStream) {
    let state = function.parameters.iter().find_map(|parameter| match parameter {
        Parameter::State(state) => Some(state),
        _ => None,
    });
    match state {
        Some(state) => (quote!(), quote!(#state)),
        None => (quote!(<State>), quote!(State)),
    }
}

fn arguments(function: &Function) -> impl Iterator<Item = &Argument> {
    function.parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Argument(argument) => Some(&**argument),
        _ => None,
    })
}

fn define(options: &Options, function: &Function) -> TokenStream {
    let Function { name, description, result, .. } = function;
    let title = options
        .title
        .as_ref()
        .map_or_else(|| quote!(::core::option::Option::None), |title| quote!(::core::option::Option::Some(#title)));
    let annotations = options.annotations();
    let fields = arguments(function).map(
        |Argument { name, of_type, description, schema, .. }| quote!(#[doc = #description] #(#schema)* #name: #of_type),
    );
    let defaults = arguments(function).filter_map(|argument| {
        let Argument { of_type, default, .. } = argument;
        let property = argument.property();
        default.as_ref().map(|value| quote!(let definition = definition.with_default::<#of_type>(#property, &#value)?;))
    });
    quote! {
        fn define() -> ::core::result::Result<
            ::nexus_shard::__private::Definition,
            ::nexus_shard::__private::DefinitionError,
        > {
            #[derive(::nexus_shard::__private::schemars::JsonSchema)]
            #[schemars(crate = "::nexus_shard::__private::schemars", deny_unknown_fields)]
            #[allow(dead_code, reason = "only its schema is used")]
            struct __Parameters { #(#fields),* }

            let definition = ::nexus_shard::__private::Source {
                name: #name,
                title: #title,
                description: #description,
                annotations: #annotations,
            }
            .define::<__Parameters, <#result as ::nexus_shard::__private::Outcome>::Value>()?;
            #(#defaults)*
            ::core::result::Result::Ok(definition)
        }
    }
}

fn call(function_name: &Ident, function: &Function, state: &TokenStream) -> TokenStream {
    // Names that the function's own parameters and items cannot meet.
    let [shard, given, context] = ["shard", "arguments", "context"].map(|name| Ident::new(name, Span::mixed_site()));
    let takes = arguments(function).enumerate().map(|(index, argument)| {
        let (local, property, of_type) = (local(index), argument.property(), &argument.of_type);
        let taken = argument
            .default
            .as_ref()
            .map_or_else(|| quote!(take(#property)), |default| quote!(take_or(#property, &#default)));
        quote!(let #local: #of_type = #given.#taken?;)
    });
    let mut locals = (0..).map(local);
    let passed = function.parameters.iter().map(|parameter| match parameter {
        Parameter::Argument(_) => locals.next(),
        Parameter::State(_) => Some(shard.clone()),
        Parameter::Context => Some(context.clone()),
    });
    quote! {
        #[allow(unused_mut, unused_variables, reason = "not every tool uses all that it is given")]
        fn call(
            #shard: &#state,
            mut #given: ::nexus_shard::__private::Arguments,
            #context: &::nexus_shard::Context,
        ) -> ::nexus_shard::ToolResult<::nexus_shard::__private::Output> {
            #(#takes)*
            #given.finish()?;
            ::nexus_shard::__private::Output::of(#function_name(#(#passed),*))
        }
    }
}

fn local(index: usize) -> Ident {
    format_ident!("argument_{index}", span = Span::mixed_site())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_stays_and_a_type_of_its_name_is_added() {
        let expanded = expand(
            quote!(read_only),
            quote! {
                /// Track it.
                pub(crate) fn track(
                    /// Its number
                    number: String,
                ) -> ToolResult<Shipment> { look_up(number) }
            },
        );
        let file: syn::File = syn::parse2(expanded).unwrap();
        let [syn::Item::Fn(function), syn::Item::Struct(name), syn::Item::Impl(_)] = file.items.as_slice() else {
            panic!("{} items", file.items.len());
        };
        assert!(
            function.sig.inputs.iter().all(|input| matches!(input, syn::FnArg::Typed(input) if input.attrs.is_empty()))
        );
        assert_eq!(function.sig.ident, name.ident);
        assert!(matches!((&function.vis, &name.vis), (syn::Visibility::Restricted(_), syn::Visibility::Restricted(_))));
    }

    #[test]
    fn a_broken_rule_leaves_the_function_and_a_compile_error() {
        let expanded = expand(
            quote!(),
            quote!(
                fn track() -> ToolResult<Shipment> {
                    look_up()
                }
            ),
        )
        .to_string();
        assert!(expanded.contains("fn track"), "{expanded}");
        assert!(expanded.contains("compile_error"), "{expanded}");
        assert!(!expanded.contains("struct"), "{expanded}");
    }

    #[test]
    fn only_a_function_is_a_tool() {
        let expanded = expand(
            quote!(),
            quote!(
                struct Track;
            ),
        )
        .to_string();
        assert!(expanded.contains("stands on a function"), "{expanded}");
    }
}
