//! Files that look like a shard and are none. Each is what somebody could drop into the folder.

/// Bytes that are no WebAssembly at all.
pub fn not_wasm() -> Vec<u8> {
    b"#!/bin/sh\necho 'not a component'\n".to_vec()
}

/// A core module, as `wasm32-unknown-unknown` builds one: the most common mistake.
pub fn core_module() -> Vec<u8> {
    encode(r#"(module (func (export "call-tool")))"#)
}

/// A well-formed component that is a command-line program, not a shard.
pub fn other_world() -> Vec<u8> {
    exporting(&["wasi:cli/run@0.2.6"])
}

/// A component for a contract that this host does not know yet.
pub fn newer_contract() -> Vec<u8> {
    exporting(&["nexus:shard/lifecycle@9.0.0", "nexus:shard/tools@9.0.0"])
}

/// A component that exports interfaces of those names, with one function in each.
fn exporting(interfaces: &[&str]) -> Vec<u8> {
    let exports: Vec<String> =
        interfaces.iter().map(|name| format!(r#"(export "{name}" (instance $interface))"#)).collect();
    encode(&format!(
        r#"(component
            (core module $module (func (export "run") (result i32) i32.const 0))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $interface (export "run" (func $run)))
            {})"#,
        exports.join(" ")
    ))
}

fn encode(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is well-formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The preamble tells a module from a component: the layer is in the last two bytes.
    #[test]
    fn each_is_what_it_says() {
        assert!(!not_wasm().starts_with(b"\0asm"));
        assert_eq!(core_module()[..8], *b"\0asm\x01\0\0\0");
        for component in [other_world(), newer_contract()] {
            assert_eq!(component[..8], *b"\0asm\x0d\0\x01\0");
        }
    }
}
