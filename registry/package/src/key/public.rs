//! Public keys and their names.
//!
//! A key has exactly one spelling and one identifier. A key of low order would accept a signature that fits every
//! message, and a second spelling of one key would count twice towards a threshold or slip past a denial, so neither
//! becomes a [`PublicKey`].

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::Digest;

const SCHEME: &str = "ed25519:";
/// The DER of a `SubjectPublicKeyInfo` for Ed25519 up to the key itself (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// An Ed25519 public key, written `ed25519:` and the base64 of its `SubjectPublicKeyInfo` in DER (RFC 8410).
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct PublicKey(VerifyingKey);

/// A key's name in envelopes and logs: the SHA-256 of its `SubjectPublicKeyInfo` in DER.
///
/// It is a hint and never a proof: anyone can write it beside any signature.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(Digest);

/// Why a text is no public key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPublicKey {
    /// It does not begin with a key type that this host knows.
    #[error("unknown key type; a key is written `ed25519:` and base64")]
    UnknownType,
    /// What follows `ed25519:` is not the canonical base64 of an Ed25519 `SubjectPublicKeyInfo`.
    #[error("not the base64 of an Ed25519 public key")]
    Encoding,
    /// The bytes are no point of the curve, or not its canonical encoding.
    #[error("not a canonical Ed25519 point")]
    NotCanonical,
    /// The point has low order, or a component of low order.
    #[error("a key of low order, which no honest signer has")]
    LowOrder,
}

impl PublicKey {
    /// The identifier of this key.
    pub fn id(&self) -> KeyId {
        KeyId(Digest::of(&self.to_der()))
    }

    /// Whether `signature` is this key's over `message`, by the strict rules: canonical, and no point of low order.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }

    pub(super) fn of(key: VerifyingKey) -> Self {
        Self(key)
    }

    fn to_der(&self) -> Vec<u8> {
        [&SPKI_PREFIX[..], self.0.as_bytes()].concat()
    }
}

impl FromStr for PublicKey {
    type Err = InvalidPublicKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let encoded = text.strip_prefix(SCHEME).ok_or(InvalidPublicKey::UnknownType)?;
        let der = STANDARD.decode(encoded).map_err(|_| InvalidPublicKey::Encoding)?;
        let bytes = der.strip_prefix(&SPKI_PREFIX).ok_or(InvalidPublicKey::Encoding)?;
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| InvalidPublicKey::Encoding)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| InvalidPublicKey::NotCanonical)?;
        let point = key.to_edwards();
        // `from_bytes` keeps the spelling it was given, so a second spelling of the point must be found by writing it again.
        if VerifyingKey::from(point).as_bytes() != bytes {
            return Err(InvalidPublicKey::NotCanonical);
        }
        if key.is_weak() || !point.is_torsion_free() {
            return Err(InvalidPublicKey::LowOrder);
        }
        Ok(Self(key))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}", STANDARD.encode(self.to_der()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({self})")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for KeyId {
    type Err = crate::InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

crate::text::serde_as_text!(PublicKey, KeyId);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SecretKey;

    /// The eight points of order 1, 2, 4 and 8, and their non-canonical spellings.
    const LOW_ORDER: [&str; 14] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];

    fn spelled(bytes: &[u8]) -> String {
        format!("{SCHEME}{}", STANDARD.encode([&SPKI_PREFIX[..], bytes].concat()))
    }

    #[test]
    fn reads_the_key_of_rfc_8410() {
        let text = "ed25519:MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
        assert_eq!(text.parse::<PublicKey>().expect("RFC 8410, section 10.1").to_string(), text);
    }

    #[test]
    fn refuses_every_key_of_low_order_however_spelled() {
        for point in LOW_ORDER {
            let text = spelled(&hex::decode(point).expect("hexadecimal"));
            assert!(text.parse::<PublicKey>().is_err(), "{point}");
        }
    }

    #[test]
    fn refuses_a_point_that_is_not_on_the_curve_or_over_the_field() {
        for (byte, rest) in [(2, 0), (0xff, 0xff)] {
            let mut bytes = [rest; 32];
            bytes[0] = byte;
            assert_eq!(spelled(&bytes).parse::<PublicKey>(), Err(InvalidPublicKey::NotCanonical));
        }
    }

    #[test]
    fn refuses_other_spellings_and_other_types() {
        let key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
        for text in ["", key, &format!("rsa:{key}"), &format!("ED25519:{key}")] {
            assert_eq!(text.parse::<PublicKey>(), Err(InvalidPublicKey::UnknownType), "{text}");
        }
        let unpadded = key.trim_end_matches('=');
        let loose_bits = format!("{}F=", &unpadded[..unpadded.len() - 1]);
        for text in ["", unpadded, &loose_bits, &format!("{key}\n"), &format!(" {key}"), "MCow", "not base64!"] {
            assert_eq!(format!("ed25519:{text}").parse::<PublicKey>(), Err(InvalidPublicKey::Encoding), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(random: [u8; 32]) {
            let key = SecretKey::from_random(&random).public();
            let parsed: PublicKey = key.to_string().parse().expect("an honest key");
            prop_assert_eq!(parsed.id(), key.id());
            prop_assert_eq!(parsed, key);
        }
    }
}
