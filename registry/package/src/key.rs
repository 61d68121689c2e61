//! Ed25519 keys: who may say that a release is theirs.

mod public;
mod secret;

pub use public::{InvalidPublicKey, KeyId, PublicKey};
pub use secret::{SealRandom, SecretKey, SecretKeyError};
