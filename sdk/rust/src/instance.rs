//! One instance of a shard: its state, and its tools by name.

use std::cell::RefCell;

use crate::{
    Config, Context, Shard, ToolError, ToolResult, arguments::Arguments, definition::Definition, output::Output,
    tool::Entry,
};

/// One instance. The host never enters one twice at once, so the cell is never borrowed twice.
#[derive(Debug)]
pub struct Instance<S: 'static> {
    tools: &'static [Entry<S>],
    state: RefCell<Option<S>>,
}

impl<S: Shard> Instance<S> {
    /// An instance before `initialize`.
    pub const fn new(tools: &'static [Entry<S>]) -> Self {
        Self { tools, state: RefCell::new(None) }
    }

    pub(crate) fn initialize(&self, config: &str) -> ToolResult<()> {
        let state = S::initialize(&Config::from_json(config)?)?;
        self.state.replace(Some(state));
        Ok(())
    }

    pub(crate) fn start(&self) -> ToolResult<()> {
        self.state.borrow_mut().as_mut().ok_or_else(not_ready)?.start()
    }

    pub(crate) fn stop(&self) -> ToolResult<()> {
        self.state.borrow_mut().as_mut().ok_or_else(not_ready)?.stop()
    }

    pub(crate) fn dispose(&self) {
        self.state.take();
    }

    /// The tools in the order of `shard!`.
    pub(crate) fn list(&self) -> ToolResult<Vec<Definition>> {
        self.tools
            .iter()
            .map(|tool| (tool.define)().map_err(|reason| ToolError::internal(reason.to_string())))
            .collect()
    }

    pub(crate) fn call(&self, name: &str, arguments: &str, context: &Context) -> ToolResult<Output> {
        let tool = self
            .tools
            .iter()
            .find(|tool| tool.name == name)
            .ok_or_else(|| ToolError::invalid_params("this shard has no tool of that name"))?;
        let arguments = Arguments::from_json(arguments)?;
        let state = self.state.borrow();
        (tool.call)(state.as_ref().ok_or_else(not_ready)?, arguments, context)
    }
}

fn not_ready() -> ToolError {
    ToolError::internal("the instance is not initialised, or disposed of")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, definition::DefinitionError, testing};

    struct Counter {
        calls: u32,
    }

    impl Shard for Counter {
        fn initialize(config: &Config) -> Result<Self, ToolError> {
            let calls = config.parse("FROM")?.unwrap_or_default();
            Ok(Self { calls })
        }

        fn start(&mut self) -> Result<(), ToolError> {
            self.calls += 1;
            Ok(())
        }
    }

    static TOOLS: &[Entry<Counter>] = &[Entry {
        name: "count",
        define: || Err(DefinitionError::ResultNotObject { tool: "count" }),
        call: |counter, arguments, _| {
            arguments.finish()?;
            Output::of(Ok::<_, ToolError>(counter.calls.to_string()))
        },
    }];

    fn call(instance: &Instance<Counter>, name: &str, arguments: &str) -> Result<String, ErrorKind> {
        instance.call(name, arguments, &testing::context()).map(|output| output.text).map_err(|error| error.kind())
    }

    #[test]
    fn lives_from_initialize_to_dispose() {
        let instance = Instance::new(TOOLS);
        assert_eq!(instance.start().unwrap_err().kind(), ErrorKind::Internal);
        assert_eq!(call(&instance, "count", "{}"), Err(ErrorKind::Internal));
        instance.initialize(r#"{"FROM":"6"}"#).unwrap();
        instance.start().unwrap();
        assert_eq!(call(&instance, "count", "{}"), Ok("7".to_owned()));
        instance.stop().unwrap();
        instance.dispose();
        assert_eq!(call(&instance, "count", "{}"), Err(ErrorKind::Internal));
    }

    #[test]
    fn an_initialisation_that_fails_leaves_no_state() {
        let instance = Instance::new(TOOLS);
        assert_eq!(instance.initialize(r#"{"FROM":"six"}"#).unwrap_err().kind(), ErrorKind::Unavailable);
        assert!(instance.start().is_err());
    }

    #[test]
    fn refuses_a_tool_or_arguments_that_it_does_not_know() {
        let instance = Instance::new(TOOLS);
        instance.initialize("{}").unwrap();
        assert_eq!(call(&instance, "other", "{}"), Err(ErrorKind::InvalidParams));
        assert_eq!(call(&instance, "count", "[]"), Err(ErrorKind::InvalidParams));
        assert_eq!(call(&instance, "count", r#"{"x":1}"#), Err(ErrorKind::InvalidParams));
    }

    #[test]
    fn a_tool_that_breaks_a_rule_is_told_of() {
        let error = Instance::new(TOOLS).list().unwrap_err();
        assert!(error.message().contains("tool `count`"), "{error}");
    }
}
