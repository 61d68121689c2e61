//! The task behind a watch: look, let settle, inspect, decide, tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nexus_package::{Digest, Package, ShardName, TrustPolicy, Verified};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::StartError;
use super::arbiter::{Content, Origin, Refusal, Release, Served, arbitrate};
use super::event::Event;
use super::listing::{self, FileMark, Listing, MOST_FILES, Stamp, WatchError};
use super::notice::Notices;
use super::settle::{STILL, Settling};
use crate::home::TRUST_FILE;
use crate::{InstallError, Installer, Locked, LockfileError};

/// How often everything is looked at without being asked to.
const RESCAN: Duration = Duration::from_secs(2);
/// How long to gather notifications before looking: a copy brings hundreds.
const GATHER: Duration = Duration::from_millis(20);
/// When to try again what failed for a reason that may pass, such as a full disk.
const RETRY: Duration = Duration::from_secs(2);

/// What settles before it is acted on. The policy comes first, so that components are judged by the new one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Spot {
    Trust,
    Component(Origin),
}

/// How a spot looked.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Mark {
    Trust(Stamp),
    File(FileMark),
    Installed(Digest, Digest),
}

/// One look at everything.
struct Look {
    listing: Result<Listing, WatchError>,
    locked: Result<Locked, LockfileError>,
    trust: Option<Stamp>,
}

pub(super) struct Task {
    installer: Arc<Installer>,
    shards: PathBuf,
    events: mpsc::Sender<Event>,
    woken: mpsc::Receiver<()>,
    notices: Notices,
    /// What was read last, and stays in force while it cannot be read again.
    listing: Listing,
    locked: Locked,
    policy: Arc<TrustPolicy>,
    policy_changed: bool,
    settling: Settling<Spot, Mark>,
    contents: BTreeMap<Origin, Content<Mark>>,
    served: BTreeMap<ShardName, Served<Mark>>,
    /// What has been told, so that it is told once.
    refused: BTreeMap<Origin, (Option<Mark>, Refusal)>,
    troubles: BTreeMap<&'static str, String>,
}

/// The host is gone, or the runtime is shutting down: there is nobody left to tell.
struct Ended;

impl Task {
    pub(super) fn new(
        installer: Arc<Installer>,
        shards: &Path,
        events: mpsc::Sender<Event>,
    ) -> Result<Self, StartError> {
        let (wake, woken) = mpsc::channel(1);
        // Before the first look, so that nothing falls between the two.
        let notices = Notices::new(vec![shards.to_path_buf(), installer.home().path().to_path_buf()], wake);
        let listing = listing::list(shards)?;
        let mut settling = Settling::new();
        let trust = listing::stamp(installer.home().dir(), TRUST_FILE).map(|stamp| (Spot::Trust, Mark::Trust(stamp)));
        settling.look(trust.into_iter().collect(), Instant::now(), Duration::ZERO);
        // Taken in at once, or the first look would find the policy changed and have everything judged twice.
        settling.due(Instant::now());
        let policy = Arc::new(installer.trust().read().map_err(InstallError::from)?);
        let locked = installer.lockfile().read().map_err(InstallError::from)?;
        Ok(Self {
            shards: shards.to_path_buf(),
            events,
            woken,
            notices,
            listing,
            locked,
            policy,
            policy_changed: false,
            settling,
            contents: BTreeMap::new(),
            served: BTreeMap::new(),
            refused: BTreeMap::new(),
            troubles: BTreeMap::new(),
            installer,
        })
    }

    /// Runs until the host drops the watch.
    pub(super) async fn run(mut self) {
        if let Err(Ended) = self.watch().await {
            tracing::debug!("the watch has ended");
        }
    }

    async fn watch(&mut self) -> Result<(), Ended> {
        // At the start nobody is waiting for a copy to finish, and everybody for the host.
        self.look(Duration::ZERO).await?;
        self.settle(false).await?;
        self.tell(Event::Scanned).await?;
        loop {
            let rescan = Instant::now() + RESCAN;
            let next = self.settling.next().map_or(rescan, |due| due.min(rescan));
            tokio::select! {
                _ = self.woken.recv() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep_until(next) => {}
            }
            self.look(STILL).await?;
            self.settle(true).await?;
        }
    }

    /// Looks at everything; what differs from before is due after `still`.
    async fn look(&mut self, still: Duration) -> Result<(), Ended> {
        let (installer, shards) = (Arc::clone(&self.installer), self.shards.clone());
        let look = blocking(move || Look {
            listing: listing::list(&shards),
            locked: installer.lockfile().read(),
            trust: listing::stamp(installer.home().dir(), TRUST_FILE),
        })
        .await?;
        let mut troubles = BTreeMap::new();
        match look.listing {
            Ok(listing) => {
                if listing.folder != self.listing.folder {
                    self.notices.renew();
                }
                if listing.overflows {
                    let reason = format!(
                        "the shards folder {} holds more than {MOST_FILES} components; those after the first {MOST_FILES} by \
                         name are left out",
                        self.shards.display()
                    );
                    troubles.insert("too-many-files", reason);
                }
                self.listing = listing;
            }
            Err(error) => {
                troubles.insert(error.code(), error.to_string());
                // Gone is gone; but what only cannot be read now is still there as far as anybody knows.
                if matches!(error, WatchError::Missing(_)) {
                    self.listing = Listing::default();
                }
            }
        }
        match look.locked {
            Ok(locked) => self.locked = locked,
            Err(error) => {
                troubles.insert(error.code(), error.to_string());
            }
        }
        let files = self.listing.files.iter();
        let files = files.map(|(name, mark)| (Origin::File(name.clone()), Mark::File(mark.clone())));
        let installed = self.locked.installed().map(|(name, installed)| {
            (Origin::Installed(name.clone()), Mark::Installed(installed.digest, installed.statement))
        });
        let components = files.chain(installed).map(|(origin, mark)| (Spot::Component(origin), mark));
        let trust = look.trust.map(|stamp| (Spot::Trust, Mark::Trust(stamp)));
        self.settling.look(components.chain(trust).collect(), Instant::now(), still);
        self.report(troubles).await
    }

    /// Acts on what has settled. `patient` puts off what would be refused, in case its other half is on its way.
    async fn settle(&mut self, patient: bool) -> Result<(), Ended> {
        let mut acted = false;
        loop {
            let due = self.settling.due(Instant::now());
            if due.is_empty() {
                break;
            }
            acted = true;
            for (spot, mark) in due {
                match (spot, mark) {
                    (Spot::Trust, _) => self.read_policy().await?,
                    (Spot::Component(origin), None) => {
                        self.contents.remove(&origin);
                    }
                    (Spot::Component(origin), Some(mark)) => {
                        let outcome = self.inspect(&origin).await?.map(|package| Release::of(&package));
                        let spot = Spot::Component(origin.clone());
                        // When trust has changed, nothing may serve on for even a second that is no longer trusted.
                        let wait = outcome.is_err() && patient && !self.policy_changed;
                        if !(wait && self.settling.postpone(&spot, Instant::now())) {
                            self.contents.insert(origin, Content { mark, outcome });
                        }
                    }
                }
            }
        }
        if acted { self.decide().await } else { Ok(()) }
    }

    /// Takes the trust policy in and has everything judged anew. While it cannot be read, the last one stays in force.
    async fn read_policy(&mut self) -> Result<(), Ended> {
        let installer = Arc::clone(&self.installer);
        match blocking(move || installer.trust().read()).await? {
            Ok(policy) => {
                self.policy = Arc::new(policy);
                self.policy_changed = true;
                for origin in self.contents.keys() {
                    self.settling.due_at(&Spot::Component(origin.clone()), Instant::now());
                }
                Ok(())
            }
            Err(error) => self.tell(Event::Trouble { code: error.code(), reason: error.to_string() }).await,
        }
    }

    /// Verifies what lies at `origin`, leaving aside how it compares with other versions: that is the arbiter's business.
    async fn inspect(&self, origin: &Origin) -> Result<Result<Verified<Package>, Refusal>, Ended> {
        let (installer, policy) = (Arc::clone(&self.installer), Arc::clone(&self.policy));
        let inspected = match origin {
            Origin::File(name) => {
                let path = self.shards.join(name);
                blocking(move || installer.inspect_file(&path, &policy, &|_| None)).await?
            }
            Origin::Installed(name) => {
                let name = name.clone();
                match self.locked.get(&name).and_then(|entry| entry.installed.clone()) {
                    Some(installed) => {
                        blocking(move || installer.inspect_installed(&name, &installed, &policy, &|_| None)).await?
                    }
                    None => Err(InstallError::NotInstalled(name)),
                }
            }
        };
        Ok(inspected.map_err(|error| Refusal { code: error.code(), reason: error.to_string() }))
    }

    /// Decides who serves, and tells the host what has changed.
    async fn decide(&mut self) -> Result<(), Ended> {
        let trust_stands = !std::mem::take(&mut self.policy_changed);
        let (policy, locked) = (&self.policy, &self.locked);
        let is_pinned = |name: &ShardName| policy.pins().iter().any(|pin| pin.shard == *name);
        // A pinned release is the one that the policy names, or it would have been refused; it may be an old one.
        let highest = |name: &ShardName| locked.highest_seen(name).filter(|_| !is_pinned(name));
        let verdict = arbitrate(&self.contents, &self.served, highest, trust_stands);
        let mut before = std::mem::take(&mut self.served);
        let mut refuse = verdict.refuse;
        for (name, next) in verdict.serve {
            let old = before.remove(&name);
            // The same release in the store instead of the folder may do more: its operator has agreed to it.
            if old.as_ref().is_some_and(|old| old.release == next.release && is_installed(old) == is_installed(&next)) {
                self.served.insert(name, next);
                continue;
            }
            match self.load(&next).await? {
                Ok(package) => {
                    let path = self.path(&next.origin, Some(&next.mark));
                    let event = match old {
                        Some(_) => Event::Changed { package, path },
                        None => Event::Appeared { package, path },
                    };
                    self.tell(event).await?;
                    self.served.insert(name, next);
                }
                Err(refusal) => {
                    self.settling.due_at(&Spot::Component(next.origin.clone()), Instant::now() + RETRY);
                    refuse.extend(refusal.map(|refusal| (next.origin, refusal)));
                    // A new one that fails changes nothing, unless trust in the old one may be what has changed.
                    match old {
                        Some(old) if trust_stands => {
                            self.served.insert(name, old);
                        }
                        Some(old) => {
                            before.insert(name, old);
                        }
                        None => {}
                    }
                }
            }
        }
        for (name, old) in before {
            let path = self.path(&old.origin, Some(&old.mark));
            self.tell(Event::Removed { name, path }).await?;
        }
        self.refuse(refuse).await
    }

    /// Reads and verifies once more what is to serve, and records its version. Keeping every package from its inspection
    /// to the decision would hold a whole folder in memory.
    ///
    /// The inner error is nothing when the file has changed in between: then the next look finds it.
    async fn load(&mut self, next: &Served<Mark>) -> Result<Result<Verified<Package>, Option<Refusal>>, Ended> {
        let package = match self.inspect(&next.origin).await? {
            Ok(package) if Release::of(&package) == next.release => package,
            Ok(_) => return Ok(Err(None)),
            Err(refusal) => return Ok(Err(Some(refusal))),
        };
        let Release { name, version, .. } = next.release.clone();
        // An unsigned local build is nobody's release: it must not stand in the way of signed ones.
        if package.publisher().is_none() || self.locked.highest_seen(&name).is_some_and(|seen| *seen >= version) {
            return Ok(Ok(package));
        }
        let (installer, observed) = (Arc::clone(&self.installer), (name.clone(), version.clone()));
        let recorded = blocking(move || installer.lockfile().observe(&observed.0, &observed.1)).await?;
        Ok(match recorded {
            Ok(()) => {
                self.locked.raise(&name, &version);
                Ok(package)
            }
            Err(error) => Err(Some(Refusal { code: error.code(), reason: error.to_string() })),
        })
    }

    /// Tells what is refused and has not been told yet.
    async fn refuse(&mut self, refuse: BTreeMap<Origin, Refusal>) -> Result<(), Ended> {
        let mut told = BTreeMap::new();
        for (origin, refusal) in refuse {
            let mark = self.contents.get(&origin).map(|content| content.mark.clone());
            let path = self.path(&origin, mark.as_ref());
            let Refusal { code, reason } = refusal.clone();
            if self.refused.get(&origin) != Some(&(mark.clone(), refusal.clone())) {
                self.tell(Event::Refused { path, code, reason }).await?;
            }
            told.insert(origin, (mark, refusal));
        }
        self.refused = told;
        Ok(())
    }

    /// Tells what cannot be read and has not been told yet.
    async fn report(&mut self, troubles: BTreeMap<&'static str, String>) -> Result<(), Ended> {
        for (&code, reason) in &troubles {
            if self.troubles.get(code) != Some(reason) {
                self.tell(Event::Trouble { code, reason: reason.clone() }).await?;
            }
        }
        self.troubles = troubles;
        Ok(())
    }

    async fn tell(&self, event: Event) -> Result<(), Ended> {
        self.events.send(event).await.map_err(|_| Ended)
    }

    fn path(&self, origin: &Origin, mark: Option<&Mark>) -> PathBuf {
        match (origin, mark) {
            (Origin::File(name), _) => self.shards.join(name),
            (Origin::Installed(_), Some(Mark::Installed(digest, _))) => self.installer.component(digest),
            (Origin::Installed(_), _) => self.installer.home().store_dir(),
        }
    }
}

fn is_installed(served: &Served<Mark>) -> bool {
    matches!(served.origin, Origin::Installed(_))
}

/// Runs `work`, which blocks, off the reactor.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Ended> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => Err(Ended),
        },
    }
}
