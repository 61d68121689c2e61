//! From latencies to the few figures that are shown.

use std::time::Duration;

/// The figures of one run, or the medians of several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    /// Calls a second, of all connections together.
    pub(crate) rate: f64,
    /// Half of the calls took at most this many microseconds.
    pub(crate) p50: f64,
    /// 99 of 100 calls took at most this many microseconds.
    pub(crate) p99: f64,
}

impl Figures {
    /// The figures of a run that took `elapsed` and had calls of these `latencies`.
    pub(crate) fn of(mut latencies: Vec<Duration>, elapsed: Duration) -> Self {
        latencies.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "nobody makes 2^52 calls")]
        let calls = latencies.len() as f64;
        Self {
            rate: calls / elapsed.as_secs_f64(),
            p50: percentile(&latencies, 50).as_secs_f64() * 1e6,
            p99: percentile(&latencies, 99).as_secs_f64() * 1e6,
        }
    }

    /// The median of each figure by itself.
    pub(crate) fn median(runs: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(runs.iter().map(figure).collect());
        Self { rate: of(|run| run.rate), p50: of(|run| run.p50), p99: of(|run| run.p99) }
    }
}

/// The median of what `part` is of `whole`, turn by turn: a slow moment of the machine hits both and cancels out.
pub(crate) fn ratio(part: &[Figures], whole: &[Figures], figure: fn(&Figures) -> f64) -> f64 {
    median(part.iter().zip(whole).map(|(part, whole)| figure(part) / figure(whole)).collect())
}

/// The smallest of the sorted values that is not below `percent` of them (the nearest rank). Zero when there are none.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The middle value, or the mean of the two in the middle. Not a number when there are none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { middle(half) } else { f64::midpoint(middle(half.wrapping_sub(1)), middle(half)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(all: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        all.into_iter().map(Duration::from_millis).collect()
    }

    fn rates(all: &[f64]) -> Vec<Figures> {
        all.iter().map(|&rate| Figures { rate, p50: 1.0, p99: 2.0 }).collect()
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let hundred = milliseconds(1..=100);
        assert_eq!(percentile(&hundred, 50), Duration::from_millis(50));
        assert_eq!(percentile(&hundred, 99), Duration::from_millis(99));
        assert_eq!(percentile(&milliseconds(1..=3), 50), Duration::from_millis(2));
        assert_eq!(percentile(&milliseconds(1..=3), 99), Duration::from_millis(3));
        assert_eq!(percentile(&milliseconds([7]), 50), Duration::from_millis(7));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }

    #[test]
    fn latencies_need_no_order() {
        let figures = Figures::of(milliseconds([3, 1, 2]), Duration::from_millis(6));
        assert!((figures.rate - 500.0).abs() < 1e-9, "{figures:?}");
        assert!((figures.p50 - 2000.0).abs() < 1e-9, "{figures:?}");
        assert!((figures.p99 - 3000.0).abs() < 1e-9, "{figures:?}");
    }

    #[test]
    fn one_odd_run_does_not_move_a_median() {
        assert!((Figures::median(&rates(&[10.0, 1000.0, 11.0])).rate - 11.0).abs() < 1e-9);
        assert!((Figures::median(&rates(&[10.0, 20.0])).rate - 15.0).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn a_ratio_compares_what_ran_at_the_same_time() {
        // The machine was ten times slower in the second turn, for both.
        let (shard, native) = (rates(&[90.0, 9.0, 80.0]), rates(&[100.0, 10.0, 100.0]));
        assert!((ratio(&shard, &native, |run| run.rate) - 0.9).abs() < 1e-9);
    }
}
