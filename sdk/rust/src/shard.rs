//! A shard: what one instance holds, and the macro that makes a component of it and its tools.

use crate::{Config, ToolError};

/// What one instance holds, made from the configuration before its first call.
///
/// The host may run several instances side by side: nothing here is shared or lasting, and none of these functions may do
/// what may happen only once.
///
/// ```
/// use nexus_shard::prelude::*;
///
/// struct Parcels { base_url: String }
///
/// impl Shard for Parcels {
///     fn initialize(config: &Config) -> Result<Self, ToolError> {
///         Ok(Self { base_url: config.require("PARCELS_URL")?.to_owned() })
///     }
/// }
/// ```
pub trait Shard: Sized + 'static {
    /// Makes the state of one instance.
    ///
    /// # Errors
    /// Whatever stops this instance from ever serving: the host discards it and shows the message to the operator. What
    /// only some calls need, a credential for instance, is better missed by those calls.
    fn initialize(config: &Config) -> Result<Self, ToolError>;

    /// Runs once, before the first call: opens what the calls need.
    ///
    /// # Errors
    /// As for [`initialize`](Self::initialize).
    fn start(&mut self) -> Result<(), ToolError> {
        Ok(())
    }

    /// Runs before the instance is retired, for a few seconds at most: finishes what is open. Not after a trap.
    ///
    /// # Errors
    /// Logged by the host, nothing more.
    fn stop(&mut self) -> Result<(), ToolError> {
        Ok(())
    }
}

/// No state: what `shard!` uses when only tools are named.
impl Shard for () {
    fn initialize(_config: &Config) -> Result<Self, ToolError> {
        Ok(())
    }
}

/// Makes a component of a state and its tools: `shard!(Parcels { track, rates })`, or `shard!(track, rates)` without a state.
///
/// Write it once, beside nothing else, in `lib.rs` of a `cdylib`. Tools are served in this order; one from another module is
/// named by its path. It also writes a test, `every_tool_is_well_defined`, which `cargo test` runs: it fails with a sentence
/// when a tool breaks a rule that only the types know of, a result that is a list for instance, or a nested field without a
/// description.
///
/// A tool that borrows another state than the shard's does not compile:
///
/// ```compile_fail,E0277
/// use nexus_shard::prelude::*;
///
/// struct Parcels;
/// # impl Shard for Parcels { fn initialize(_: &Config) -> Result<Self, ToolError> { Ok(Self) } }
/// struct Letters;
///
/// /// Count the letters.
/// #[tool(read_only)]
/// fn count(letters: &Letters) -> ToolResult<String> { Ok("none".into()) }
///
/// nexus_shard::shard!(Parcels { count });
/// ```
#[macro_export]
macro_rules! shard {
    ($state:ty { $($tool:ty),+ $(,)? }) => {
        const _: () = {
            struct Component;

            // Outside of wasm nobody calls the exports; this keeps the tools from looking unused there.
            const _: Component = Component;

            impl $crate::__private::Component for Component {
                type State = $state;

                fn with_instance<R>(then: impl ::core::ops::FnOnce(&$crate::__private::Instance<$state>) -> R) -> R {
                    ::std::thread_local! {
                        static INSTANCE: $crate::__private::Instance<$state> = const {
                            $crate::__private::Instance::new(
                                const { &[$($crate::__private::Entry::<$state>::of::<$tool>()),+] },
                            )
                        };
                    }
                    INSTANCE.with(then)
                }
            }

            #[cfg(target_arch = "wasm32")]
            $crate::__private::bindings::export_component!(Component with_types_in $crate::__private::bindings);
        };

        #[cfg(test)]
        #[test]
        fn every_tool_is_well_defined() {
            $(
                if let ::core::result::Result::Err(reason) = <$tool as $crate::__private::Tool<$state>>::define() {
                    ::core::panic!("{reason}");
                }
            )+
        }
    };
    ($($tool:ty),+ $(,)?) => {
        $crate::shard!(() { $($tool),+ });
    };
}
