use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use serde_json::json;
use tokio::sync::mpsc;

use super::*;
use crate::testing::{back_end, call, said, says, tool};

fn names(router: &Router) -> Vec<String> {
    router.tools().iter().map(|tool| tool.name().to_owned()).collect()
}

#[test]
fn lists_by_name_and_says_what_became_of_each_tool() {
    let router = Router::new(CallLimits::default());
    let published =
        router.publish("nexus:audit", "audit", vec![tool("write"), tool("bad name"), tool("query")], says("audit"));
    assert_eq!(names(&router), ["query", "write"]);
    assert_eq!(
        published.served,
        BTreeMap::from([("query", "query"), ("write", "write")].map(|(a, b)| (a.into(), b.into())))
    );
    assert_eq!(published.quarantined, [Quarantined { name: "bad name".to_owned(), reason: Quarantine::IllegalName }]);
}

#[test]
fn a_clash_renames_every_claimant_and_its_end_gives_the_names_back() {
    let router = Router::new(CallLimits::default());
    router.publish("nexus:audit", "audit", vec![tool("query")], says("audit"));
    let second = router.publish("nexus:assets", "assets", vec![tool("query")], says("assets"));
    assert_eq!(second.served.get("query").map(String::as_str), Some("assets_query"));
    assert_eq!(names(&router), ["assets_query", "audit_query"]);
    assert!(router.withdraw("nexus:assets"));
    assert!(!router.withdraw("nexus:assets"));
    assert_eq!(names(&router), ["query"]);
}

#[test]
fn tells_of_a_change_only_when_clients_see_one() {
    let router = Router::new(CallLimits::default());
    let mut changes = router.subscribe();
    let mut changed = || {
        changes.has_changed().unwrap() && {
            changes.mark_unchanged();
            true
        }
    };
    router.publish("nexus:audit", "audit", vec![tool("query")], says("one"));
    assert!(changed());
    router.publish("nexus:audit", "audit", vec![tool("query")], says("two"));
    assert!(!changed(), "a new version with the same tools looks the same");
    router.publish(
        "nexus:audit",
        "audit",
        vec![ToolDefinition { description: "Other".to_owned(), ..tool("query") }],
        says("three"),
    );
    assert!(changed());
    router.withdraw("nexus:assets");
    assert!(!changed());
    router.withdraw("nexus:audit");
    assert!(changed());
}

#[test]
fn pages_go_on_where_the_last_one_ended_whatever_changed() {
    let router = Router::new(CallLimits::default());
    router.publish("a:a", "a", vec![tool("a"), tool("c"), tool("e")], says("a"));
    let page = |after: Option<&str>| {
        let (tools, more) = router.page(after, 2);
        (tools.iter().map(|tool| tool.name.clone().into_owned()).collect::<Vec<_>>(), more)
    };
    assert_eq!(page(None), (vec!["a".to_owned(), "c".to_owned()], true));
    router.publish("b:b", "b", vec![tool("b"), tool("d")], says("b"));
    assert_eq!(page(Some("c")), (vec!["d".to_owned(), "e".to_owned()], false));
}

#[tokio::test]
async fn a_call_in_flight_finishes_on_the_version_it_started_on() {
    let router = Router::new(CallLimits::default());
    let (entered, mut entering) = mpsc::channel(1);
    let gate = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&gate);
    let old = back_end(move |_| {
        let (entered, gate) = (entered.clone(), Arc::clone(&waiting));
        async move {
            entered.send(()).await.unwrap();
            gate.acquire().await.unwrap().forget();
            Ok(said("old"))
        }
    });
    router.publish("a:a", "a", vec![tool("speak")], old);
    let (answer, ()) = tokio::join!(call(&router, "speak", json!({})), async {
        entering.recv().await.unwrap();
        router.publish("a:a", "a", vec![tool("speak")], says("new"));
        assert_eq!(call(&router, "speak", json!({})).await.text(), "new");
        gate.add_permits(1);
    });
    assert_eq!(answer.text(), "old");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn swaps_under_load_lose_no_call() {
    let router = Router::new(CallLimits::default());
    router.publish("a:a", "a", vec![tool("speak")], says("v"));
    let done = Arc::new(AtomicBool::new(false));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (router, done) = (Arc::clone(&router), Arc::clone(&done));
        callers.spawn(async move {
            let mut calls = 0_u32;
            while !done.load(Ordering::Relaxed) || calls == 0 {
                let answer = call(&router, "speak", json!({ "word": "x" })).await;
                assert!(!answer.is_error(), "{answer:?}");
                calls += 1;
                tokio::task::yield_now().await;
            }
        });
    }
    for version in 0..200 {
        let description = format!("version {version}");
        router.publish("a:a", "a", vec![ToolDefinition { description, ..tool("speak") }], says("v"));
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::Relaxed);
    while let Some(outcome) = callers.join_next().await {
        outcome.expect("no call was lost");
    }
}

proptest! {
    #[test]
    fn names_do_not_depend_on_the_order_of_publishing(
        shards in proptest::collection::btree_map("[ab]:[ab]", proptest::collection::btree_set("[ab]{1,2}", 0..4), 0..4)
            .prop_flat_map(|shards| { let all: Vec<_> = shards.into_iter().collect(); (Just(all.clone()), Just(all).prop_shuffle()) })
    ) {
        let listed = |shards: &[(String, std::collections::BTreeSet<String>)]| {
            let router = Router::new(CallLimits::default());
            for (id, tools) in shards {
                let prefix = id.split(':').next_back().unwrap_or_default();
                router.publish(id, prefix, tools.iter().map(|name| tool(name)).collect(), says("x"));
            }
            router.tools().iter().map(|tool| (tool.name().to_owned(), tool.back_end().to_owned(), tool.own_name().to_owned())).collect::<Vec<_>>()
        };
        prop_assert_eq!(listed(&shards.0), listed(&shards.1));
    }
}
