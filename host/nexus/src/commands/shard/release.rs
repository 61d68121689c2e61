//! What a host asks of a component and its manifest together, and how a statement names the component's world.

use nexus_package::{Manifest, World};
use nexus_runtime::{InspectError, Interfaces};

/// The interface whose version is the contract's.
const TOOLS: &str = "nexus:shard/tools@";
const HTTP: &str = "nexus:shard/http@";

/// Reads what `wasm` imports and exports, as a host does before it compiles.
///
/// # Errors
/// [`InspectError`] when a host would refuse the component, or refuse it with this manifest.
pub(super) fn check(wasm: &[u8], manifest: &Manifest) -> Result<Interfaces, InspectError> {
    let interfaces = Interfaces::read(wasm)?;
    interfaces.within(manifest)?;
    Ok(interfaces)
}

/// The world as the statement names it.
pub(super) fn world(interfaces: &Interfaces) -> World {
    let version = interfaces.exports.iter().find_map(|export| export.strip_prefix(TOOLS)).unwrap_or_default();
    let name = if interfaces.imports.iter().any(|import| import.starts_with(HTTP)) { "http-shard" } else { "shard" };
    World {
        name: format!("nexus:shard/{name}@{version}"),
        imports: interfaces.imports.iter().cloned().collect(),
        exports: interfaces.exports.iter().cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_named_with_the_contract_and_the_small_http_interface() {
        let world = |import: &str| {
            let exports = ["nexus:shard/lifecycle@0.1.0", "nexus:shard/tools@0.1.3"].map(str::to_owned);
            world(&Interfaces { imports: [import.to_owned()].into(), exports: exports.into(), http: false }).name
        };
        assert_eq!(world("nexus:shard/log@0.1.0"), "nexus:shard/shard@0.1.3");
        assert_eq!(world("nexus:shard/http@0.1.0"), "nexus:shard/http-shard@0.1.3");
    }
}
