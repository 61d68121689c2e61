//! Installing shards: the state folder, the trust policy, keys, the store, the lockfile, and the watched drop-in folder.
//!
//! What a shard *is*, and whether one may be believed, is decided in `nexus_package`; this crate brings it the bytes within
//! limits, keeps what it accepted, and remembers what the operator agreed to. Everything here blocks its thread except
//! [`Watch`], which is asynchronous and keeps the blocking parts off the reactor. `README.md` shows the layout of a home,
//! the order of an install and the table of codes.

mod capability;
mod draft;
#[cfg(test)]
mod fixture;
mod home;
mod installer;
mod keyring;
mod lockfile;
mod passphrase;
mod source;
mod store;
mod trust;
mod watch;

pub use capability::Capabilities;
pub use home::{Home, HomeError};
pub use installer::{InstallError, Installer};
pub use keyring::{InvalidKeyName, KeyName, KeySummary, Keyring, KeyringError, Protection};
pub use lockfile::{Consent, Entry, Installed, Locked, Lockfile, LockfileError};
pub use passphrase::{PassphraseError, PassphraseSource};
pub use source::{InvalidFileName, SourceError};
pub use store::StoreError;
pub use trust::{NewPublisher, Removal, TrustFile, TrustFileError, TrustRule};
pub use watch::{Event, StartError as WatchStartError, Watch, WatchError};
