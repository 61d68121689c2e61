//! Which release of each shard serves? Pure: what lies where goes in, and out comes who serves and who is refused.
//!
//! The answer follows from what lies there now, what served before and the highest version recorded, never from the order
//! in which files arrived:
//!
//! - The highest version serves. Of two places with the same version, the installed one, then the first file by name.
//! - A version below the highest ever seen never serves, unless the operator pinned it: an attacker who can delete the
//!   newest file must not bring back an old hole.
//! - A place whose new contents are refused goes on serving its old ones: a bad file changes nothing. But contents that
//!   are refused without having changed (the operator withdrew trust) serve no longer.

use std::collections::BTreeMap;
use std::ffi::OsString;

use nexus_package::{Digest, Package, ShardName, Version};

/// Where a component lies. The order decides between equal versions.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Origin {
    /// In the store, recorded in the lockfile under this name.
    Installed(ShardName),
    /// In the drop-in folder, under this file name, which nobody has checked.
    File(OsString),
}

/// What a verified component claims to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Release {
    pub(super) name: ShardName,
    pub(super) version: Version,
    pub(super) digest: Digest,
    /// Tells two statements about the same bytes apart: they may carry different manifests.
    pub(super) statement: Option<Digest>,
}

impl Release {
    pub(super) fn of(package: &Package) -> Self {
        Self {
            name: package.name().clone(),
            version: package.version().clone(),
            digest: package.digest(),
            statement: package.statement_digest(),
        }
    }
}

/// Why a place does not serve.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) reason: String,
}

/// What a place was found to hold. `M` is how it looked then.
#[derive(Clone, Debug)]
pub(super) struct Content<M> {
    pub(super) mark: M,
    pub(super) outcome: Result<Release, Refusal>,
}

/// A release that serves, and where it came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Served<M> {
    pub(super) origin: Origin,
    pub(super) mark: M,
    pub(super) release: Release,
}

/// Who serves and who is refused.
#[derive(Debug)]
pub(super) struct Verdict<M> {
    pub(super) serve: BTreeMap<ShardName, Served<M>>,
    pub(super) refuse: BTreeMap<Origin, Refusal>,
}

/// Decides between `contents`, given what has `served` until now and the `highest` version seen of a name, below which
/// nothing may go.
///
/// `keep_replaced` is false when trust has changed: what served on although its bytes are gone cannot be judged anew, and
/// is given up rather than trusted blindly.
pub(super) fn arbitrate<'a, M: Clone + PartialEq>(
    contents: &'a BTreeMap<Origin, Content<M>>,
    served: &'a BTreeMap<ShardName, Served<M>>,
    highest: impl Fn(&ShardName) -> Option<&'a Version>,
    keep_replaced: bool,
) -> Verdict<M> {
    let too_low = |release: &Release| highest(&release.name).is_some_and(|highest| release.version < *highest);
    let mut serve: BTreeMap<ShardName, Served<M>> = BTreeMap::new();
    let mut offer = |candidate: Served<M>| {
        let name = candidate.release.name.clone();
        // Strictly higher: candidates come in the order of their places, so the first of equals stays.
        if serve.get(&name).is_none_or(|best| best.release.version < candidate.release.version) {
            serve.insert(name, candidate);
        }
    };
    for (origin, content) in contents {
        match &content.outcome {
            Ok(release) if !too_low(release) => {
                offer(Served { origin: origin.clone(), mark: content.mark.clone(), release: release.clone() });
            }
            _ => served
                .values()
                .filter(|old| keep_replaced && old.origin == *origin && old.mark != content.mark)
                .for_each(|old| offer(old.clone())),
        }
    }
    let refuse = contents.iter().filter_map(|(origin, content)| {
        let refusal = match &content.outcome {
            Err(refusal) => Some(refusal.clone()),
            Ok(release) => lost(origin, release, serve.get(&release.name)),
        };
        Some((origin.clone(), refusal?))
    });
    let refuse = refuse.collect();
    Verdict { serve, refuse }
}

/// Why the verified `release` at `origin` does not serve, when it does not.
fn lost<M>(origin: &Origin, release: &Release, winner: Option<&Served<M>>) -> Option<Refusal> {
    let Release { name, version, .. } = release;
    let (code, reason) = match winner {
        Some(winner) if winner.release.digest == release.digest => return None,
        Some(winner) if winner.origin != *origin && winner.release.version > *version => (
            "superseded",
            format!("{name} {winning} is here too and serves; remove one of the two", winning = winner.release.version),
        ),
        Some(winner) if winner.origin != *origin && winner.release.version == *version => (
            "version-conflict",
            format!("{name} {version} is here twice with different contents; remove one or raise its version"),
        ),
        _ => (
            "rollback",
            format!(
                "{name} {version} is older than a version that has already served here; to go back on purpose, pin it with \
                 `nexus trust pin`"
            ),
        ),
    };
    Some(Refusal { code, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Contents = BTreeMap<Origin, Content<u8>>;

    fn file(name: &str) -> Origin {
        Origin::File(name.into())
    }

    fn release(name: &str, version: &str, bytes: &str) -> Release {
        Release {
            name: name.parse().unwrap(),
            version: version.parse().unwrap(),
            digest: Digest::of(bytes.as_bytes()),
            statement: None,
        }
    }

    fn valid(mark: u8, release: Release) -> Content<u8> {
        Content { mark, outcome: Ok(release) }
    }

    fn bad(mark: u8) -> Content<u8> {
        Content { mark, outcome: Err(Refusal { code: "digest-mismatch", reason: "tampered".to_owned() }) }
    }

    /// Decides as the task does: what is decided becomes what served and what was seen.
    #[derive(Default)]
    struct Host {
        contents: Contents,
        served: BTreeMap<ShardName, Served<u8>>,
        highest: BTreeMap<ShardName, Version>,
    }

    impl Host {
        fn decide(&mut self) -> BTreeMap<Origin, &'static str> {
            let verdict = arbitrate(&self.contents, &self.served, |name| self.highest.get(name), true);
            self.served = verdict.serve;
            for (name, served) in &self.served {
                let seen = self.highest.entry(name.clone()).or_insert_with(|| served.release.version.clone());
                *seen = seen.clone().max(served.release.version.clone());
            }
            verdict.refuse.into_iter().map(|(origin, refusal)| (origin, refusal.code)).collect()
        }

        fn put(&mut self, name: &str, content: Content<u8>) -> BTreeMap<Origin, &'static str> {
            self.contents.insert(file(name), content);
            self.decide()
        }

        fn serving(&self) -> Vec<String> {
            self.served.values().map(|served| format!("{} {}", served.release.name, served.release.version)).collect()
        }
    }

    #[test]
    fn the_highest_version_serves_whatever_came_first() {
        let one = || valid(1, release("a:x", "1.9.0", "one"));
        let two = || valid(1, release("a:x", "1.10.0", "two"));
        let mut rising = Host::default();
        assert!(rising.put("one", one()).is_empty());
        let refused = rising.put("two", two());
        let mut falling = Host::default();
        assert!(falling.put("two", two()).is_empty());
        assert_eq!(falling.put("one", one()), refused);
        assert_eq!(refused, [(file("one"), "superseded")].into());
        assert_eq!(
            (rising.serving(), falling.serving()),
            (vec!["a:x 1.10.0".to_owned()], vec!["a:x 1.10.0".to_owned()])
        );
    }

    #[test]
    fn removing_the_newest_does_not_bring_back_an_old_one() {
        let mut host = Host::default();
        host.put("one", valid(1, release("a:x", "1.0.0", "one")));
        host.put("two", valid(1, release("a:x", "2.0.0", "two")));
        host.contents.remove(&file("two"));
        assert_eq!(host.decide(), [(file("one"), "rollback")].into());
        assert!(host.serving().is_empty());
        // As when the operator pins it.
        host.highest.clear();
        assert!(host.decide().is_empty());
        assert_eq!(host.serving(), ["a:x 1.0.0"]);
    }

    #[test]
    fn equal_versions_are_decided_by_place() {
        let mut host = Host::default();
        host.put("b", valid(1, release("a:x", "1.0.0", "b")));
        // The same bytes twice are no conflict.
        assert!(host.put("c", valid(1, release("a:x", "1.0.0", "b"))).is_empty());
        assert_eq!(host.put("a", valid(1, release("a:x", "1.0.0", "a"))).len(), 2);
        let installed = Origin::Installed("a:x".parse().unwrap());
        host.contents.insert(installed.clone(), valid(1, release("a:x", "1.0.0", "installed")));
        let refused = host.decide();
        assert_eq!(host.served.values().next().unwrap().origin, installed);
        assert_eq!(refused.values().collect::<Vec<_>>(), ["version-conflict"; 3].iter().collect::<Vec<_>>());
    }

    #[test]
    fn a_bad_file_changes_nothing_and_a_removed_one_serves_no_more() {
        let mut host = Host::default();
        host.put("x", valid(1, release("a:x", "1.0.0", "one")));
        assert_eq!(host.put("x", bad(2)), [(file("x"), "digest-mismatch")].into());
        assert_eq!(host.serving(), ["a:x 1.0.0"]);
        // An older release in its place is as bad.
        assert_eq!(host.put("x", valid(3, release("a:x", "0.9.0", "old"))), [(file("x"), "rollback")].into());
        assert_eq!(host.serving(), ["a:x 1.0.0"]);
        assert!(host.put("x", valid(4, release("a:x", "1.1.0", "two"))).is_empty());
        assert_eq!(host.serving(), ["a:x 1.1.0"]);
        host.put("x", bad(5));
        host.contents.clear();
        host.decide();
        assert!(host.serving().is_empty());
    }

    #[test]
    fn a_rebuild_of_the_same_version_in_the_same_place_serves() {
        let mut host = Host::default();
        host.put("x", valid(1, release("a:x", "0.1.0", "one")));
        assert!(host.put("x", valid(2, release("a:x", "0.1.0", "two"))).is_empty());
        assert_eq!(host.served.values().next().unwrap().release.digest, Digest::of(b"two"));
    }

    #[test]
    fn what_is_no_longer_trusted_serves_no_more() {
        let mut host = Host::default();
        host.put("x", valid(1, release("a:x", "1.0.0", "one")));
        // The same bytes, now denied.
        host.put("x", bad(1));
        assert!(host.serving().is_empty());
        // Served on after a bad overwrite, and then denied.
        host.put("x", valid(2, release("a:x", "1.0.0", "one")));
        host.put("x", bad(3));
        assert_eq!(host.serving(), ["a:x 1.0.0"]);
        let verdict = arbitrate(&host.contents, &host.served, |_| None, false);
        assert!(verdict.serve.is_empty());
    }

    #[test]
    fn a_file_that_becomes_another_shard_takes_the_old_one_along() {
        let mut host = Host::default();
        host.put("x", valid(1, release("a:x", "1.0.0", "one")));
        host.put("x", valid(2, release("a:y", "1.0.0", "two")));
        assert_eq!(host.serving(), ["a:y 1.0.0"]);
    }
}
