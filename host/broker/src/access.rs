//! Everything that one loaded shard may do, behind one door.

use std::{collections::BTreeSet, sync::Arc};

use nexus_package::{Manifest, ShardName};

use crate::{
    auth::Profiles,
    config::Settings,
    grant::{self, GrantError, OperatorGrant},
    http::{
        ShardHttp,
        address::AddressRule,
        breaker::BreakerStatus,
        client::Client,
        error::HttpError,
        exchange::Exchange,
        request::HttpRequest,
        resolve::{CheckedResolver, Resolver, SystemResolver},
        response::HttpResponse,
        retry::Backoff,
        tls::Tls,
    },
    log::{self, LogLevel},
    scope::CallScope,
    settings::{BrokerSettings, InvalidSetting},
};

/// What the broker takes from outside the process: the seam for tests.
#[derive(Clone)]
pub struct Outside {
    /// Looks host names up.
    pub resolver: Arc<dyn Resolver>,
    /// Any number, evenly distributed, for the jitter of waits. Not for secrets.
    pub randomness: fn() -> u32,
}

impl Default for Outside {
    /// The operating system's resolver and randomness.
    fn default() -> Self {
        // Without randomness the wait has no jitter, and nothing else is lost.
        Self { resolver: Arc::new(SystemResolver), randomness: || getrandom::u32().unwrap_or(u32::MAX / 2) }
    }
}

/// What all shards share: the limits, the TLS configuration, the way to look names up.
pub struct Broker {
    settings: BrokerSettings,
    outside: Outside,
    tls: Arc<Tls>,
}

impl Broker {
    /// A broker for the real network. Nothing is read or connected before a shard sends.
    ///
    /// # Errors
    /// [`InvalidSetting`] as [`BrokerSettings::validate`] says.
    pub fn new(settings: BrokerSettings) -> Result<Arc<Self>, InvalidSetting> {
        Self::with_outside(settings, Outside::default())
    }

    /// A broker with its own resolver and randomness.
    ///
    /// # Errors
    /// [`InvalidSetting`] as [`BrokerSettings::validate`] says.
    pub fn with_outside(settings: BrokerSettings, outside: Outside) -> Result<Arc<Self>, InvalidSetting> {
        settings.validate()?;
        let tls = Arc::new(Tls::new(settings.ca_file.clone()));
        Ok(Arc::new(Self { settings, outside, tls }))
    }

    /// Joins what a shard's manifest declares with what its operator grants. Missing secrets are no error: the shard loads,
    /// and its calls say what is missing.
    ///
    /// # Errors
    /// [`GrantError`] when the grant names what the manifest does not declare, or a value does not fit.
    pub fn shard(&self, manifest: &Manifest, grant: OperatorGrant) -> Result<Arc<ShardAccess>, GrantError> {
        let OperatorGrant { http, profiles: granted, private_addresses, config, secrets } = grant;
        let config = Settings::new(manifest, config)?;
        let addresses = AddressRule::new(private_addresses);
        let resolver = CheckedResolver::new(Arc::clone(&self.outside.resolver), addresses.clone());
        let egress = grant::egress(manifest, &config, &http, &granted, addresses)?;
        let profiles = Profiles::new(manifest, &config, &secrets)?;
        let missing = Missing::of(manifest, &config, &profiles);
        let client = Client::new(resolver, self.settings.connect_timeout, Arc::clone(&self.tls));
        let backoff = Backoff::new(self.settings.backoff, self.outside.randomness);
        let exchange = Exchange::new(manifest.shard.name.clone(), client, backoff, &self.settings);
        Ok(Arc::new(ShardAccess {
            shard: manifest.shard.name.clone(),
            log_lines_per_call: self.settings.log_lines_per_call,
            config,
            missing,
            http: ShardHttp::new(egress, profiles, exchange, self.settings.clone()),
        }))
    }
}

/// What has no value, so that live calls cannot work.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Missing {
    /// Settings that name a destination and have neither an operator's value nor a default.
    pub config: BTreeSet<String>,
    /// Secrets that profiles need, and settings that name their token endpoints.
    pub credentials: BTreeSet<String>,
}

impl Missing {
    fn of(manifest: &Manifest, settings: &Settings, profiles: &Profiles) -> Self {
        let keys = manifest.http.iter().filter_map(|destination| destination.url.config_key());
        Self {
            config: keys.filter(|key| settings.get(key.as_str()).is_none()).map(ToString::to_string).collect(),
            credentials: profiles.missing().cloned().collect(),
        }
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.config.is_empty() && self.credentials.is_empty()
    }
}

/// One loaded shard's settings, log and HTTP. Its connections, tokens and circuits are its own and end with it.
pub struct ShardAccess {
    shard: ShardName,
    log_lines_per_call: u32,
    config: Settings,
    missing: Missing,
    http: ShardHttp,
}

impl ShardAccess {
    /// The operator's value or the default of a declared setting; none for every other key.
    pub fn config(&self, key: &str) -> Option<&str> {
        self.config.get(key)
    }

    /// One JSON object with every declared setting as a value of its kind, or null.
    pub fn config_json(&self) -> String {
        self.config.to_json()
    }

    /// What has no value, so that live calls cannot work.
    pub fn missing(&self) -> &Missing {
        &self.missing
    }

    /// The circuits of all destinations that were asked so far.
    pub fn breakers(&self) -> Vec<BreakerStatus> {
        self.http.exchange().breakers().status()
    }

    /// Writes a log line of the shard: cleaned, cut, and dropped past the call's limit. `target` names the part of the shard
    /// that speaks; `fields` is one JSON object.
    pub fn log(&self, scope: &CallScope, level: LogLevel, target: &str, message: &str, fields: Option<&str>) {
        if scope.admit_line(&self.shard, self.log_lines_per_call) {
            log::emit(&self.shard, scope.call_id(), level, target, message, fields);
        }
    }

    /// Sends a request of the shard and waits for the whole response, at most until the call's deadline. Dropping the future
    /// gives it up.
    ///
    /// # Errors
    /// [`HttpError`]: denied, timed out, no answer, or not a request that can be sent. A status of 4xx or 5xx is a response.
    pub async fn send(&self, scope: &CallScope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let result = self.http.send(scope, request).await;
        if let Err(error) = &result {
            scope.warn_refused(&self.shard, error);
        }
        result
    }
}
