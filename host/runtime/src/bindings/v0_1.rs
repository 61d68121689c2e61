//! Contract 0.1: `wit/nexus-shard/0.1`.

wasmtime::component::bindgen!({
    path: "../../wit/nexus-shard/0.1",
    world: "http-shard",
    imports: { default: trappable, "nexus:shard/http": async | trappable },
    exports: { default: async },
});
