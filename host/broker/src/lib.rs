//! What a shard may do: grants, brokered HTTP, credentials, config, log lines; knows no wasm.
//!
//! A shard gets what its signed manifest declares *and* its operator grants, and nothing else. [`Broker::shard`] joins the two
//! into a [`ShardAccess`], through which everything that a shard does to the outside passes, one [`CallScope`] for each call.
//! Secrets come in here and go out to the vendor, never to the shard, a log or an error. The order of the checks, the limits
//! and the table of codes are in `README.md`.

mod access;
mod auth;
mod config;
mod grant;
mod http;
mod log;
mod scope;
mod settings;
#[cfg(test)]
mod stand_in;

pub use access::{Broker, Missing, Outside, ShardAccess};
pub use grant::{DestinationRule, GrantError, HttpGrant, InvalidDestinationRule, OperatorGrant, ProfileGrant};
pub use http::{
    address::{AddressBlock, InvalidAddressBlock},
    breaker::{BreakerState, BreakerStatus},
    error::{HttpError, HttpErrorKind},
    request::HttpRequest,
    resolve::{Resolver, SystemResolver},
    response::HttpResponse,
};
pub use log::LogLevel;
pub use scope::{CallScope, Usage};
pub use settings::{BackoffSettings, BreakerSettings, BrokerSettings, InvalidSetting};
