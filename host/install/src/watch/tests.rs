//! The watch with real folders, real files and real time. Nothing sleeps: a test waits for what is to be told, and shows
//! that something is *not* told by causing something else that is.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nexus_package::{Denial, DenyTarget, SecretKey, ShardName, Timestamp};
use tokio::time::{Instant, timeout};

use super::{Event, Watch};
use crate::fixture::{Fixture, Release, beside, manifest, publisher};
use crate::{Capabilities, Consent, Home, Installer, Removal};

/// Far more than anything here takes: it turns a hang into a failure.
const LONG: Duration = Duration::from_secs(30);

struct Host {
    fixture: Fixture,
    watch: Watch,
}

impl Host {
    /// A watch over an empty folder.
    async fn empty() -> Self {
        let mut host = Self::start(Fixture::new());
        assert_eq!(host.next().await, "scanned");
        host
    }

    fn start(fixture: Fixture) -> Self {
        let watch = Watch::start(Arc::clone(&fixture.installer), &fixture.shards()).unwrap();
        Self { fixture, watch }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.fixture.shards().join(file)
    }

    fn put(&self, file: &str, version: &str, contents: &str) {
        self.fixture.release("acme:weather", version, contents).put(&self.path(file));
    }

    async fn event(&mut self) -> Event {
        timeout(LONG, self.watch.next()).await.expect("nothing was told").expect("the watch has ended")
    }

    /// The next event in a line.
    async fn next(&mut self) -> String {
        let file = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        match self.event().await {
            Event::Appeared { package, path } => {
                format!("appeared {} {} in {}", package.name(), package.version(), file(&path))
            }
            Event::Changed { package, path } => {
                format!("changed {} {} in {}", package.name(), package.version(), file(&path))
            }
            Event::Removed { name, path } => format!("removed {name} in {}", file(&path)),
            Event::Refused { path, code, .. } => format!("refused {}: {code}", file(&path)),
            Event::Trouble { code, .. } => format!("trouble: {code}"),
            Event::Scanned => "scanned".to_owned(),
        }
    }

    /// The next `N` events, whose order among themselves does not matter, sorted.
    async fn next_of<const N: usize>(&mut self) -> [String; N] {
        let mut lines = [const { String::new() }; N];
        for line in &mut lines {
            *line = self.next().await;
        }
        lines.sort();
        lines
    }

    /// Shows that nothing else has been told: the next thing is what a new file causes.
    async fn quiet(&mut self) {
        self.fixture.release("acme:bell", "1.0.0", "bell").put(&self.path("bell.wasm"));
        assert_eq!(self.next().await, "appeared acme:bell 1.0.0 in bell.wasm");
    }
}

fn weather() -> ShardName {
    "acme:weather".parse().unwrap()
}

#[tokio::test]
async fn tells_everything_there_is_and_then_that_it_has() {
    let fixture = Fixture::new();
    let path = fixture.shards().join("maps.wasm");
    fixture.release("acme:maps", "1.0.0", "maps").put(&path);
    let package = fixture.installer.verify_file(&path).unwrap();
    fixture.installer.store(&package, Consent::to(&Capabilities::of(package.manifest()))).unwrap();
    std::fs::remove_file(&path).unwrap();
    fixture.release("acme:weather", "1.0.0", "old").put(&fixture.shards().join("a.wasm"));
    fixture.release("acme:weather", "1.1.0", "new").put(&fixture.shards().join("b.wasm"));
    std::fs::write(fixture.shards().join("bad.wasm"), "unsigned").unwrap();
    std::fs::write(fixture.shards().join(".hidden.wasm"), "unsigned").unwrap();
    let mut host = Host::start(fixture);
    assert_eq!(
        host.next_of().await,
        [
            "appeared acme:maps 1.0.0 in component.wasm",
            "appeared acme:weather 1.1.0 in b.wasm",
            "refused a.wasm: superseded",
            "refused bad.wasm: unsigned",
        ]
    );
    assert_eq!(host.next().await, "scanned");
    host.quiet().await;
}

#[tokio::test]
async fn a_verified_file_is_told_within_a_second() {
    let mut host = Host::empty().await;
    let mut times = Vec::new();
    // Several tries, because a busy machine may take its time over one; looking every two seconds would fail them all.
    for number in 1..=5 {
        host.put("weather.wasm", &format!("1.0.{number}"), &format!("contents {number}"));
        let begun = Instant::now();
        host.event().await;
        times.push(begun.elapsed());
        if times.iter().any(|time| *time < Duration::from_secs(1)) {
            return;
        }
    }
    panic!("it took {times:?}");
}

#[tokio::test]
async fn a_component_waits_for_its_statement() {
    let mut host = Host::empty().await;
    let release = host.fixture.release("acme:weather", "1.0.0", "one");
    std::fs::write(host.path("weather.wasm"), &release.wasm).unwrap();
    // Something that takes as long as a component takes to settle.
    host.quiet().await;
    release.put_statement(&host.path("weather.wasm"));
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
}

#[tokio::test]
async fn a_component_whose_statement_never_comes_is_refused() {
    let mut host = Host::empty().await;
    std::fs::write(host.path("weather.wasm"), "unsigned").unwrap();
    match host.event().await {
        Event::Refused { path, code: "unsigned", reason } => {
            assert_eq!(path, host.path("weather.wasm"));
            assert!(reason.contains("nexus shard sign"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    // Told once, not at every look.
    host.quiet().await;
}

#[tokio::test]
async fn every_way_to_replace_a_file_is_a_change_and_removing_it_a_removal() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    // In place.
    host.put("weather.wasm", "1.1.0", "two");
    assert_eq!(host.next().await, "changed acme:weather 1.1.0 in weather.wasm");
    // By renaming over it.
    host.put(".new.wasm", "1.2.0", "three");
    std::fs::rename(beside(&host.path(".new.wasm")), beside(&host.path("weather.wasm"))).unwrap();
    std::fs::rename(host.path(".new.wasm"), host.path("weather.wasm")).unwrap();
    assert_eq!(host.next().await, "changed acme:weather 1.2.0 in weather.wasm");
    // By taking it away and putting another there.
    std::fs::remove_file(host.path("weather.wasm")).unwrap();
    host.put("weather.wasm", "1.3.0", "four");
    assert_eq!(host.next().await, "changed acme:weather 1.3.0 in weather.wasm");
    // A rebuild of the same version.
    host.put("weather.wasm", "1.3.0", "five");
    assert_eq!(host.next().await, "changed acme:weather 1.3.0 in weather.wasm");
    // The same bytes with a new statement, which may ask for something else.
    let same = manifest("acme:weather", "1.3.0").replace("A shard", "Another");
    Release::signed(&same, "five", &host.fixture.acme).put_statement(&host.path("weather.wasm"));
    assert_eq!(host.next().await, "changed acme:weather 1.3.0 in weather.wasm");
    std::fs::remove_file(host.path("weather.wasm")).unwrap();
    assert_eq!(host.next().await, "removed acme:weather in weather.wasm");
    host.quiet().await;
}

#[tokio::test]
async fn the_same_release_again_is_no_news() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    host.put("weather.wasm", "1.0.0", "one");
    host.put("copy.wasm", "1.0.0", "one");
    host.quiet().await;
    std::fs::remove_file(host.path("copy.wasm")).unwrap();
    std::fs::rename(host.path("weather.wasm"), host.path("moved.wasm")).unwrap();
    std::fs::rename(beside(&host.path("weather.wasm")), beside(&host.path("moved.wasm"))).unwrap();
    std::fs::remove_file(host.path("bell.wasm")).unwrap();
    assert_eq!(host.next().await, "removed acme:bell in bell.wasm");
}

#[tokio::test]
async fn a_bad_file_in_place_of_a_good_one_changes_nothing() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    std::fs::write(host.path("weather.wasm"), "tampered").unwrap();
    assert_eq!(host.next().await, "refused weather.wasm: digest-mismatch");
    std::fs::write(host.path("weather.wasm"), "otherwise").unwrap();
    assert_eq!(host.next().await, "refused weather.wasm: digest-mismatch");
    host.put("weather.wasm", "0.9.0", "older");
    assert_eq!(host.next().await, "refused weather.wasm: rollback");
    host.put("weather.wasm", "1.1.0", "two");
    assert_eq!(host.next().await, "changed acme:weather 1.1.0 in weather.wasm");
}

#[tokio::test]
async fn of_two_files_for_one_shard_the_higher_version_serves() {
    let mut host = Host::empty().await;
    host.put("a.wasm", "1.9.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.9.0 in a.wasm");
    host.put("b.wasm", "1.10.0", "two");
    assert_eq!(host.next().await, "changed acme:weather 1.10.0 in b.wasm");
    assert_eq!(host.next().await, "refused a.wasm: superseded");
    host.put("c.wasm", "1.10.0", "three");
    assert_eq!(host.next().await, "refused c.wasm: version-conflict");
    std::fs::remove_file(host.path("b.wasm")).unwrap();
    assert_eq!(host.next().await, "changed acme:weather 1.10.0 in c.wasm");
}

#[tokio::test]
async fn an_old_release_does_not_come_back_not_even_after_a_restart() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "2.0.0", "new");
    assert_eq!(host.next().await, "appeared acme:weather 2.0.0 in weather.wasm");
    std::fs::remove_file(host.path("weather.wasm")).unwrap();
    assert_eq!(host.next().await, "removed acme:weather in weather.wasm");
    host.put("weather.wasm", "1.0.0", "old");
    assert_eq!(host.next().await, "refused weather.wasm: rollback");
    let mut host = Host::start(host.fixture);
    assert_eq!(host.next().await, "refused weather.wasm: rollback");
    assert_eq!(host.next().await, "scanned");
}

#[tokio::test]
async fn an_unsigned_local_build_serves_and_stands_in_nobodys_way() {
    let mut host = Host::empty().await;
    std::fs::write(host.path("shard.toml"), manifest("acme:weather", "9.0.0")).unwrap();
    std::fs::write(host.path("weather.wasm"), "unsigned").unwrap();
    assert_eq!(host.next().await, "refused weather.wasm: unsigned");
    let signed_only = std::fs::read_to_string(host.fixture.home.trust_file()).unwrap();
    let folder = host.fixture.shards();
    let local = format!("[default]\nunsigned = \"allow-local\"\ndev_dirs = [{folder:?}]\n");
    std::fs::write(host.fixture.home.trust_file(), format!("{signed_only}\n{local}")).unwrap();
    assert_eq!(host.next().await, "appeared acme:weather 9.0.0 in weather.wasm");
    // A change of the manifest beside it is noticed.
    std::fs::write(host.path("shard.toml"), manifest("acme:weather", "9.1.0")).unwrap();
    assert_eq!(host.next().await, "changed acme:weather 9.1.0 in weather.wasm");
    host.put("weather.wasm", "1.0.0", "signed");
    assert_eq!(host.next().await, "changed acme:weather 1.0.0 in weather.wasm");
}

#[tokio::test]
async fn names_and_kinds_that_no_component_has_are_refused() {
    let mut host = Host::empty().await;
    let release = host.fixture.release("acme:weather", "1.0.0", "one");
    release.put(&host.path("a%2fb.wasm"));
    std::fs::create_dir(host.path("folder.wasm")).unwrap();
    assert_eq!(host.next_of().await, ["refused a%2fb.wasm: file-name", "refused folder.wasm: file-not-regular"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(host.fixture.home.trust_file(), host.path("link.wasm")).unwrap();
        release.put(&host.path("a\r\nb.wasm"));
        let pipe = host.path("pipe.wasm");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(
            host.next_of().await,
            [
                "refused a\r\nb.wasm: file-name",
                "refused link.wasm: file-outside",
                "refused pipe.wasm: file-not-regular"
            ]
        );
    }
    host.quiet().await;
}

#[tokio::test]
async fn a_folder_that_goes_takes_its_shards_along_and_brings_them_back() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    std::fs::remove_dir_all(host.fixture.shards()).unwrap();
    assert_eq!(host.next_of().await, ["removed acme:weather in weather.wasm", "trouble: shards-folder-missing"]);
    std::fs::create_dir(host.fixture.shards()).unwrap();
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    // And the new folder is watched as the old one was.
    host.put("weather.wasm", "1.1.0", "two");
    assert_eq!(host.next().await, "changed acme:weather 1.1.0 in weather.wasm");
}

#[tokio::test]
async fn withdrawn_trust_stops_a_shard_and_given_trust_starts_one() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    let denial = Denial { target: DenyTarget::Shard(weather()), reason: Some("incident".to_owned()) };
    host.fixture.installer.trust().deny(&denial).unwrap();
    assert_eq!(host.next_of().await, ["refused weather.wasm: denied", "removed acme:weather in weather.wasm"]);
    host.fixture.installer.trust().remove(&Removal::Denial(denial.target)).unwrap();
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");

    let stranger = SecretKey::from_random(&[9; 32]);
    Release::signed(&manifest("other:maps", "1.0.0"), "maps", &stranger).put(&host.path("maps.wasm"));
    assert_eq!(host.next().await, "refused maps.wasm: untrusted-key");
    host.fixture.installer.trust().add(&publisher("other", &stranger)).unwrap();
    assert_eq!(host.next().await, "appeared other:maps 1.0.0 in maps.wasm");
    // Everything was judged anew, and the rest stands.
    host.quiet().await;
}

#[tokio::test]
async fn what_serves_on_without_its_bytes_does_not_outlive_a_change_of_trust() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    std::fs::write(host.path("weather.wasm"), "tampered").unwrap();
    assert_eq!(host.next().await, "refused weather.wasm: digest-mismatch");
    let denial = Denial { target: DenyTarget::Shard(weather()), reason: None };
    host.fixture.installer.trust().deny(&denial).unwrap();
    assert_eq!(host.next().await, "removed acme:weather in weather.wasm");
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_leaves_the_last_one_in_force() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    std::fs::write(host.fixture.home.trust_file(), "version = 1\nnonsense = 1\n").unwrap();
    assert_eq!(host.next().await, "trouble: trust-policy-invalid");
    host.quiet().await;
    // No file at all is a policy, the one that denies everything.
    std::fs::remove_file(host.fixture.home.trust_file()).unwrap();
    assert_eq!(
        host.next_of().await,
        [
            "refused bell.wasm: untrusted-key",
            "refused weather.wasm: untrusted-key",
            "removed acme:bell in bell.wasm",
            "removed acme:weather in weather.wasm"
        ]
    );
}

#[tokio::test]
async fn what_another_process_installs_and_removes_is_noticed() {
    let mut host = Host::empty().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("weather.wasm");
    host.fixture.release("acme:weather", "1.0.0", "one").put(&path);
    let home = Home::open(host.fixture.home.path()).unwrap();
    let other = Installer::new(&home, || Timestamp::from_unix_seconds(1_800_000_000)).unwrap();
    let package = other.verify_file(&path).unwrap();
    other.store(&package, Consent::to(&Capabilities::of(package.manifest()))).unwrap();
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in component.wasm");
    // A file with the same version and other bytes does not take its place.
    host.put("weather.wasm", "1.0.0", "two");
    assert_eq!(host.next().await, "refused weather.wasm: version-conflict");
    other.remove(&weather()).unwrap();
    assert_eq!(host.next().await, "changed acme:weather 1.0.0 in weather.wasm");
}

#[tokio::test]
async fn a_damaged_lockfile_keeps_new_versions_out_and_running_ones_running() {
    let mut host = Host::empty().await;
    host.put("weather.wasm", "1.0.0", "one");
    assert_eq!(host.next().await, "appeared acme:weather 1.0.0 in weather.wasm");
    let sound = std::fs::read(host.fixture.home.lock_file()).unwrap();
    std::fs::write(host.fixture.home.lock_file(), "damaged").unwrap();
    assert_eq!(host.next().await, "trouble: lockfile-invalid");
    // A version that cannot be recorded could be rolled back later without anybody noticing.
    host.put("weather.wasm", "1.1.0", "two");
    assert_eq!(host.next().await, "refused weather.wasm: lockfile-invalid");
    std::fs::write(host.fixture.home.lock_file(), sound).unwrap();
    assert_eq!(host.next().await, "changed acme:weather 1.1.0 in weather.wasm");
}

#[tokio::test]
async fn does_not_start_without_a_folder_or_with_a_policy_it_cannot_read() {
    let fixture = Fixture::new();
    let start = |folder: &Path| Watch::start(Arc::clone(&fixture.installer), folder).map(drop);
    let error = start(&fixture.shards().join("missing")).unwrap_err();
    assert_eq!(error.code(), "shards-folder-missing");
    assert!(error.to_string().contains("does not exist"), "{error}");
    std::fs::write(fixture.home.trust_file(), "nonsense").unwrap();
    assert_eq!(start(&fixture.shards()).unwrap_err().code(), "trust-policy-invalid");
    std::fs::remove_file(fixture.home.trust_file()).unwrap();
    std::fs::write(fixture.home.lock_file(), "nonsense").unwrap();
    assert_eq!(start(&fixture.shards()).unwrap_err().code(), "lockfile-invalid");
}
