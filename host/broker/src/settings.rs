//! The broker's section of the host's configuration, with its limits and their defaults.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, de::Error};

/// What holds for every shard's requests and log lines. Sizes are bytes; durations are written as `2s`, `500ms`, `1m`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrokerSettings {
    /// Largest body of one request; 1 MiB.
    pub request_bytes: usize,
    /// Largest body of one response, counted while it is read; 8 MiB.
    pub response_bytes: usize,
    /// Requests of one tool call; 64. Retries and redirects of one request do not count.
    pub requests_per_call: u32,
    /// Bytes of bodies that one tool call sends, retries included; 16 MiB.
    pub sent_bytes_per_call: u64,
    /// Time for name look-up, connection and TLS handshake; 10 s.
    #[serde(deserialize_with = "duration")]
    pub connect_timeout: Duration,
    /// Time for one attempt, response included; 30 s. The call's deadline ends it earlier.
    #[serde(deserialize_with = "duration")]
    pub attempt_timeout: Duration,
    /// How requests are repeated.
    pub backoff: BackoffSettings,
    /// When requests are no longer sent.
    pub breaker: BreakerSettings,
    /// Log lines of one tool call; 100. The rest is dropped and counted.
    pub log_lines_per_call: u32,
    /// A PEM file of certificate authorities that are trusted besides the platform's.
    pub ca_file: Option<PathBuf>,
}

impl Default for BrokerSettings {
    fn default() -> Self {
        Self {
            request_bytes: 1 << 20,
            response_bytes: 8 << 20,
            requests_per_call: 64,
            sent_bytes_per_call: 16 << 20,
            connect_timeout: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(30),
            backoff: BackoffSettings::default(),
            breaker: BreakerSettings::default(),
            log_lines_per_call: 100,
            ca_file: None,
        }
    }
}

/// How often and after what time a request is sent again.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackoffSettings {
    /// Retries after the first attempt; 3.
    pub retries: u32,
    /// Wait before the first retry, doubled for each one after it and varied by up to a fifth; 2 s.
    #[serde(deserialize_with = "duration")]
    pub first: Duration,
}

impl Default for BackoffSettings {
    fn default() -> Self {
        Self { retries: 3, first: Duration::from_secs(2) }
    }
}

/// When a destination's circuit opens, and for how long.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerSettings {
    /// Requests that fail in a row before it opens; 5.
    pub failures: u32,
    /// Time until a probe may pass; 60 s.
    #[serde(deserialize_with = "duration")]
    pub open_for: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, open_for: Duration::from_mins(1) }
    }
}

/// A setting that cannot work.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{setting}` must be {rule}")]
pub struct InvalidSetting {
    /// The key, as written in the file.
    pub setting: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

impl BrokerSettings {
    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// [`InvalidSetting`] for the first limit that is zero or so large that it limits nothing.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let invalid = |setting, rule| Err(InvalidSetting { setting, rule });
        if self.request_bytes == 0 || self.response_bytes == 0 || self.sent_bytes_per_call == 0 {
            return invalid("request_bytes, response_bytes, sent_bytes_per_call", "more than 0");
        }
        if self.requests_per_call == 0 {
            return invalid("requests_per_call", "more than 0");
        }
        if self.connect_timeout.is_zero() || self.attempt_timeout.is_zero() {
            return invalid("connect_timeout, attempt_timeout", "more than 0");
        }
        if self.backoff.retries > 10 || self.backoff.first > Duration::from_hours(1) {
            return invalid("backoff", "at most 10 retries, the first after at most 1h");
        }
        if self.breaker.failures == 0 || self.breaker.open_for > Duration::from_hours(24) {
            return invalid("breaker", "at least 1 failure, open for at most 24h");
        }
        Ok(())
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_valid_and_what_is_written_overrides_them() {
        BrokerSettings::default().validate().unwrap();
        let written = json!({ "response_bytes": 10, "backoff": { "first": "250ms" } });
        let settings: BrokerSettings = serde_json::from_value(written).unwrap();
        assert_eq!(settings.response_bytes, 10);
        assert_eq!(settings.backoff.first, Duration::from_millis(250));
        assert_eq!(settings.backoff.retries, 3);
    }

    #[test]
    fn refuses_unknown_keys_and_limits_that_limit_nothing() {
        assert!(serde_json::from_value::<BrokerSettings>(json!({ "respnse_bytes": 10 })).is_err());
        for settings in [
            BrokerSettings { request_bytes: 0, ..BrokerSettings::default() },
            BrokerSettings { requests_per_call: 0, ..BrokerSettings::default() },
            BrokerSettings { attempt_timeout: Duration::ZERO, ..BrokerSettings::default() },
            BrokerSettings {
                backoff: BackoffSettings { retries: 11, first: Duration::ZERO },
                ..BrokerSettings::default()
            },
            BrokerSettings {
                breaker: BreakerSettings { failures: 0, open_for: Duration::ZERO },
                ..BrokerSettings::default()
            },
        ] {
            assert!(settings.validate().is_err(), "{settings:?}");
        }
    }
}
