//! Contract 0.1: `wit/nexus-shard/0.1`.

#![expect(missing_docs, unreachable_pub, reason = "generated; the WIT carries the documentation")]

wasmtime::component::bindgen!({
    path: "../../wit/nexus-shard/0.1",
    world: "http-shard",
    imports: { default: trappable, "nexus:shard/http": async | trappable },
    exports: { default: async },
});
