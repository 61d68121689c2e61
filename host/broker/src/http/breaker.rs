//! Stops calling what keeps failing: one circuit for each destination of one shard.
//!
//! A circuit opens after several requests in a row failed, answers `circuit-open` at once while it is open, and then lets one
//! request through as a probe. A request counts once, after its retries: as a failure when no response came or its status is
//! one that is retried (5xx but 501 and 505), as a success when any other response came, 429 among them. Errors that say
//! nothing about the destination, such as a missing credential, do not count. Circuits belong to one shard, so that a shard
//! which provokes failures on purpose cuts off itself alone.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nexus_package::ShardName;
use serde::Serialize;
use tokio::time::Instant;

use super::{egress::Origin, error::HttpError};
use crate::settings::BreakerSettings;

/// While a probe is on its way nobody knows when the circuit closes: others are told to come back after this long.
const PROBE_HINT: Duration = Duration::from_secs(1);

/// One destination's circuit, for health and metrics.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct BreakerStatus {
    /// Scheme, host and port.
    pub destination: String,
    /// Whether requests pass.
    pub state: BreakerState,
    /// Requests that failed in a row.
    pub consecutive_failures: u32,
}

/// Whether requests to one destination pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// They pass.
    Closed,
    /// They fail at once.
    Open,
    /// One probe may pass or is on its way; the others fail at once.
    HalfOpen,
}

#[derive(Default)]
struct Circuit {
    failures: u32,
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    Probing,
}

/// All circuits of one shard. Only granted destinations get one, so their number is bounded by the manifest.
pub(crate) struct Breakers {
    shard: ShardName,
    settings: BreakerSettings,
    circuits: Mutex<BTreeMap<Origin, Circuit>>,
}

impl Breakers {
    pub(crate) fn new(shard: ShardName, settings: BreakerSettings) -> Self {
        Self { shard, settings, circuits: Mutex::default() }
    }

    /// Lets one request to `origin` pass.
    ///
    /// # Errors
    /// [`HttpError::CircuitOpen`] while the circuit is open or its probe is on its way.
    pub(crate) fn admit<'a>(&'a self, origin: &'a Origin) -> Result<Passage<'a>, HttpError> {
        let now = Instant::now();
        let mut circuits = self.lock();
        let circuit = circuits.entry(origin.clone()).or_default();
        let refused = |retry_in| HttpError::CircuitOpen { destination: origin.to_string(), retry_in };
        let probe = match circuit.state {
            State::Closed => false,
            State::Probing => return Err(refused(PROBE_HINT)),
            State::Open { until } if now < until => return Err(refused(until - now)),
            State::Open { .. } => {
                circuit.state = State::Probing;
                true
            }
        };
        Ok(Passage { breakers: self, origin, probe })
    }

    /// Every circuit that was used so far.
    pub(crate) fn status(&self) -> Vec<BreakerStatus> {
        let now = Instant::now();
        let state = |circuit: &Circuit| match circuit.state {
            State::Closed => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open,
            State::Open { .. } | State::Probing => BreakerState::HalfOpen,
        };
        self.lock()
            .iter()
            .map(|(origin, circuit)| BreakerStatus {
                destination: origin.to_string(),
                state: state(circuit),
                consecutive_failures: circuit.failures,
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Origin, Circuit>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One admitted request. Dropped without a word (the call was cancelled), it gives a probe's place to the next request.
#[must_use]
pub(crate) struct Passage<'a> {
    breakers: &'a Breakers,
    origin: &'a Origin,
    probe: bool,
}

impl Passage<'_> {
    /// The destination answered.
    pub(crate) fn succeeded(mut self) {
        let mut circuits = self.breakers.lock();
        let circuit = circuits.entry(self.origin.clone()).or_default();
        // A request admitted before the circuit opened proves nothing about now: only the probe closes it.
        if self.probe || matches!(circuit.state, State::Closed) {
            *circuit = Circuit::default();
            if self.probe {
                tracing::info!(shard = %self.breakers.shard, destination = %self.origin, "circuit closed: the destination answers again");
            }
        }
        self.probe = false;
    }

    /// The destination did not answer, or only to say that it cannot.
    pub(crate) fn failed(mut self) {
        let settings = &self.breakers.settings;
        let mut circuits = self.breakers.lock();
        let circuit = circuits.entry(self.origin.clone()).or_default();
        circuit.failures = circuit.failures.saturating_add(1);
        let opens = matches!(circuit.state, State::Closed) && circuit.failures >= settings.failures;
        if self.probe || opens {
            circuit.state = State::Open { until: Instant::now() + settings.open_for };
            tracing::warn!(
                shard = %self.breakers.shard,
                destination = %self.origin,
                failures = circuit.failures,
                seconds = settings.open_for.as_secs(),
                "circuit open: requests to this destination fail at once for a while"
            );
        }
        self.probe = false;
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        if self.probe
            && let Some(circuit) = self.breakers.lock().get_mut(self.origin)
        {
            circuit.state = State::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::http::egress::TargetUrl;

    fn origin(text: &str) -> Origin {
        TargetUrl::parse(text).unwrap().origin().clone()
    }

    fn breakers() -> Breakers {
        Breakers::new("acme:probe".parse().unwrap(), BreakerSettings::default())
    }

    fn opened(origin: &Origin) -> Breakers {
        let breakers = breakers();
        for _ in 0..5 {
            breakers.admit(origin).unwrap().failed();
        }
        breakers
    }

    fn state(breakers: &Breakers) -> BreakerState {
        breakers.status().first().unwrap().state
    }

    #[tokio::test(start_paused = true)]
    async fn opens_after_five_failures_in_a_row_and_says_for_how_long() {
        let origin = origin("https://a.example");
        let breakers = opened(&origin);
        advance(Duration::from_secs(20)).await;
        let Err(refusal) = breakers.admit(&origin) else { panic!("admitted") };
        assert_eq!(refusal.code(), "circuit-open");
        assert_eq!(refusal.retry_in(), Some(Duration::from_secs(40)));
        assert!(refusal.retryable());
        assert_eq!(state(&breakers), BreakerState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_between_failures_starts_the_count_again() {
        let origin = origin("https://a.example");
        let breakers = breakers();
        for _ in 0..4 {
            breakers.admit(&origin).unwrap().failed();
        }
        breakers.admit(&origin).unwrap().succeeded();
        breakers.admit(&origin).unwrap().failed();
        assert!(breakers.admit(&origin).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn lets_one_probe_through_and_closes_when_it_succeeds() {
        let origin = origin("https://a.example");
        let breakers = opened(&origin);
        advance(Duration::from_mins(1)).await;
        assert_eq!(state(&breakers), BreakerState::HalfOpen);
        let probe = breakers.admit(&origin).unwrap();
        assert!(breakers.admit(&origin).is_err());
        probe.succeeded();
        assert_eq!(state(&breakers), BreakerState::Closed);
        assert!(breakers.admit(&origin).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_probe_opens_it_for_another_minute() {
        let origin = origin("https://a.example");
        let breakers = opened(&origin);
        advance(Duration::from_mins(1)).await;
        breakers.admit(&origin).unwrap().failed();
        advance(Duration::from_secs(59)).await;
        assert!(breakers.admit(&origin).is_err());
        advance(Duration::from_secs(1)).await;
        assert!(breakers.admit(&origin).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_given_up_leaves_its_place_to_the_next() {
        let origin = origin("https://a.example");
        let breakers = opened(&origin);
        advance(Duration::from_mins(1)).await;
        drop(breakers.admit(&origin).unwrap());
        assert!(breakers.admit(&origin).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_success_does_not_close_an_open_circuit() {
        let origin = origin("https://a.example");
        let breakers = breakers();
        let late = breakers.admit(&origin).unwrap();
        for _ in 0..5 {
            breakers.admit(&origin).unwrap().failed();
        }
        late.succeeded();
        assert!(breakers.admit(&origin).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn one_destination_does_not_open_another() {
        let broken = origin("https://a.example");
        let breakers = opened(&broken);
        assert!(breakers.admit(&origin("https://b.example")).is_ok());
        assert!(breakers.admit(&origin("https://a.example:8443")).is_ok());
    }
}
