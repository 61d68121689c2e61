//! The path of a call: one way in, one way out.
//!
//! name → slot → arguments against the input schema → back end → result against the output schema → answer. Whatever happens on the
//! way, the caller gets an [`Answer`]; only a name that nobody serves is an error of the request. A back end that
//! panics, hangs or answers nonsense costs its own call and nothing else.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use serde_json::{Map, Value};
use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::answer::{Answer, invalid_result};
use crate::back_end::{Category, ToolCall, ToolFailure, ToolOutput};
use crate::router::{Router, ServedTool};
use crate::schema::Complaint;
use crate::text;

/// How long a back end has to return once its call is cancelled. What it returns in time is the answer, with what it cost.
const WIND_DOWN: Duration = Duration::from_secs(1);

/// How much runs at once, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CallLimits {
    /// Calls in flight altogether; more are answered `busy`. Default 256.
    pub in_flight: usize,
    /// Calls in flight in one back end, so that a slow one cannot take every slot. Default 64.
    pub per_back_end: usize,
    /// The last resort against a back end that does not hold its own deadline. Default 15 minutes.
    pub ceiling: Duration,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { in_flight: 256, per_back_end: 64, ceiling: Duration::from_mins(15) }
    }
}

/// No tool of this name is served.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown tool {0:?}; tools/list shows what there is")]
pub struct UnknownTool(String);

impl Router {
    /// Calls the tool that is named `name` on the wire. Every problem but an unknown name is an [`Answer`].
    ///
    /// # Errors
    /// [`UnknownTool`].
    pub async fn call(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        cancelled: CancellationToken,
    ) -> Result<Answer, UnknownTool> {
        let Some(tool) = self.find(name) else {
            return Err(UnknownTool(text::cut(text::clean_line(name).into(), 64).into_owned()));
        };
        let call_id = self.call_id();
        let failure = match self.attempt(&tool, &call_id, arguments, cancelled).await {
            Ok(output) => match Answer::of_output(output, &call_id) {
                Ok(answer) => return Ok(answer),
                Err(reason) => invalid_result(&reason),
            },
            Err(failure) => failure,
        };
        log(&tool, &call_id, &failure);
        Ok(Answer::of_failure(failure, &call_id))
    }

    async fn attempt(
        &self,
        tool: &ServedTool,
        call_id: &str,
        arguments: Map<String, Value>,
        cancelled: CancellationToken,
    ) -> Result<ToolOutput, ToolFailure> {
        let _slots = self.slots(tool).map_err(busy)?;
        let arguments = match tool.checked.input.check(Value::Object(arguments)).await {
            Ok(Value::Object(arguments)) => arguments,
            Ok(_) => Map::new(),
            Err(complaint) => return Err(invalid_arguments(complaint)),
        };
        let call = ToolCall {
            call_id: call_id.to_owned(),
            tool: tool.own_name().to_owned(),
            arguments,
            cancelled: cancelled.child_token(),
        };
        let mut output = self.enter(tool, call).await?;
        output.structured = accept(tool, output.structured, output.is_error).await?;
        Ok(output)
    }

    /// Takes a slot of the host and one of the back end; both come back when the call ends, however it ends. Or says who is busy.
    fn slots<'a>(&'a self, tool: &'a ServedTool) -> Result<[SemaphorePermit<'a>; 2], &'static str> {
        Ok([
            self.slots.try_acquire().map_err(|_| "The host")?,
            tool.mounted.slots.try_acquire().map_err(|_| "The tool's shard")?,
        ])
    }

    async fn enter(&self, tool: &ServedTool, call: ToolCall) -> Result<ToolOutput, ToolFailure> {
        let cancelled = call.cancelled.clone();
        let work = async { tool.mounted.back_end.call(call).await };
        let mut work = std::pin::pin!(AssertUnwindSafe(work).catch_unwind());
        let outcome = tokio::select! {
            biased;
            outcome = &mut work => outcome,
            () = cancelled.cancelled() => match tokio::time::timeout(WIND_DOWN, work).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    return Err(ToolFailure {
                        retryable: true,
                        ..ToolFailure::new("cancelled", Category::Transient, "The call was cancelled.")
                    });
                }
            },
            () = tokio::time::sleep(self.limits.ceiling) => {
                cancelled.cancel();
                drop(tokio::time::timeout(WIND_DOWN, work).await);
                return Err(ToolFailure::new(
                    "deadline-exceeded",
                    Category::Transient,
                    format!("The tool did not answer within {} seconds and was stopped.", self.limits.ceiling.as_secs()),
                ));
            }
        };
        match outcome {
            Ok(outcome) => outcome,
            Err(_panic) => Err(ToolFailure::new(
                "internal",
                Category::Internal,
                "The host failed while running the tool. This is a fault of the host; its log says more.",
            )),
        }
    }
}

/// Checks a result against what the tool promised.
async fn accept(tool: &ServedTool, structured: Option<Value>, is_error: bool) -> Result<Option<Value>, ToolFailure> {
    match (structured, &tool.checked.output) {
        (Some(value), _) if !value.is_object() => Err(invalid_result("the structured result is not an object")),
        (Some(value), Some(schema)) if !is_error => match schema.check(value).await {
            Ok(value) => Ok(Some(value)),
            Err(Complaint::Broken(rules)) => Err(invalid_result(&format!("it breaks its output schema: {rules}"))),
            Err(Complaint::TooLarge) => Err(invalid_result("it is too large to check against its output schema")),
        },
        (None, Some(_)) if !is_error => Err(invalid_result("the structured result is missing")),
        (structured, _) => Ok(structured),
    }
}

fn busy(who: &str) -> ToolFailure {
    let sentence = format!("{who} is busy with as many calls as it takes. Try again in a second.");
    ToolFailure {
        retryable: true,
        meta: Map::from_iter([("retry-after-ms".to_owned(), 1000.into())]),
        ..ToolFailure::new("busy", Category::Transient, sentence)
    }
}

fn invalid_arguments(complaint: Complaint) -> ToolFailure {
    let reason = match complaint {
        Complaint::Broken(rules) => format!("{rules}. Correct this and call the tool again."),
        Complaint::TooLarge => {
            "they are too large or nested too deeply to check. Call the tool with less at once.".to_owned()
        }
    };
    ToolFailure::new(
        "invalid-arguments",
        Category::Validation,
        format!("The arguments do not fit the tool's input schema: {reason}"),
    )
}

fn log(tool: &ServedTool, call_id: &str, failure: &ToolFailure) {
    let (name, back_end, code) = (tool.name(), tool.back_end(), &*failure.code);
    // The message may quote what the caller sent, so it stays out of the log unless the fault is ours or the tool's.
    if failure.category == Category::Internal {
        let message = text::cut(text::clean_line(&failure.message).into(), 500);
        tracing::warn!(call_id, tool = name, back_end, code, %message, "a tool call failed");
    } else {
        tracing::info!(
            call_id,
            tool = name,
            back_end,
            code,
            category = failure.category.as_str(),
            "a tool call was answered with an error"
        );
    }
}

#[cfg(test)]
mod tests;
