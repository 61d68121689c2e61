//! What a file is, read from its outermost level alone, before anything is compiled.
//!
//! Compiling is the expensive step, and an attacker may offer anything as a shard. So a file that is not a component of
//! the shard's world is refused after a single pass over its section headers, with a sentence that names what was found
//! and what is needed.

use std::collections::BTreeSet;

use nexus_package::{Capability, Manifest};
use semver::Version;
use wasmparser::{Encoding, Parser, Payload};

/// The contract that this host speaks, newest first. A guest built for another patch of the same minor loads too.
const CONTRACT: Version = Version::new(0, 1, 0);
const NEEDED_EXPORTS: [&str; 2] = ["nexus:shard/lifecycle", "nexus:shard/tools"];

/// Interfaces of the contract, with whether they carry a capability.
const CONTRACT_IMPORTS: [(&str, bool); 4] = [
    ("nexus:shard/types", false),
    ("nexus:shard/log", false),
    ("nexus:shard/config", false),
    ("nexus:shard/http", true),
];

/// WASI packages that every guest's own runtime drags in. They are linked and hold nothing: no files, no environment,
/// no arguments, no sockets.
const EMPTY_WASI: [&str; 6] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];

/// What a component asks for and offers at its outermost level.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Interfaces {
    /// Every imported interface, with its version.
    pub imports: BTreeSet<String>,
    /// Every exported interface, with its version.
    pub exports: BTreeSet<String>,
    /// Whether an import sends HTTP requests.
    pub http: bool,
}

/// Why a file is no shard that this host can run.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The bytes are not WebAssembly, or are cut off.
    #[error("this is not WebAssembly ({found}); a shard is a WebAssembly component")]
    NotWasm {
        /// What the bytes look like.
        found: String,
    },
    /// A core module.
    #[error(
        "this is a core WebAssembly module, and a shard is a component: build it for the target wasm32-wasip2, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// A component that lacks what a shard exports, or imports what no shard may.
    #[error(
        "this is a component of another world: {found}; a shard exports nexus:shard/lifecycle and nexus:shard/tools, version 0.1"
    )]
    OtherWorld {
        /// What is missing or too much.
        found: String,
    },
    /// Built for a contract that this host does not know.
    #[error(
        "this shard was built for contract {found}, and this host speaks 0.1: update Nexus, or ask its author for a build for 0.1"
    )]
    NewerContract {
        /// The version that the component names.
        found: String,
    },
    /// An import that carries a capability which the manifest does not declare.
    #[error(
        "it imports {import}, which its manifest does not declare: its author must declare it in shard.toml and sign again"
    )]
    CapabilityUndeclared {
        /// The imported interface.
        import: String,
    },
}

impl InspectError {
    /// A stable code, documented in the table of codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWasm { .. } => "not-wasm",
            Self::CoreModule => "core-module",
            Self::OtherWorld { .. } => "world-mismatch",
            Self::NewerContract { .. } => "contract-unsupported",
            Self::CapabilityUndeclared { .. } => "capability-undeclared",
        }
    }
}

impl Interfaces {
    /// Reads what `wasm` is, in one pass over its section headers.
    ///
    /// # Errors
    /// [`InspectError`] when it is not a component of the shard's world, for a contract that this host speaks.
    pub fn read(wasm: &[u8]) -> Result<Self, InspectError> {
        let outer = Outline::read(wasm)?;
        let mut found = Self { exports: outer.exports, ..Self::default() };
        for import in outer.imports {
            match classify(&import)? {
                Import::Empty => {}
                Import::Http => found.http = true,
            }
            found.imports.insert(import);
        }
        for needed in NEEDED_EXPORTS {
            let offered = found.exports.iter().find_map(|export| version_of(export, needed));
            match offered {
                None => return Err(InspectError::OtherWorld { found: format!("it does not export {needed}") }),
                Some(version) => contract_allows(version)?,
            }
        }
        Ok(found)
    }

    /// Checks that this host speaks the contract which the manifest needs, and that every capability which is imported is
    /// declared in it.
    ///
    /// # Errors
    /// [`InspectError::NewerContract`], or [`InspectError::CapabilityUndeclared`] naming the import.
    pub fn within(&self, manifest: &Manifest) -> Result<(), InspectError> {
        let needed = manifest.shard.contract;
        if (u64::from(needed.major), u64::from(needed.minor)) != (CONTRACT.major, CONTRACT.minor) {
            return Err(InspectError::NewerContract { found: needed.to_string() });
        }
        let undeclared = |import: &&String| !manifest.declares(Capability::Http) && is_http(import);
        match self.imports.iter().find(undeclared) {
            Some(import) => Err(InspectError::CapabilityUndeclared { import: import.clone() }),
            None => Ok(()),
        }
    }
}

fn is_http(import: &str) -> bool {
    import.starts_with("wasi:http/") || version_of(import, "nexus:shard/http").is_some()
}

enum Import {
    Empty,
    Http,
}

fn classify(import: &str) -> Result<Import, InspectError> {
    if let Some((interface, capability)) = CONTRACT_IMPORTS.iter().find(|(name, _)| version_of(import, name).is_some())
    {
        contract_allows(version_of(import, interface).unwrap_or_default())?;
        return Ok(if *capability { Import::Http } else { Import::Empty });
    }
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    if interface.starts_with("nexus:shard/") {
        return Err(InspectError::NewerContract { found: format!("{version} (it imports {interface})") });
    }
    let package = interface.split_once('/').map_or(interface, |(package, _)| package);
    if package == "wasi:http" {
        return Ok(Import::Http);
    }
    if EMPTY_WASI.contains(&package) {
        return Ok(Import::Empty);
    }
    Err(InspectError::OtherWorld { found: format!("it imports {import}, which no host of this contract offers") })
}

/// The version in `name@version`, when the name is `interface`.
fn version_of<'a>(import: &'a str, interface: &str) -> Option<&'a str> {
    import.strip_prefix(interface)?.strip_prefix('@')
}

fn contract_allows(version: &str) -> Result<(), InspectError> {
    match Version::parse(version) {
        Ok(found) if found.major == CONTRACT.major && found.minor == CONTRACT.minor => Ok(()),
        _ => Err(InspectError::NewerContract { found: version.to_owned() }),
    }
}

/// Names at the outermost level of a component.
#[derive(Default)]
struct Outline {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

/// A component's outermost level has a handful of names. More is an attack on the host's time.
const MOST_NAMES: usize = 1000;

impl Outline {
    fn read(wasm: &[u8]) -> Result<Self, InspectError> {
        let not_wasm = |found: String| InspectError::NotWasm { found };
        if !wasm.starts_with(b"\0asm") {
            return Err(not_wasm(match wasm.len() {
                0 => "the file is empty".to_owned(),
                _ => "it does not begin with the magic number of WebAssembly".to_owned(),
            }));
        }
        let mut outline = Self::default();
        // The parser yields the payloads of nested modules and components too; `depth` counts where we are.
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(|error| not_wasm(format!("damaged: {}", error.message())))? {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(InspectError::CoreModule);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(|error| not_wasm(format!("damaged: {}", error.message())))?;
                        outline.imports.insert(import.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        let export = export.map_err(|error| not_wasm(format!("damaged: {}", error.message())))?;
                        outline.exports.insert(export.name.name.to_owned());
                    }
                }
                _ => {}
            }
            if outline.imports.len() + outline.exports.len() > MOST_NAMES {
                return Err(InspectError::OtherWorld {
                    found: format!("it has more than {MOST_NAMES} imports and exports"),
                });
            }
        }
        Ok(outline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(wat: &str) -> &'static str {
        Interfaces::read(&wat::parse_str(wat).unwrap()).unwrap_err().code()
    }

    /// A component that exports the contract's two interfaces, with more in front.
    fn shard(more: &str, version: &str) -> Vec<u8> {
        wat::parse_str(format!(
            r#"(component {more}
                (component $empty)
                (instance $i (instantiate $empty))
                (export "nexus:shard/lifecycle@{version}" (instance $i))
                (export "nexus:shard/tools@{version}" (instance $i)))"#
        ))
        .unwrap()
    }

    fn manifest(sections: &str) -> Manifest {
        let text = format!(
            "[shard]\nname = \"a:b\"\nversion = \"1.0.0\"\ndescription = \"d\"\nlicense = \"MIT\"\ncontract = \"0.1\"\n{sections}"
        );
        Manifest::from_toml(&text).unwrap()
    }

    #[test]
    fn what_is_no_component_of_this_world_is_named() {
        for (bytes, code) in
            [(&b""[..], "not-wasm"), (b"#!/bin/sh", "not-wasm"), (b"\0asm\x0d\0\x01\0\x07\xff", "not-wasm")]
        {
            assert_eq!(Interfaces::read(bytes).unwrap_err().code(), code, "{bytes:?}");
        }
        assert_eq!(code_of("(module)"), "core-module");
        assert_eq!(code_of("(component)"), "world-mismatch");
    }

    #[test]
    fn names_inside_nested_components_do_not_count() {
        let nested = r#"(component (component
            (instance $i) (export "nexus:shard/lifecycle@0.1.0" (instance $i)) (export "nexus:shard/tools@0.1.0" (instance $i))))"#;
        assert_eq!(code_of(nested), "world-mismatch");
    }

    #[test]
    fn another_patch_of_the_contract_loads_and_another_minor_does_not() {
        assert!(Interfaces::read(&shard("", "0.1.7")).is_ok());
        for version in ["0.2.0", "1.0.0"] {
            let error = Interfaces::read(&shard("", version)).unwrap_err();
            assert_eq!(error.code(), "contract-unsupported");
            assert!(error.to_string().contains(version), "{error}");
        }
        let newer = r#"(import "nexus:shard/ldap@0.2.0" (instance))"#;
        assert_eq!(Interfaces::read(&shard(newer, "0.1.0")).unwrap_err().code(), "contract-unsupported");
    }

    #[test]
    fn what_every_guest_drags_in_needs_no_capability() {
        let dragged = r#"(import "wasi:cli/environment@0.2.6" (instance)) (import "nexus:shard/log@0.1.0" (instance))"#;
        let found = Interfaces::read(&shard(dragged, "0.1.0")).unwrap();
        assert!(!found.http);
        assert!(found.within(&manifest("")).is_ok());
    }

    #[test]
    fn http_must_be_declared_through_either_door() {
        for door in ["nexus:shard/http@0.1.0", "wasi:http/outgoing-handler@0.2.6"] {
            let found = Interfaces::read(&shard(&format!(r#"(import "{door}" (instance))"#), "0.1.0")).unwrap();
            let error = found.within(&manifest("")).unwrap_err();
            assert_eq!(error.code(), "capability-undeclared");
            assert!(error.to_string().contains(door), "{error}");
            let declared = manifest("[[http]]\nurl = \"https://a.example\"\nmethods = [\"GET\"]\n");
            assert!(found.within(&declared).is_ok());
        }
    }

    #[test]
    fn a_manifest_that_needs_another_contract_is_refused() {
        let found = Interfaces::read(&shard("", "0.1.0")).unwrap();
        let mut needs_more = manifest("");
        needs_more.shard.contract = "0.2".parse().unwrap();
        assert_eq!(found.within(&needs_more).unwrap_err().code(), "contract-unsupported");
    }

    #[test]
    fn an_import_of_nobodys_is_another_world() {
        let foreign = r#"(import "acme:secrets/vault@1.0.0" (instance))"#;
        let error = Interfaces::read(&shard(foreign, "0.1.0")).unwrap_err();
        assert_eq!(error.code(), "world-mismatch");
        assert!(error.to_string().contains("acme:secrets/vault"), "{error}");
    }
}
