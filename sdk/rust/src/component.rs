//! The exports of the contract, served by the one [`Instance`] of a component.

use crate::{
    Instance, Shard,
    bindings::exports::nexus::shard::{
        lifecycle::{self, Error},
        tools::{self, CallContext, CallOutput},
    },
    bindings::nexus::shard::types::Tool,
};

/// What `shard!` writes: where the instance is kept.
pub trait Component {
    /// What the instance holds.
    type State: Shard;

    /// Runs `then` with the component's instance.
    fn with_instance<R>(then: impl FnOnce(&Instance<Self::State>) -> R) -> R;
}

impl<C: Component> lifecycle::Guest for C {
    fn initialize(config: String) -> Result<(), Error> {
        Ok(C::with_instance(|instance| instance.initialize(&config))?)
    }

    fn start() -> Result<(), Error> {
        Ok(C::with_instance(Instance::start)?)
    }

    fn stop() -> Result<(), Error> {
        Ok(C::with_instance(Instance::stop)?)
    }

    fn dispose() {
        C::with_instance(Instance::dispose);
    }
}

impl<C: Component> tools::Guest for C {
    fn list_tools() -> Result<Vec<Tool>, Error> {
        let definitions = C::with_instance(Instance::list)?;
        Ok(definitions.into_iter().map(Tool::from).collect())
    }

    fn call_tool(name: String, arguments: String, context: CallContext) -> Result<CallOutput, Error> {
        let output = C::with_instance(|instance| instance.call(&name, &arguments, &context.into()))?;
        Ok(output.into())
    }
}
