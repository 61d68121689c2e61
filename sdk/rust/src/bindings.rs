//! What `wit-bindgen` writes for the world `http-shard` of the contract.
//!
//! The widest world, because a linker drops what nobody calls: a component of a shard that sends no HTTP request does not
//! import `nexus:shard/http` (`tests/component.rs` looks). `wit` beside `src` is a link to the repository's one copy of the
//! contract, so that a packaged crate holds the file itself.

wit_bindgen::generate!({
    path: "wit",
    world: "http-shard",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "nexus_shard::__private::bindings",
});
