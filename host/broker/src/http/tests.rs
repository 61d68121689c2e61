//! Whole requests against a server on loopback.

use std::{net::TcpListener, time::Duration};

use axum::body::Body;
use futures::{future, stream};
use http::{HeaderMap, Method, StatusCode};
use tokio::{io::AsyncWriteExt, task::JoinSet, time::Instant};

use crate::{
    BackoffSettings, BreakerState, BrokerSettings, CallScope, HttpErrorKind, HttpGrant, HttpRequest,
    stand_in::{LogBook, Names, ONE_DESTINATION, Setup, StandIn, answer, answer_with, get, hasty, post, scope, send},
};

#[tokio::test]
async fn a_granted_request_arrives_and_its_response_comes_back() {
    let server = StandIn::new(|_, _| answer_with(201, ("x-answer", "yes"), "made")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let mut request = post(format!("{}/things?a=b#fragment", server.url()), "a thing");
    request.headers.insert("x-mine", "1".parse().unwrap());
    let scope = scope();
    let response = access.send(&scope, request).await.unwrap();
    assert_eq!((response.status, response.attempts), (StatusCode::CREATED, 1));
    assert_eq!(
        (response.body.as_ref(), response.headers.get("x-answer").unwrap().to_str().unwrap()),
        (&b"made"[..], "yes")
    );
    let seen = server.seen().remove(0);
    assert_eq!((seen.method, seen.path.as_str(), seen.body.as_ref()), (Method::POST, "/things?a=b", &b"a thing"[..]));
    assert_eq!(seen.headers.get("x-mine").unwrap(), "1");
    assert!(seen.headers.get("user-agent").unwrap().to_str().unwrap().starts_with("nexus/"));
    let usage = scope.usage();
    assert_eq!((usage.requests, usage.sends, usage.bytes_sent, usage.bytes_received), (1, 1, 7, 4));
    assert!(usage.destinations.contains(&server.url()));
}

#[tokio::test]
async fn cookies_and_connection_headers_stay_in_the_host() {
    let server = StandIn::new(|_, _| answer_with(200, ("set-cookie", "session=secret"), "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let response = send(&access, get(server.url())).await.unwrap();
    assert!(response.headers.get("set-cookie").is_none() && response.headers.get("connection").is_none());
}

#[tokio::test]
async fn two_outages_and_an_answer_are_one_answer() {
    let server = StandIn::new(|_, before| answer(if before < 2 { 503 } else { 200 }, "done")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let response = send(&access, get(server.url())).await.unwrap();
    assert_eq!((response.status, response.attempts), (StatusCode::OK, 3));
}

#[tokio::test]
async fn gives_the_last_outage_after_three_retries() {
    let server = StandIn::new(|_, before| answer(500, before.to_string())).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let response = send(&access, get(server.url())).await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts, response.body.as_ref()), (500, 4, &b"3"[..]));
}

#[tokio::test]
async fn what_would_be_answered_the_same_is_not_repeated() {
    for status in [400, 403, 404, 409, 422, 501] {
        let server = StandIn::new(move |_, _| answer(status, "")).await;
        let access = Setup::new(ONE_DESTINATION, server.url()).access();
        let response = send(&access, get(server.url())).await.unwrap();
        assert_eq!((response.status.as_u16(), response.attempts, server.seen().len()), (status, 1, 1));
    }
}

#[tokio::test]
async fn only_idempotent_requests_are_repeated() {
    let server = StandIn::new(|_, _| answer(503, "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let attempts = async |request| send(&access, request).await.unwrap().attempts;
    assert_eq!(attempts(post(server.url(), "order one")).await, 1);
    assert_eq!(attempts(HttpRequest { idempotent: Some(true), ..post(server.url(), "search") }).await, 4);
    assert_eq!(attempts(HttpRequest { idempotent: Some(false), ..get(server.url()) }).await, 1);
}

#[tokio::test]
async fn retry_after_is_honoured_in_place_of_the_backoff() {
    let server = StandIn::new(|_, before| match before {
        0 => answer_with(429, ("retry-after", "0"), ""),
        _ => answer(200, ""),
    })
    .await;
    let backoff = BackoffSettings { first: Duration::from_hours(1), ..BackoffSettings::default() };
    let settings = BrokerSettings { backoff, ..BrokerSettings::default() };
    let access = Setup { settings, ..Setup::new(ONE_DESTINATION, server.url()) }.access();
    assert_eq!(send(&access, get(server.url())).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_wait_past_the_deadline_is_not_begun() {
    let server = StandIn::new(|_, before| match before {
        0 => answer_with(429, ("retry-after", "60"), "later"),
        _ => answer(503, "down"),
    })
    .await;
    let backoff = BackoffSettings { first: Duration::from_mins(1), ..BackoffSettings::default() };
    let settings = BrokerSettings { backoff, ..BrokerSettings::default() };
    let access = Setup { settings, ..Setup::new(ONE_DESTINATION, server.url()) }.access();
    for status in [429, 503] {
        let response = send(&access, get(server.url())).await.unwrap();
        assert_eq!((response.status.as_u16(), response.attempts), (status, 1));
    }
}

#[tokio::test]
async fn five_failures_open_the_breaker_and_the_sixth_call_fails_at_once() {
    let server = StandIn::new(|_, _| answer(503, "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    for _ in 0..5 {
        assert_eq!(send(&access, get(server.url())).await.unwrap().status, 503);
    }
    assert_eq!(server.seen().len(), 20);
    let error = send(&access, get(server.url())).await.unwrap_err();
    assert_eq!((error.code(), error.kind(), error.retryable()), ("circuit-open", HttpErrorKind::Unavailable, true));
    assert!(error.retry_in().unwrap() <= Duration::from_mins(1));
    assert_eq!(server.seen().len(), 20);
    let status = access.breakers().remove(0);
    assert_eq!((status.destination, status.state, status.consecutive_failures), (server.url(), BreakerState::Open, 5));
}

#[tokio::test]
async fn another_4xx_does_not_open_the_breaker() {
    let server = StandIn::new(|_, _| answer(404, "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    for _ in 0..8 {
        assert_eq!(send(&access, get(server.url())).await.unwrap().status, 404);
    }
    assert_eq!(access.breakers().remove(0).state, BreakerState::Closed);
}

#[tokio::test]
async fn nothing_leaves_for_a_destination_that_is_not_granted_and_the_operator_reads_it_once() {
    let log = LogBook::open();
    let server = StandIn::new(|_, _| answer(200, "")).await;
    let sections = ONE_DESTINATION.replace("{config:BASE}", "{config:BASE}/granted");
    let access = Setup::new(&sections, server.url()).access();
    let call = scope();
    for path in ["/", "/other", "/grantedx"] {
        let error = access.send(&call, get(format!("{}{path}", server.url()))).await.unwrap_err();
        assert_eq!(
            (error.code(), error.kind(), error.retryable()),
            ("destination-not-granted", HttpErrorKind::Denied, false)
        );
    }
    access.send(&call, get("https://elsewhere.example")).await.unwrap_err();
    assert_eq!(server.seen().len(), 0);
    assert_eq!(log.count("was refused"), 2, "{}", log.text());
    assert_eq!(log.count("call-1"), 2);
    access.send(&scope(), get(server.url())).await.unwrap_err();
    assert_eq!(log.count("was refused"), 3);
}

#[tokio::test]
async fn a_declared_destination_without_a_grant_says_how_to_grant_it() {
    let log = LogBook::open();
    let sections = "[[http]]\nurl = \"https://api.example\"\nmethods = [\"GET\"]";
    let setup = Setup { config: Vec::new(), http: HttpGrant::Nothing, ..Setup::new(sections, "") };
    let error = send(&setup.access(), get("https://api.example/x")).await.unwrap_err();
    assert_eq!(error.code(), "destination-not-granted");
    assert!(log.text().contains("nexus install"), "{}", log.text());
}

#[tokio::test]
async fn refuses_a_method_that_is_not_granted() {
    let server = StandIn::new(|_, _| answer(200, "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let error = send(&access, HttpRequest { method: Method::PATCH, ..get(server.url()) }).await.unwrap_err();
    assert_eq!((error.code(), server.seen().len()), ("method-not-granted", 0));
}

#[tokio::test]
async fn refuses_a_loopback_address_that_the_operator_did_not_list() {
    let server = StandIn::new(|_, _| answer(200, "")).await;
    let setup = Setup { private: &[], ..Setup::new(ONE_DESTINATION, server.url()) };
    let error = send(&setup.access(), get(server.url())).await.unwrap_err();
    assert_eq!((error.code(), error.kind(), server.seen().len()), ("address-forbidden", HttpErrorKind::Denied, 0));
}

#[tokio::test]
async fn refuses_a_granted_name_that_resolves_to_a_private_address() {
    let log = LogBook::open();
    let server = StandIn::new(|_, _| answer(200, "")).await;
    let base = format!("http://api.example:{}", server.address.port());
    let names = Names::new("api.example", &[&["127.0.0.1", "::1"]]);
    let access = Setup { private: &[], names, ..Setup::new(ONE_DESTINATION, &base) }.access();
    let call = scope();
    let error = access.send(&call, get(&base)).await.unwrap_err();
    assert_eq!((error.code(), server.seen().len()), ("address-forbidden", 0));
    assert_eq!(call.usage().sends, 1, "a denial is not retried");
    assert_eq!(log.count("private_addresses"), 1);
}

#[tokio::test]
async fn a_name_that_is_bound_to_another_address_later_is_refused_then() {
    let server = StandIn::new(|_, _| answer_with(200, ("connection", "close"), "")).await;
    let base = format!("http://api.example:{}", server.address.port());
    let names = Names::new("api.example", &[&["127.0.0.1"], &["127.0.0.9", "169.254.169.254"]]);
    let access = Setup { names, ..Setup::new(ONE_DESTINATION, &base) }.access();
    assert_eq!(send(&access, get(&base)).await.unwrap().status, 200);
    assert_eq!(send(&access, get(&base)).await.unwrap_err().code(), "address-forbidden");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_unavailable_not_denied() {
    let access = Setup::new(ONE_DESTINATION, "http://absent.example").access();
    let call = scope();
    let error = access.send(&call, get("http://absent.example")).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("connect-failed", HttpErrorKind::Unavailable));
    assert_eq!(call.usage().sends, 4);
}

#[tokio::test]
async fn a_closed_port_is_unavailable_after_retries() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let access = Setup::new(ONE_DESTINATION, &url).access();
    let call = scope();
    let error = access.send(&call, get(&url)).await.unwrap_err();
    assert_eq!((error.code(), error.retryable(), call.usage().sends), ("connect-failed", true, 4));
}

#[tokio::test]
async fn a_server_that_does_not_answer_costs_the_requests_own_time() {
    let server = StandIn::waiting(|_, _| Box::pin(future::pending())).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let request = HttpRequest { timeout: Some(Duration::from_millis(40)), ..get(server.url()) };
    let error = send(&access, request).await.unwrap_err();
    assert_eq!((error.code(), error.kind(), server.seen().len()), ("timeout", HttpErrorKind::Timeout, 1));
}

#[tokio::test]
async fn the_calls_deadline_ends_a_request_that_asks_for_more() {
    let server = StandIn::waiting(|_, _| Box::pin(future::pending())).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let call = CallScope::new("short", Instant::now() + Duration::from_millis(40));
    for timeout in [None, Some(Duration::from_hours(1)), Some(Duration::MAX)] {
        let error = access.send(&call, HttpRequest { timeout, ..get(server.url()) }).await.unwrap_err();
        assert_eq!(error.code(), "timeout");
    }
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_repeated() {
    let server = StandIn::waiting(|_, before| {
        Box::pin(async move { if before == 0 { future::pending().await } else { answer(200, "") } })
    })
    .await;
    let settings = BrokerSettings { attempt_timeout: Duration::from_millis(200), ..hasty() };
    let access = Setup { settings, ..Setup::new(ONE_DESTINATION, server.url()) }.access();
    assert_eq!(send(&access, get(server.url())).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_response_is_read_to_its_limit_and_no_further() {
    let chunks = || stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 1024]));
    let endless = StandIn::new(move |_, _| answer(200, Body::from_stream(chunks()))).await;
    let settings = BrokerSettings { response_bytes: 10_000, ..hasty() };
    let access = Setup { settings: settings.clone(), ..Setup::new(ONE_DESTINATION, endless.url()) }.access();
    let call = scope();
    let error = access.send(&call, get(endless.url())).await.unwrap_err();
    assert_eq!((error.code(), error.kind(), call.usage().sends), ("response-too-large", HttpErrorKind::Unavailable, 1));
    let exact = StandIn::new(move |_, _| answer(200, vec![b'x'; 10_000])).await;
    let access = Setup { settings, ..Setup::new(ONE_DESTINATION, exact.url()) }.access();
    assert_eq!(send(&access, get(exact.url())).await.unwrap().body.len(), 10_000);
}

#[tokio::test]
async fn refuses_more_response_headers_than_it_hands_on() {
    let server = StandIn::new(|_, _| answer_with(200, ("x-long", &"x".repeat(70_000)), "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    assert_eq!(send(&access, get(server.url())).await.unwrap_err().code(), "response-too-large");
}

#[tokio::test]
async fn a_response_that_ends_early_is_not_taken_for_whole() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    let access = Setup::new(ONE_DESTINATION, &url).access();
    assert_eq!(send(&access, get(&url)).await.unwrap_err().code(), "connect-failed");
}

#[tokio::test]
async fn requests_and_bytes_are_limited_for_each_call() {
    let server = StandIn::new(|_, _| answer(200, "")).await;
    let settings = BrokerSettings { requests_per_call: 3, sent_bytes_per_call: 10, request_bytes: 8, ..hasty() };
    let access = Setup { settings, ..Setup::new(ONE_DESTINATION, server.url()) }.access();
    let call = scope();
    access.send(&call, post(server.url(), "12345678")).await.unwrap();
    assert_eq!(access.send(&call, post(server.url(), "12345678")).await.unwrap_err().code(), "volume-limit");
    assert_eq!(access.send(&call, post(server.url(), "123456789")).await.unwrap_err().code(), "request-too-large");
    assert_eq!(access.send(&call, get(server.url())).await.unwrap_err().code(), "request-limit");
    assert_eq!(server.seen().len(), 1);
    send(&access, get(server.url())).await.unwrap();
}

#[tokio::test]
async fn follows_redirects_within_the_grant() {
    let server = StandIn::new(|seen, _| match seen.path.as_str() {
        "/old" => answer_with(302, ("location", "/new?x=1"), ""),
        "/moved" => answer_with(307, ("location", "../v2/./moved"), ""),
        _ => answer(200, "arrived"),
    })
    .await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let response = send(&access, post(format!("{}/old", server.url()), "body")).await.unwrap();
    assert_eq!((response.body.as_ref(), response.attempts), (&b"arrived"[..], 1));
    send(&access, post(format!("{}/moved", server.url()), "body")).await.unwrap();
    let seen: Vec<_> = server.seen().into_iter().map(|seen| (seen.method, seen.path, seen.body.len())).collect();
    assert_eq!(
        seen,
        [
            (Method::POST, "/old".to_owned(), 4),
            (Method::GET, "/new?x=1".to_owned(), 0),
            (Method::POST, "/moved".to_owned(), 4),
            (Method::POST, "/v2/moved".to_owned(), 4),
        ]
    );
}

#[tokio::test]
async fn refuses_a_redirect_out_of_the_grant() {
    let log = LogBook::open();
    let target = StandIn::new(|_, _| answer(200, "secret of another service")).await;
    let elsewhere = target.url();
    let server = StandIn::new(move |_, _| answer_with(302, ("location", &elsewhere), "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let error = send(&access, get(server.url())).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("redirect-refused", HttpErrorKind::Denied));
    assert_eq!((server.seen().len(), target.seen().len()), (1, 0));
    assert_eq!(log.count(&target.url()), 1, "{}", log.text());
}

#[tokio::test]
async fn refuses_a_redirect_to_a_forbidden_address_or_an_ungranted_method() {
    let server = StandIn::new(|seen, _| match seen.path.as_str() {
        "/metadata" => answer_with(302, ("location", "http://169.254.169.254/latest/meta-data"), ""),
        _ => answer_with(303, ("location", "/method"), ""),
    })
    .await;
    let sections = ONE_DESTINATION.replace("\"GET\", ", "");
    let access = Setup::new(&sections, server.url()).access();
    for path in ["/metadata", "/method"] {
        let error = send(&access, post(format!("{}{path}", server.url()), "")).await.unwrap_err();
        assert_eq!(error.code(), "redirect-refused", "{path}");
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn gives_up_after_five_redirects() {
    let server = StandIn::new(|_, before| answer_with(302, ("location", &format!("/{before}")), "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let error = send(&access, get(server.url())).await.unwrap_err();
    assert_eq!((error.code(), server.seen().len()), ("redirect-refused", 6));
}

#[tokio::test]
async fn an_invalid_request_reaches_nobody() {
    let server = StandIn::new(|_, _| answer(200, "")).await;
    let access = Setup::new(ONE_DESTINATION, server.url()).access();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer mine".parse().unwrap());
    for request in [get("not a url"), HttpRequest { headers, ..get(server.url()) }] {
        let error = send(&access, request).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), ("invalid-request", HttpErrorKind::InvalidParams));
    }
    assert_eq!(server.seen().len(), 0);
}
