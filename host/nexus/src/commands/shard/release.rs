//! What a host asks of a component and its manifest together, checked before anything is built into a release.

use anyhow::bail;
use nexus_package::{ContractVersion, Manifest, Version, World};
use nexus_runtime::Interfaces;

/// The interface whose version is the contract's.
const TOOLS: &str = "nexus:shard/tools@";
const HTTP: &str = "nexus:shard/http@";

/// Reads what `wasm` imports and exports.
///
/// # Errors
/// When a host would refuse it: it is no shard, it imports what the manifest does not declare, or it was built for an older
/// contract than the manifest names.
pub(super) fn check(wasm: &[u8], manifest: &Manifest) -> anyhow::Result<Interfaces> {
    let interfaces = Interfaces::read(wasm)?;
    interfaces.within(manifest)?;
    let (needed, built) = (manifest.shard.contract, contract(&interfaces));
    if built.is_none_or(|built| needed > built) {
        let built = built.map_or_else(|| "none that can be read".to_owned(), |built| built.to_string());
        bail!("shard.toml names contract {needed}, and the component is built for {built}; correct `contract` in [shard]");
    }
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

/// The contract that a component was built for.
fn contract(interfaces: &Interfaces) -> Option<ContractVersion> {
    let version = interfaces.exports.iter().find_map(|export| export.strip_prefix(TOOLS))?;
    let Version { major, minor, .. } = version.parse().ok()?;
    Some(ContractVersion { major: major.try_into().ok()?, minor: minor.try_into().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interfaces(imports: &[&str]) -> Interfaces {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let exports = set(&["nexus:shard/lifecycle@0.1.0", "nexus:shard/tools@0.1.3"]);
        Interfaces { imports: set(imports), exports, http: false }
    }

    #[test]
    fn the_contract_is_that_of_the_tools_interface() {
        assert_eq!(contract(&interfaces(&[])), Some(ContractVersion { major: 0, minor: 1 }));
        assert_eq!(contract(&Interfaces::default()), None);
    }

    #[test]
    fn the_world_says_whether_it_has_the_small_http_interface() {
        assert_eq!(world(&interfaces(&["nexus:shard/log@0.1.0"])).name, "nexus:shard/shard@0.1.3");
        assert_eq!(world(&interfaces(&["nexus:shard/http@0.1.0"])).name, "nexus:shard/http-shard@0.1.3");
    }
}
