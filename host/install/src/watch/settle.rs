//! When is a file finished? Pure: looks go in with their times, and out comes what may be acted on.
//!
//! A copy takes its time, and a component and its statement arrive one after the other. So a file is acted on only when it
//! has looked the same for a moment ([`STILL`]), and refused only when it has looked the same for longer ([`PATIENCE`]), in
//! which time the other half may arrive. A file that never comes to rest is never acted on: that is its writer's doing,
//! and costs nobody else anything.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// How long a file looks the same before it is acted on.
pub(super) const STILL: Duration = Duration::from_millis(150);
/// How long a file looks the same before it is refused.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// What is known of every place that holds, or held, a component. `M` is how a place looked; `None` is "nothing there".
#[derive(Debug)]
pub(super) struct Settling<K, M> {
    places: BTreeMap<K, Place<M>>,
}

#[derive(Debug)]
struct Place<M> {
    seen: Option<M>,
    since: Instant,
    due: Option<Instant>,
}

impl<K: Ord + Clone, M: PartialEq + Clone> Settling<K, M> {
    pub(super) fn new() -> Self {
        Self { places: BTreeMap::new() }
    }

    /// Takes in how everything looks at `now`; what differs from before is due after `still`.
    pub(super) fn look(&mut self, mut seen: BTreeMap<K, M>, now: Instant, still: Duration) {
        for (key, place) in &mut self.places {
            let seen = seen.remove(key);
            if place.seen != seen {
                *place = Place { seen, since: now, due: Some(now + still) };
            }
        }
        for (key, mark) in seen {
            self.places.insert(key, Place { seen: Some(mark), since: now, due: Some(now + still) });
        }
    }

    /// Takes out what is due at `now`. Each is handed out once, until it changes or is [postponed](Self::postpone). A
    /// place that has been empty for long enough is forgotten by being handed out.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(K, Option<M>)> {
        let mut ready = Vec::new();
        self.places.retain(|key, place| {
            if place.due.is_none_or(|due| due > now) {
                return true;
            }
            place.due = None;
            ready.push((key.clone(), place.seen.clone()));
            place.seen.is_some()
        });
        ready
    }

    /// Puts `key`, which would be refused, off until it has been still for long enough. False when it has been.
    pub(super) fn postpone(&mut self, key: &K, now: Instant) -> bool {
        match self.places.get_mut(key) {
            Some(place) if place.since + PATIENCE > now => {
                place.due = Some(place.since + PATIENCE);
                true
            }
            _ => false,
        }
    }

    /// Makes `key` due at `then`, if it is still there.
    pub(super) fn due_at(&mut self, key: &K, then: Instant) {
        if let Some(place) = self.places.get_mut(key) {
            place.due = Some(then);
        }
    }

    /// When something is next due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.places.values().filter_map(|place| place.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn seen(places: &[(&'static str, u8)]) -> BTreeMap<&'static str, u8> {
        places.iter().copied().collect()
    }

    fn settling() -> (Settling<&'static str, u8>, Instant) {
        (Settling::new(), Instant::now())
    }

    #[test]
    fn hands_out_what_has_been_still_and_hands_it_out_once() {
        let (mut settling, start) = settling();
        settling.look(seen(&[("a", 1)]), start, STILL);
        settling.look(seen(&[("a", 1)]), start + 100 * MS, STILL);
        assert!(settling.due(start + 149 * MS).is_empty());
        assert_eq!(settling.next(), Some(start + STILL));
        assert_eq!(settling.due(start + STILL), [("a", Some(1))]);
        assert!(settling.due(start + 300 * MS).is_empty());
        assert_eq!(settling.next(), None);
    }

    #[test]
    fn a_file_that_keeps_growing_is_not_handed_out_and_delays_no_other() {
        let (mut settling, start) = settling();
        for step in 0..20_u8 {
            settling.look(seen(&[("grows", step), ("still", 0)]), start + u32::from(step) * 100 * MS, STILL);
        }
        let ready = settling.due(start + 1950 * MS);
        assert_eq!(ready, [("still", Some(0))]);
    }

    #[test]
    fn a_gap_shorter_than_a_moment_is_no_removal() {
        let (mut settling, start) = settling();
        settling.look(seen(&[("a", 1)]), start, Duration::ZERO);
        assert_eq!(settling.due(start), [("a", Some(1))]);
        settling.look(seen(&[]), start + 10 * MS, STILL);
        settling.look(seen(&[("a", 2)]), start + 100 * MS, STILL);
        assert!(settling.due(start + 200 * MS).is_empty());
        assert_eq!(settling.due(start + 250 * MS), [("a", Some(2))]);
        settling.look(seen(&[]), start + 300 * MS, STILL);
        assert_eq!(settling.due(start + 450 * MS), [("a", None)]);
        assert!(settling.due(start + 900 * MS).is_empty());
    }

    #[test]
    fn what_would_be_refused_is_put_off_once_and_a_change_starts_anew() {
        let (mut settling, start) = settling();
        settling.look(seen(&[("a", 1)]), start, STILL);
        settling.due(start + STILL);
        assert!(settling.postpone(&"a", start + STILL));
        assert!(settling.due(start + 999 * MS).is_empty());
        settling.look(seen(&[("a", 2)]), start + 999 * MS, STILL);
        assert!(settling.due(start + 1000 * MS).is_empty());
        assert_eq!(settling.due(start + 1149 * MS), [("a", Some(2))]);
        assert!(settling.postpone(&"a", start + 1149 * MS));
        assert_eq!(settling.due(start + 1999 * MS), [("a", Some(2))]);
        assert!(!settling.postpone(&"a", start + 1999 * MS));
    }
}
