use std::sync::Arc;

use serde_json::json;
use tokio::sync::{Semaphore, mpsc};

use super::*;
use crate::ToolDefinition;
use crate::testing::{back_end, call, said, says, tool};

fn router_with(tools: Vec<ToolDefinition>, back_end: Arc<dyn crate::BackEnd>) -> Arc<Router> {
    let router = Router::new(CallLimits::default());
    router.publish("nexus:test", "test", tools, back_end);
    router
}

#[tokio::test]
async fn answers_with_content_structure_and_what_it_cost() {
    let back_end = back_end(|call| async move {
        assert_eq!((call.tool.as_str(), &call.arguments["word"]), ("speak", &json!("hi")));
        let mut output = said("hi");
        output.meta.insert("fuel".to_owned(), 42.into());
        Ok(output)
    });
    let answer = call(&router_with(vec![tool("speak")], back_end), "speak", json!({ "word": "hi" })).await;
    assert_eq!(
        answer.to_json(),
        json!({ "resultType": "complete", "content": [{ "type": "text", "text": "hi" }], "structuredContent": { "said": "hi" },
            "isError": false, "_meta": { "nexus/fuel": 42, "nexus/call-id": "call-1" } })
    );
}

#[tokio::test]
async fn bad_arguments_name_property_and_rule_and_the_back_end_is_not_entered() {
    let never = back_end(|_| async { unreachable!("the back end was entered") });
    let router = router_with(vec![tool("speak")], never);
    for (with, property, rule) in [
        (json!({ "word": 5 }), "`/word`", "\"string\" (type)"),
        (json!({ "wort": "x" }), "`/wort`", "additionalProperties"),
    ] {
        let answer = call(&router, "speak", with).await;
        assert!(answer.is_error() && answer.text().contains(property) && answer.text().contains(rule), "{answer:?}");
        assert!(answer.text().contains("call the tool again"), "{answer:?}");
        assert_eq!(answer.code(), Some("invalid-arguments"));
        assert_eq!(answer.meta("category"), Some(&json!("validation")));
        assert_eq!(answer.meta("retryable"), Some(&json!(false)));
    }
}

#[tokio::test]
async fn an_unknown_tool_is_no_answer() {
    let router = router_with(vec![], says("x"));
    let unknown = router.call("no\u{202e}ne", Map::new(), CancellationToken::new()).await.expect_err("is unknown");
    assert_eq!(unknown.to_string(), "unknown tool \"none\"; tools/list shows what there is");
}

#[tokio::test]
async fn a_failure_tells_the_model_and_the_program() {
    let back_end = back_end(|_| async {
        Err(ToolFailure {
            retryable: true,
            data: Some(json!({ "status": 503 })),
            meta: Map::from_iter([("attempts".to_owned(), 3.into())]),
            ..ToolFailure::new("upstream", Category::Transient, "FedEx is \u{1b}[31mdown\u{1b}[0m. Try again later.")
        })
    });
    let answer = call(&router_with(vec![tool("speak")], back_end), "speak", json!({})).await;
    assert_eq!(
        answer.to_json(),
        json!({ "resultType": "complete", "content": [{ "type": "text", "text": "FedEx is down. Try again later." }], "isError": true,
            "_meta": { "nexus/attempts": 3, "nexus/call-id": "call-1", "nexus/code": "upstream", "nexus/category": "transient",
                "nexus/retryable": true, "nexus/data": { "status": 503 } } })
    );
}

#[tokio::test]
async fn a_tools_own_error_is_labelled_and_cleaned() {
    let back_end = back_end(|_| async {
        Ok(ToolOutput {
            content: vec![json!({ "type": "text", "text": "no such\u{200b} parcel" })],
            is_error: true,
            ..ToolOutput::default()
        })
    });
    let strict =
        ToolDefinition { output_schema: Some(json!({ "type": "object", "required": ["said"] })), ..tool("speak") };
    let answer = call(&router_with(vec![strict], back_end), "speak", json!({})).await;
    assert_eq!((answer.text().as_str(), answer.code()), ("no such parcel", Some("tool-error")));
}

#[tokio::test]
async fn a_result_that_breaks_its_promise_does_not_get_out() {
    let schema = json!({ "type": "object", "properties": { "said": { "type": "integer" } } });
    let strict = ToolDefinition { output_schema: Some(schema), ..tool("strict") };
    for (definition, output) in [
        (strict.clone(), said("text")),
        (strict, ToolOutput { structured: None, ..said("text") }),
        (tool("strict"), ToolOutput { structured: Some(json!([1])), ..said("text") }),
        (tool("strict"), ToolOutput { content: vec![json!({ "type": "video" })], ..ToolOutput::default() }),
    ] {
        let back_end = back_end(move |_| {
            let output = output.clone();
            async move { Ok(output) }
        });
        let answer = call(&router_with(vec![definition], back_end), "strict", json!({})).await;
        assert_eq!(answer.code(), Some("invalid-result"), "{answer:?}");
        assert_eq!(answer.structured(), None);
    }
}

#[tokio::test]
async fn structure_alone_is_also_text() {
    let back_end = back_end(|_| async { Ok(ToolOutput { content: vec![], ..said("x") }) });
    let answer = call(&router_with(vec![tool("speak")], back_end), "speak", json!({})).await;
    assert_eq!(answer.text(), r#"{"said":"x"}"#);
}

#[tokio::test]
async fn cancelling_reaches_the_back_end_which_has_the_last_word() {
    let (entered, mut entering) = mpsc::channel(1);
    let back_end = back_end(move |call| {
        let entered = entered.clone();
        async move {
            entered.send(()).await.unwrap();
            call.cancelled.cancelled().await;
            Err(ToolFailure::new("cancelled", Category::Transient, "Stopped half-way."))
        }
    });
    let router = router_with(vec![tool("speak")], back_end);
    let cancel = CancellationToken::new();
    let (answer, ()) = tokio::join!(router.call("speak", Map::new(), cancel.clone()), async {
        entering.recv().await.unwrap();
        cancel.cancel();
    });
    assert_eq!(answer.unwrap().text(), "Stopped half-way.");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_ends_though_the_back_end_does_not() {
    let router = router_with(vec![tool("speak")], back_end(|_| std::future::pending()));
    let cancel = CancellationToken::new();
    cancel.cancel();
    let answer = router.call("speak", Map::new(), cancel).await.unwrap();
    assert_eq!(answer.code(), Some("cancelled"));
}

#[tokio::test(start_paused = true)]
async fn a_back_end_that_ignores_everything_is_stopped_at_the_ceiling() {
    let limits = CallLimits::default();
    let router = router_with(vec![tool("speak")], back_end(|_| async { std::future::pending().await }));
    let before = tokio::time::Instant::now();
    assert_eq!(call(&router, "speak", json!({})).await.code(), Some("deadline-exceeded"));
    assert_eq!(before.elapsed().as_secs(), (limits.ceiling + WIND_DOWN).as_secs());
    assert_eq!(router.slots.available_permits(), limits.in_flight, "its slot is free again");
}

#[tokio::test]
async fn a_panic_costs_its_own_call_only() {
    let back_end = back_end(|call| async move {
        assert!(call.arguments.is_empty(), "bang");
        Ok(said("fine"))
    });
    let router = router_with(vec![tool("speak")], back_end);
    assert_eq!(call(&router, "speak", json!({ "word": "x" })).await.code(), Some("internal"));
    assert_eq!(call(&router, "speak", json!({})).await.text(), "fine");
}

#[tokio::test]
async fn the_number_of_calls_at_once_is_bounded_for_each_shard_and_for_all() {
    let router = Router::new(CallLimits { in_flight: 3, per_back_end: 2, ..CallLimits::default() });
    let gate = Arc::new(Semaphore::new(0));
    let (entered, mut entering) = mpsc::channel(8);
    for id in ["a:a", "b:b"] {
        let (gate, entered) = (Arc::clone(&gate), entered.clone());
        let waits = back_end(move |_| {
            let (gate, entered) = (Arc::clone(&gate), entered.clone());
            async move {
                entered.send(()).await.unwrap();
                gate.acquire().await.unwrap().forget();
                Ok(said("done"))
            }
        });
        router.publish(id, &id[..1], vec![tool(&format!("wait_{}", &id[..1]))], waits);
    }
    let mut calls = tokio::task::JoinSet::new();
    for name in ["wait_a", "wait_a", "wait_b"] {
        let router = Arc::clone(&router);
        calls.spawn(async move { call(&router, name, json!({})).await.text() });
        entering.recv().await.unwrap();
    }
    for (name, who) in [("wait_a", "The host"), ("wait_b", "The host")] {
        let answer = call(&router, name, json!({})).await;
        assert_eq!((answer.code(), answer.meta("retryable")), (Some("busy"), Some(&json!(true))));
        assert!(answer.text().starts_with(who) && answer.meta("retry-after-ms").is_some(), "{answer:?}");
    }
    gate.add_permits(1);
    assert_eq!(calls.join_next().await.unwrap().unwrap(), "done");
    gate.add_permits(2);
    assert_eq!(calls.join_all().await, ["done", "done"]);
}

#[tokio::test]
async fn one_slow_shard_leaves_room_for_the_others() {
    let router = Router::new(CallLimits { in_flight: 3, per_back_end: 1, ..CallLimits::default() });
    let (entered, mut entering) = mpsc::channel(1);
    let stuck = back_end(move |call| {
        let entered = entered.clone();
        async move {
            entered.send(()).await.unwrap();
            call.cancelled.cancelled().await;
            Ok(said("stopped"))
        }
    });
    router.publish("a:a", "a", vec![tool("stick")], stuck);
    router.publish("b:b", "b", vec![tool("speak")], says("here"));
    let cancel = CancellationToken::new();
    let (stuck, ()) = tokio::join!(router.call("stick", Map::new(), cancel.clone()), async {
        entering.recv().await.unwrap();
        assert!(call(&router, "stick", json!({})).await.text().starts_with("The tool's shard is busy"));
        assert_eq!(call(&router, "speak", json!({})).await.text(), "here");
        cancel.cancel();
    });
    assert_eq!(stuck.unwrap().text(), "stopped");
}
