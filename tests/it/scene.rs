//! How a test begins: a host with some shards, mock or live.

use nexus_test_support::{FedEx, Publisher, TestHost};

/// The tools of `nexus:logistics`.
pub(crate) const LOGISTICS: [&str; 5] = [
    "fedex_track_shipment",
    "fedex_track_multiple",
    "fedex_get_shipment_events",
    "fedex_validate_address",
    "fedex_get_rates",
];

/// An account number; the stand-in takes any.
const ACCOUNT: &str = "740561073";

/// A host with the logistics shard, answering from mock data.
pub(crate) fn mock_logistics() -> (TestHost, Publisher) {
    let publisher = Publisher::new();
    let mut host = TestHost::trusting(&publisher);
    host.drop_in("logistics", &publisher.plugin("logistics"));
    host.set("ENABLE_LOGISTICS", "true").set("USE_MOCK", "true");
    (host, publisher)
}

/// A host with the logistics shard, granted what it declares, whose FedEx is the stand-in.
pub(crate) fn live_logistics(fedex: &FedEx) -> TestHost {
    let publisher = Publisher::new();
    let mut host = TestHost::trusting(&publisher);
    host.drop_in("logistics", &publisher.plugin("logistics"));
    host.write(
        "nexus.toml",
        &live_config("nexus:logistics", &[("FEDEX_API_URL", fedex.url()), ("FEDEX_ACCOUNT_NUMBER", ACCOUNT)]),
    );
    host.set("FEDEX_API_KEY", fedex.key()).set("FEDEX_API_SECRET", fedex.secret());
    host
}

/// A host with the shard that speaks `wasi:http`, granted what it declares, whose vendor is the stand-in.
pub(crate) fn fetching(fedex: &FedEx) -> TestHost {
    vendors_guest("fetch", fedex)
}

/// A host with the shard that misbehaves. Its vendor is the stand-in, whose credentials it would like to have.
pub(crate) fn misbehaving(fedex: &FedEx) -> TestHost {
    vendors_guest("misbehave", fedex)
}

fn vendors_guest(folder: &str, fedex: &FedEx) -> TestHost {
    let publisher = Publisher::new();
    let mut host = TestHost::trusting(&publisher);
    host.drop_in(folder, &publisher.fixture(folder));
    host.write("nexus.toml", &live_config(&format!("test:{folder}"), &[("VENDOR_URL", fedex.url())]));
    host.set("VENDOR_KEY", fedex.key()).set("VENDOR_SECRET", fedex.secret());
    host
}

/// A host with the echo.
pub(crate) fn echo() -> (TestHost, Publisher) {
    let publisher = Publisher::new();
    let host = TestHost::trusting(&publisher);
    host.drop_in("echo", &publisher.fixture("echo"));
    (host, publisher)
}

/// A `nexus.toml` that grants `shard` what it declares, on this machine, with quick retries.
fn live_config(shard: &str, values: &[(&str, &str)]) -> String {
    let values: Vec<String> = values.iter().map(|(key, value)| format!("{key} = \"{value}\"")).collect();
    let values = values.join(
        "
",
    );
    format!(
        "use_mock = false\n\
         [broker.backoff]\nfirst = \"20ms\"\n\
         [shards.\"{shard}\"]\nenabled = true\ngrant = \"declared\"\nprivate_addresses = [\"127.0.0.0/8\"]\n\
         [shards.\"{shard}\".config]\n{values}"
    )
}
