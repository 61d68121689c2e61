//! What people download: it stays small.

use std::path::Path;

use nexus_test_support::location;

const MEBIBYTE: u64 = 1 << 20;

#[test]
fn the_release_build_of_the_host_is_at_most_40_mb() {
    let Some(binary) = location::release_nexus() else {
        // Not `skip`, which fails in CI: `.ci/run` runs this once more when the demo has made the release build.
        eprintln!("not measured: there is no release build of the host");
        return;
    };
    assert!(size(&binary) <= 40_000_000, "{} bytes", size(&binary));
}

#[test]
fn the_logistics_shard_is_at_most_1_mb() {
    let component = location::plugin("nexus_logistics");
    assert!(size(&component) <= MEBIBYTE, "{} bytes", size(&component));
}

fn size(file: &Path) -> u64 {
    file.metadata().expect("it was built").len()
}
