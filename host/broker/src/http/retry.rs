//! When a request is sent again, and after what time.
//!
//! Only what failed in passing and does the same twice as once is repeated: no connection, a time-out, a broken response, 429
//! and 5xx, for an idempotent method or a request that its shard calls idempotent. Never on another 4xx: the answer would be
//! the same. The waits double from the first (2 s → 4 s → 8 s), varied by up to a fifth so that many callers do not return
//! at once; a `Retry-After` replaces the wait. One budget of retries holds for a request with all its redirects.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};

use super::error::HttpError;
use crate::settings::BackoffSettings;

/// Sends of one request so far, and how many more may be made.
#[derive(Debug)]
pub(crate) struct Attempts {
    sent: u32,
    retried: u32,
}

impl Attempts {
    pub(crate) fn none() -> Self {
        Self { sent: 0, retried: 0 }
    }

    /// Notes a send that is not the first of its kind.
    pub(crate) fn repeat(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// How many times the request was sent, as the shard sees it: redirects, which are other requests, do not count.
    pub(crate) fn count(&self) -> u32 {
        self.sent.saturating_add(1)
    }
}

/// Waits between attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    settings: BackoffSettings,
    randomness: fn() -> u32,
}

impl Backoff {
    pub(crate) fn new(settings: BackoffSettings, randomness: fn() -> u32) -> Self {
        Self { settings, randomness }
    }

    /// The wait before the next attempt, or none when the budget is used up.
    pub(crate) fn next(&self, attempts: &mut Attempts, retry_after: Option<Duration>) -> Option<Duration> {
        if attempts.retried >= self.settings.retries {
            return None;
        }
        let doubled = self.settings.first.saturating_mul(1_u32.checked_shl(attempts.retried).unwrap_or(u32::MAX));
        attempts.retried += 1;
        Some(retry_after.unwrap_or_else(|| self.varied(doubled)))
    }

    /// `wait` times a number from 0.8 to 1.2.
    fn varied(&self, wait: Duration) -> Duration {
        let share = f64::from((self.randomness)()) / f64::from(u32::MAX);
        wait.mul_f64(0.8 + 0.4 * share)
    }
}

/// Whether sending this method twice does the same as sending it once (RFC 9110 §9.2.2).
pub(crate) fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// Whether a response with this status says that the destination cannot answer now. 501 and 505 say that it never will.
pub(crate) fn is_outage(status: StatusCode) -> bool {
    status.is_server_error() && !matches!(status, StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED)
}

/// Whether the destination may answer the same request otherwise, a little later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || is_outage(status)
}

/// Whether no response came, for a reason that may pass.
pub(crate) fn is_network_failure(error: &HttpError) -> bool {
    matches!(error, HttpError::ConnectFailed { .. } | HttpError::Timeout { .. })
}

/// The wait that a response asks for (RFC 9110 §10.2.3). A date is taken relative to the response's own `Date`, so that
/// neither this machine's clock nor the server's has to be right.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let then = httpdate::parse_http_date(asked).ok()?;
    let now = httpdate::parse_http_date(text(header::DATE)?).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(randomness: fn() -> u32) -> Vec<Duration> {
        let backoff = Backoff::new(BackoffSettings::default(), randomness);
        let mut attempts = Attempts::none();
        std::iter::from_fn(|| backoff.next(&mut attempts, None)).collect()
    }

    #[test]
    fn waits_double_from_two_seconds_and_end_after_three_retries() {
        let whole: Vec<_> = waits(|| u32::MAX / 2).into_iter().map(|wait| wait.as_secs_f64().round()).collect();
        assert_eq!(whole, [2.0, 4.0, 8.0]);
    }

    #[test]
    fn jitter_is_at_most_a_fifth_either_way() {
        assert_eq!(waits(|| 0).first().unwrap().as_millis(), 1600);
        assert_eq!(waits(|| u32::MAX).first().unwrap().as_millis(), 2400);
    }

    #[test]
    fn retry_after_replaces_the_wait_and_costs_a_retry() {
        let backoff = Backoff::new(BackoffSettings { retries: 1, ..BackoffSettings::default() }, || 0);
        let mut attempts = Attempts::none();
        assert_eq!(backoff.next(&mut attempts, Some(Duration::from_secs(7))), Some(Duration::from_secs(7)));
        assert_eq!(backoff.next(&mut attempts, Some(Duration::ZERO)), None);
    }

    #[test]
    fn reads_retry_after_as_seconds_and_as_a_date() {
        let headers = |retry_after: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
            headers.insert(header::RETRY_AFTER, retry_after.parse().unwrap());
            headers
        };
        assert_eq!(retry_after(&headers("120")), Some(Duration::from_mins(2)));
        assert_eq!(retry_after(&headers("Sun, 06 Nov 1994 08:50:07 GMT")), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&headers("Sun, 06 Nov 1994 08:00:00 GMT")), Some(Duration::ZERO));
        for nonsense in ["-1", "soon", "99999999999999999999", ""] {
            assert_eq!(retry_after(&headers(nonsense)), None, "{nonsense}");
        }
        let mut undated = headers("Sun, 06 Nov 1994 08:50:07 GMT");
        undated.remove(header::DATE);
        assert_eq!(retry_after(&undated), None);
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        for status in [429, 500, 502, 503, 504, 520] {
            assert!(is_passing(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 404, 409, 422, 501, 505] {
            assert!(!is_passing(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        assert!(!is_outage(StatusCode::TOO_MANY_REQUESTS));
        assert!(!is_idempotent(&Method::POST) && !is_idempotent(&Method::PATCH) && is_idempotent(&Method::PUT));
    }
}
