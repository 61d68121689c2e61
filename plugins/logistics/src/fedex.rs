//! FedEx's REST API: the Track, Address Validation and Rates APIs, version 1.
//!
//! A client that knows neither key nor token: the host's broker attaches the credentials of the profile `fedex`. Every
//! request is a search, so it may be sent twice, and the broker retries it.
//!
//! What FedEx answers is foreign. Every field may be missing, and no error message repeats what FedEx wrote but its error
//! *code*, cut to the letters that a code is made of.

mod address;
mod answer;
mod rate;
mod refusal;
mod tracking;

use nexus_shard::prelude::*;

use answer::Answer;
use refusal::{refused, unreached};

/// A client of FedEx's API.
#[derive(Debug)]
pub(crate) struct FedEx {
    paths: Paths,
    account: Option<String>,
}

/// Where each API is: base URL and path. The defaults are in `shard.toml`, so that an operator can correct them.
#[derive(Debug)]
struct Paths {
    track: String,
    address: String,
    rates: String,
}

impl FedEx {
    /// A client with the operator's settings.
    ///
    /// # Errors
    /// When one that has a default is missing after all.
    pub(crate) fn new(config: &Config) -> ToolResult<Self> {
        let base = config.require("FEDEX_API_URL")?.trim_end_matches('/');
        let url = |key| Ok::<_, ToolError>(format!("{base}/{}", config.require(key)?.trim_start_matches('/')));
        Ok(Self {
            paths: Paths {
                track: url("FEDEX_TRACK_PATH")?,
                address: url("FEDEX_ADDRESS_PATH")?,
                rates: url("FEDEX_RATES_PATH")?,
            },
            account: config.get("FEDEX_ACCOUNT_NUMBER").map(str::to_owned),
        })
    }
}

/// Sends one search and reads the list called `name` in the answer's `output`.
fn search(url: &str, body: &impl Serialize, name: &str) -> ToolResult<Vec<Answer>> {
    let response = http::post(url)
        .header("accept", "application/json")
        .header("x-locale", "en_US")
        .json(body)?
        .idempotent(true)
        .send()
        .map_err(unreached)?;
    if !(200..300).contains(&response.status()) {
        return Err(refused(&response));
    }
    let answer: Answer = response.json()?;
    answer.list(&["output", name]).ok_or_else(|| {
        ToolError::unavailable(format!(
            "FedEx answered without `{name}`, which is no answer. The operator has to check FEDEX_API_URL and its paths."
        ))
        .retryable(false)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use nexus_shard::testing;
    use serde_json::{Value, json};

    use super::*;

    /// The settings of live mode, as `shard.toml` has them.
    pub(crate) fn config(more: &[(&str, &str)]) -> Config {
        [
            ("FEDEX_API_URL", "https://apis.fedex.com"),
            ("FEDEX_TRACK_PATH", "/track/v1/trackingnumbers"),
            ("FEDEX_ADDRESS_PATH", "/address/v1/addresses/resolve"),
            ("FEDEX_RATES_PATH", "/rate/v1/rates/quotes"),
        ]
        .iter()
        .chain(more)
        .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
        .collect()
    }

    /// A client in live mode, with `more` settings.
    pub(crate) fn client(more: &[(&str, &str)]) -> FedEx {
        FedEx::new(&config(more)).unwrap()
    }

    #[test]
    fn the_manifest_declares_every_setting_with_the_default_that_the_tests_use() {
        let manifest: toml::Table = include_str!("../shard.toml").parse().unwrap();
        let settings = config(&[("USE_MOCK", "false")]);
        for key in ["USE_MOCK", "FEDEX_API_URL", "FEDEX_TRACK_PATH", "FEDEX_ADDRESS_PATH", "FEDEX_RATES_PATH"] {
            assert_eq!(manifest["config"][key]["default"].as_str(), settings.get(key), "{key}");
        }
        assert!(manifest["config"]["FEDEX_ACCOUNT_NUMBER"].get("default").is_none());
    }

    #[test]
    fn a_search_is_a_post_that_may_be_repeated_and_carries_no_credential() {
        let network = testing::http(|_| testing::reply(200, &json!({ "output": { "found": ["this"] } })));
        let found = search("https://apis.fedex.com/x", &json!({}), "found").unwrap();
        assert_eq!(found[0].text(&[]).as_deref(), Some("this"));
        let request = network.requests().remove(0);
        assert_eq!((request.method.as_str(), request.idempotent), ("POST", Some(true)));
        assert!(request.headers.iter().all(|(name, _)| name != "authorization"));
    }

    #[test]
    fn an_answer_of_another_service_is_an_error_and_not_an_empty_list() {
        for body in [json!({}), json!([]), json!({ "output": { "found": "no list" } })] {
            let _network = testing::http(move |_| testing::reply(200, &body));
            let error = search("https://apis.fedex.com/x", &json!({}), "found").unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        }
    }

    #[test]
    fn slashes_at_the_seam_make_no_difference() {
        let fedex =
            FedEx::new(&config(&[("FEDEX_API_URL", "http://127.0.0.1:9/"), ("FEDEX_TRACK_PATH", "t")])).unwrap();
        assert_eq!(fedex.paths.track, "http://127.0.0.1:9/t");
    }
}
