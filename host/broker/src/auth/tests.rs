//! Profiles against a token endpoint and an API on loopback. No test may find a secret where a shard or a reader of logs could.

use std::time::Duration;

use axum::response::Response;
use futures::future::join_all;
use http::StatusCode;

use crate::{
    BackoffSettings, BrokerSettings, HttpErrorKind, HttpGrant, HttpRequest, ProfileGrant,
    stand_in::{LogBook, Seen, Setup, StandIn, answer, answer_with, get, post, scope, send},
};

const ID: &str = "the-client-id";
const SECRET: &str = "the-client-s3cret/+&=";

const OAUTH2: &str = r#"
    [config.BASE]
    type = "url"
    [config.OTHER]
    type = "url"
    [[http]]
    url = "{config:BASE}/api"
    methods = ["GET", "POST"]
    auth = "vendor"
    [[http]]
    url = "{config:BASE}/open"
    methods = ["GET"]
    [[http]]
    url = "{config:OTHER}"
    methods = ["GET", "POST"]
    [auth.vendor]
    kind = "oauth2-client-credentials"
    token_url = "{config:BASE}/oauth/token"
    client_id = { secret = "VENDOR_ID" }
    client_secret = { secret = "VENDOR_SECRET" }
    scope = "read write"
"#;

fn setup(server: &StandIn) -> Setup<'static> {
    Setup { secrets: vec![("VENDOR_ID", ID), ("VENDOR_SECRET", SECRET)], ..Setup::new(OAUTH2, server.url()) }
}

fn token(number: usize, lifetime: u32) -> Response {
    let body = format!(r#"{{"access_token":"token-number-{number}","token_type":"bearer","expires_in":{lifetime}}}"#);
    answer(200, body)
}

fn is_token_request(seen: &Seen) -> bool {
    seen.path == "/oauth/token"
}

/// Tokens that last an hour, numbered by request, and an API that accepts any of them.
fn vendor(seen: &Seen, before: usize) -> Response {
    if is_token_request(seen) {
        return token(before, 3600);
    }
    let authorised = seen.header("authorization").is_some_and(|value| value.starts_with("Bearer token-number-"));
    answer(if authorised { 200 } else { 401 }, "data")
}

fn token_requests(server: &StandIn) -> usize {
    server.seen().iter().filter(|seen| is_token_request(seen)).count()
}

#[tokio::test]
async fn fetches_a_token_once_as_rfc_6749_says_and_reuses_it() {
    let server = StandIn::new(vendor).await;
    let access = setup(&server).access();
    for _ in 0..3 {
        let response = send(&access, get(format!("{}/api/things", server.url()))).await.unwrap();
        assert_eq!((response.status, response.attempts), (StatusCode::OK, 1));
    }
    assert_eq!(server.paths(), ["/oauth/token", "/api/things", "/api/things", "/api/things"]);
    let request = server.seen().remove(0);
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        request.body,
        "grant_type=client_credentials&client_id=the-client-id&client_secret=the-client-s3cret%2F%2B%26%3D&scope=read+write"
    );
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_token_request() {
    let server = StandIn::new(vendor).await;
    let access = setup(&server).access();
    let calls = (0..8).map(|_| send(&access, get(format!("{}/api", server.url()))));
    assert!(join_all(calls).await.into_iter().all(|response| response.unwrap().status == 200));
    assert_eq!(token_requests(&server), 1);
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_failure() {
    let server = StandIn::new(|_, _| answer(401, "")).await;
    let access = setup(&server).access();
    let calls = (0..8).map(|_| send(&access, get(format!("{}/api", server.url()))));
    assert!(join_all(calls).await.into_iter().all(|error| error.unwrap_err().code() == "credentials-refused"));
    assert_eq!(token_requests(&server), 1);
    send(&access, get(format!("{}/api", server.url()))).await.unwrap_err();
    assert_eq!(token_requests(&server), 2, "a later call tries again");
}

#[tokio::test]
async fn renews_a_token_before_it_expires() {
    let server = StandIn::new(vendor).await;
    let access = setup(&server).access();
    let url = format!("{}/api", server.url());
    send(&access, get(&url)).await.unwrap();
    for (seconds, fetched) in [(3500, 1), (45, 2)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
        send(&access, get(&url)).await.unwrap();
        assert_eq!(token_requests(&server), fetched);
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_sent_once_more() {
    let server = StandIn::new(|seen, before| match seen.header("authorization") {
        None => token(before, 3600),
        Some("Bearer token-number-0") => answer(401, ""),
        Some(_) => answer(200, ""),
    })
    .await;
    let access = setup(&server).access();
    let response = send(&access, post(format!("{}/api", server.url()), "order")).await.unwrap();
    assert_eq!((response.status, response.attempts), (StatusCode::OK, 2));
    assert_eq!(server.paths(), ["/oauth/token", "/api", "/oauth/token", "/api"]);
}

#[tokio::test]
async fn a_renewed_token_that_is_refused_too_is_the_answer() {
    let server =
        StandIn::new(|seen, before| if is_token_request(seen) { token(before, 3600) } else { answer(401, "no") }).await;
    let access = setup(&server).access();
    assert_eq!(send(&access, get(format!("{}/api", server.url()))).await.unwrap().status, 401);
    assert_eq!(server.paths(), ["/oauth/token", "/api", "/oauth/token", "/api"]);
}

#[tokio::test]
async fn missing_secrets_are_named_and_nothing_is_sent() {
    let server = StandIn::new(vendor).await;
    let setup = Setup { secrets: vec![("VENDOR_ID", ""), ("VENDOR_SECRET", SECRET)], ..setup(&server) };
    let access = setup.access();
    assert!(access.missing().credentials.contains("VENDOR_ID"));
    assert!(access.missing().config.contains("OTHER"));
    let error = send(&access, get(format!("{}/api", server.url()))).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("credentials-missing", HttpErrorKind::Unavailable));
    assert!(error.to_string().contains("VENDOR_ID") && !error.to_string().contains("VENDOR_SECRET"), "{error}");
    assert_eq!(server.seen().len(), 0);
    assert_eq!(send(&access, get(format!("{}/open", server.url()))).await.unwrap().status, 401);
}

#[tokio::test]
async fn refused_credentials_are_told_without_what_the_endpoint_said() {
    let log = LogBook::open();
    for status in [400, 401, 403] {
        let server =
            StandIn::new(move |seen, _| answer(status, format!("bad: {}", String::from_utf8_lossy(&seen.body)))).await;
        let error = send(&setup(&server).access(), get(format!("{}/api", server.url()))).await.unwrap_err();
        assert_eq!((error.code(), error.retryable()), ("credentials-refused", false));
        for text in [error.to_string(), format!("{error:?}"), log.text()] {
            assert!(!text.contains("s3cret") && !text.contains(ID), "{text}");
        }
        assert_eq!(token_requests(&server), 1, "asking again with the same secret may lock an account");
    }
}

#[tokio::test]
async fn a_token_endpoint_without_a_token_is_unavailable() {
    for (body, status) in [
        ("{}", 200),
        ("<html>", 200),
        (r#"{"access_token":""}"#, 200),
        (r#"{"access_token":"a\nb"}"#, 200),
        (r#"{"access_token":"abc","token_type":"mac"}"#, 200),
        ("down", 503),
        ("gone", 404),
    ] {
        let server = StandIn::new(move |_, _| answer(status, body)).await;
        let error = send(&setup(&server).access(), get(format!("{}/api", server.url()))).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), ("token-endpoint-unavailable", HttpErrorKind::Unavailable), "{body}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_is_down_for_a_moment_is_asked_again() {
    let server = StandIn::new(|seen, before| if before < 2 { answer(503, "") } else { vendor(seen, before) }).await;
    let response = send(&setup(&server).access(), get(format!("{}/api", server.url()))).await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts, token_requests(&server)), (200, 1, 3));
}

#[tokio::test]
async fn a_token_endpoint_has_a_breaker_and_a_deadline_too() {
    let server = StandIn::new(|_, _| answer(503, "")).await;
    let backoff = BackoffSettings { retries: 0, ..BackoffSettings::default() };
    let settings = BrokerSettings { backoff, ..BrokerSettings::default() };
    let access = Setup { settings, ..setup(&server) }.access();
    for _ in 0..5 {
        send(&access, get(format!("{}/api", server.url()))).await.unwrap_err();
    }
    assert_eq!(send(&access, get(format!("{}/api", server.url()))).await.unwrap_err().code(), "circuit-open");
    assert_eq!(server.seen().len(), 5);
    let silent = StandIn::waiting(|_, _| Box::pin(std::future::pending())).await;
    let request = HttpRequest { timeout: Some(Duration::from_millis(40)), ..get(format!("{}/api", silent.url())) };
    assert_eq!(send(&setup(&silent).access(), request).await.unwrap_err().code(), "timeout");
}

#[tokio::test]
async fn a_token_request_follows_no_redirect_and_asks_no_forbidden_address() {
    let thief = StandIn::new(|_, _| token(0, 3600)).await;
    let elsewhere = thief.url();
    let server = StandIn::new(move |_, _| answer_with(307, ("location", &elsewhere), "")).await;
    let error = send(&setup(&server).access(), get(format!("{}/api", server.url()))).await.unwrap_err();
    assert_eq!((error.code(), thief.seen().len()), ("token-endpoint-unavailable", 0));
    let sections = OAUTH2.replace("{config:BASE}/oauth/token", "{config:OTHER}/oauth/token");
    let config = vec![("BASE", server.url()), ("OTHER", "http://10.255.255.1".to_owned())];
    let access = Setup { manifest: &sections, config, ..setup(&server) }.access();
    let error = send(&access, get(format!("{}/api", server.url()))).await.unwrap_err();
    assert_eq!(error.code(), "address-forbidden");
}

#[tokio::test]
async fn an_echo_does_not_give_a_credential_to_the_shard() {
    let log = LogBook::open();
    let server = StandIn::new(|seen, before| {
        if is_token_request(seen) {
            return token(before, 3600);
        }
        let header = seen.header("authorization").unwrap().to_owned();
        answer_with(
            400,
            ("x-echo", &header),
            Box::leak(format!("you sent {header} for {ID} and {SECRET}").into_boxed_str()),
        )
    })
    .await;
    let response = send(&setup(&server).access(), get(format!("{}/api", server.url()))).await.unwrap();
    assert_eq!(response.body, "you sent Bearer [redacted] for [redacted] and [redacted]");
    let everything = format!("{response:?}{}", log.text());
    assert!(!everything.contains("token-number") && !everything.contains("s3cret"), "{everything}");
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_place() {
    let other = StandIn::new(|_, _| answer(200, "other")).await;
    let elsewhere = other.url();
    let server = StandIn::new(move |seen, before| match seen.path.as_str() {
        "/oauth/token" => token(before, 3600),
        "/api/away" => answer_with(307, ("location", &elsewhere), ""),
        "/api/open" => answer_with(307, ("location", "/open"), ""),
        _ => answer(200, ""),
    })
    .await;
    let access = Setup { config: vec![("BASE", server.url()), ("OTHER", other.url())], ..setup(&server) }.access();
    for path in ["/api/away", "/api/open"] {
        assert_eq!(send(&access, get(format!("{}{path}", server.url()))).await.unwrap().status, 200);
    }
    assert_eq!(other.seen().remove(0).header("authorization"), None);
    let open = server.seen().into_iter().find(|seen| seen.path == "/open").unwrap();
    assert_eq!(open.header("authorization"), None);
}

#[tokio::test]
async fn a_profile_that_is_not_granted_sends_nothing() {
    let server = StandIn::new(vendor).await;
    let access = Setup { profiles: ProfileGrant::Nothing, http: HttpGrant::Declared, ..setup(&server) }.access();
    let error = send(&access, get(format!("{}/api", server.url()))).await.unwrap_err();
    assert_eq!((error.code(), error.kind(), server.seen().len()), ("profile-not-granted", HttpErrorKind::Denied, 0));
}

const FIXED: &str = r#"
    [config.BASE]
    type = "url"
    [[http]]
    url = "{config:BASE}/bearer"
    methods = ["GET"]
    auth = "bearer"
    [[http]]
    url = "{config:BASE}/key"
    methods = ["GET"]
    auth = "key"
    [auth.bearer]
    kind = "bearer"
    token = { secret = "TOKEN" }
    [auth.key]
    kind = "api-key"
    header = "X-Api-Key"
    key = { secret = "KEY" }
"#;

#[tokio::test]
async fn fixed_credentials_are_attached_where_they_belong_and_not_renewed() {
    let server = StandIn::new(|_, _| answer(401, "")).await;
    let secrets = vec![("TOKEN", "fixed-token"), ("KEY", "fixed-key")];
    let access = Setup { secrets, ..Setup::new(FIXED, server.url()) }.access();
    for path in ["/bearer", "/key"] {
        assert_eq!(send(&access, get(format!("{}{path}", server.url()))).await.unwrap().status, 401);
    }
    let [bearer, key] = <[Seen; 2]>::try_from(server.seen()).unwrap();
    assert_eq!((bearer.header("authorization"), bearer.header("x-api-key")), (Some("Bearer fixed-token"), None));
    assert_eq!((key.header("authorization"), key.header("x-api-key")), (None, Some("fixed-key")));
}

#[tokio::test]
async fn a_shard_cannot_set_the_header_that_a_profile_sets() {
    let server = StandIn::new(|_, _| answer(200, "")).await;
    let access = Setup { secrets: vec![("KEY", "fixed-key")], ..Setup::new(FIXED, server.url()) }.access();
    let mut request = get(format!("{}/key", server.url()));
    request.headers.insert("x-api-key", "mine".parse().unwrap());
    assert_eq!(access.send(&scope(), request).await.unwrap_err().code(), "invalid-request");
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn secrets_that_nothing_names_or_no_header_can_carry_are_refused_by_name() {
    use crate::{Broker, BrokerSettings, OperatorGrant, grant::tests::manifest};
    let broker = Broker::new(BrokerSettings::default()).unwrap();
    for (name, value, code) in [("OTHER", "x", "secret-unknown"), ("TOKEN", "line\nbreak", "secret-invalid")] {
        let grant = OperatorGrant { secrets: [(name.to_owned(), value.into())].into(), ..OperatorGrant::default() };
        let error = broker.shard(&manifest(FIXED), grant).err().unwrap();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(name) && !error.to_string().contains("break\n"));
    }
}
