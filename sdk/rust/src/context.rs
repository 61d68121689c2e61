//! What the host says about the call in progress.

use std::time::Duration;

use crate::bindings::nexus::shard::types::CallContext;

/// The call in progress. A tool that takes a `&Context` gets it; nobody has to pass it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Context {
    call_id: String,
    deadline: Duration,
}

impl Context {
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn new(call_id: &str, deadline: Duration) -> Self {
        Self { call_id: call_id.to_owned(), deadline }
    }

    /// Names this call in the host's logs and in its audit trail. Opaque.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// How much time the call had left when it was entered. Past it the host stops the instance.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }
}

impl From<CallContext> for Context {
    fn from(context: CallContext) -> Self {
        Self { call_id: context.call_id, deadline: Duration::from_millis(context.deadline_ms.into()) }
    }
}
