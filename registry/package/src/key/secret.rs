//! Secret keys: PKCS#8, encrypted unless the caller says otherwise in so many words.
//!
//! The file, its mode and the question for a passphrase belong to the caller. The secret is wiped when it is dropped and
//! never printed.

use std::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{Signer as _, SigningKey};
use pkcs8::der::{Decode as _, pem::PemLabel as _};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use crate::PublicKey;

/// Largest key file that is looked at, in bytes. An encrypted Ed25519 key takes about 400.
const MAX_PEM_BYTES: usize = 16 * 1024;

/// scrypt with N = 2^14, r = 8, p = 5: as strong as N = 2^17, p = 1 by OWASP's password storage sheet, in memory that OpenSSL 3
/// still reads.
const SCRYPT: (u8, u32, u32) = (14, 8, 5);

/// The most memory a key file may ask for before it is decrypted, in units of N × r: 1 GiB.
const MAX_SCRYPT_BLOCKS: u64 = 1 << 23;
/// The most lanes a key file may ask for.
const MAX_SCRYPT_LANES: u16 = 16;
/// The most PBKDF2 rounds a key file may ask for.
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;

/// A publisher's Ed25519 secret key. Wiped when dropped; prints as its public key's identifier.
pub struct SecretKey(SigningKey);

/// The randomness of one encryption: a salt and an initialisation vector. Never use one twice.
pub struct SealRandom(Zeroizing<[u8; 32]>);

/// Why a key file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// The key is encrypted and no passphrase was given.
    #[error("the key is encrypted: a passphrase is needed")]
    PassphraseNeeded,
    /// The passphrase does not fit, or the encrypted part was damaged.
    #[error("wrong passphrase, or a damaged key file")]
    WrongPassphrase,
    /// The text is no PKCS#8 PEM with an Ed25519 key.
    #[error("not an Ed25519 key in PKCS#8 PEM")]
    Malformed,
    /// The file asks for more work or memory than this program spends on a key.
    #[error("the key's encryption asks for too much memory or time, or is of a kind that is not read here")]
    TooCostly,
    /// Encryption refused its input.
    #[error("encrypting the key failed")]
    Encrypt,
}

impl SecretKeyError {
    /// Stable across releases; documented in the table of codes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PassphraseNeeded => "passphrase-needed",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::Malformed | Self::TooCostly => "key-invalid",
            Self::Encrypt => "key-encryption-failed",
        }
    }
}

impl SealRandom {
    /// Takes 32 fresh bytes of a cryptographic random generator.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }
}

impl SecretKey {
    /// Makes the key that `random` determines: 32 fresh bytes of a cryptographic random generator, which the caller wipes.
    pub fn from_random(random: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(random))
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::of(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Writes PKCS#8 PEM, encrypted with `passphrase` (PBES2: scrypt and AES-256-CBC; RFC 8018, section 6.2).
    ///
    /// Costs a good part of a second on purpose.
    ///
    /// # Errors
    /// [`SecretKeyError::Encrypt`] when the encryption refuses its input.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &[u8],
        random: &SealRandom,
    ) -> Result<Zeroizing<String>, SecretKeyError> {
        self.seal(passphrase, random, SCRYPT)
    }

    fn seal(
        &self,
        passphrase: &[u8],
        random: &SealRandom,
        (log_n, r, p): (u8, u32, u32),
    ) -> Result<Zeroizing<String>, SecretKeyError> {
        let (salt, iv) = random.0.split_at(16);
        let iv = iv.try_into().map_err(|_| SecretKeyError::Encrypt)?;
        let cost = scrypt::Params::new(log_n, r, p).map_err(|_| SecretKeyError::Encrypt)?;
        let parameters =
            pbes2::Parameters::generate_scrypt_aes256cbc(cost, salt, iv).map_err(|_| SecretKeyError::Encrypt)?;
        let plain = self.to_der()?;
        PrivateKeyInfoRef::from_der(plain.as_bytes())
            .map_err(pkcs8::Error::from)
            .and_then(|key| key.encrypt_with_params(parameters, passphrase))
            .and_then(|sealed| Ok(sealed.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)?))
            .map_err(|_| SecretKeyError::Encrypt)
    }

    /// Writes PKCS#8 PEM that anyone who reads the file can use. For machines without a person, never by default.
    ///
    /// # Errors
    /// [`SecretKeyError::Encrypt`] when encoding fails.
    pub fn to_unencrypted_pem(&self) -> Result<Zeroizing<String>, SecretKeyError> {
        self.to_der()?.to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF).map_err(|_| SecretKeyError::Encrypt)
    }

    /// Reads PKCS#8 PEM, encrypted or not. `passphrase` is not used for a key that is not encrypted.
    ///
    /// # Errors
    /// [`SecretKeyError`]: a passphrase is needed or wrong, or the file is no such key or asks for too much work.
    pub fn from_pem(pem: &str, passphrase: Option<&[u8]>) -> Result<Self, SecretKeyError> {
        if pem.len() > MAX_PEM_BYTES {
            return Err(SecretKeyError::Malformed);
        }
        let (label, document) = SecretDocument::from_pem(pem).map_err(|_| SecretKeyError::Malformed)?;
        if label == PrivateKeyInfoRef::PEM_LABEL {
            return Self::from_der(document.as_bytes()).ok_or(SecretKeyError::Malformed);
        }
        if label != EncryptedPrivateKeyInfoRef::PEM_LABEL {
            return Err(SecretKeyError::Malformed);
        }
        let sealed =
            EncryptedPrivateKeyInfoRef::from_der(document.as_bytes()).map_err(|_| SecretKeyError::Malformed)?;
        if !is_affordable(&sealed.encryption_algorithm) {
            return Err(SecretKeyError::TooCostly);
        }
        let passphrase = passphrase.ok_or(SecretKeyError::PassphraseNeeded)?;
        let plain = sealed.decrypt(passphrase).map_err(|_| SecretKeyError::WrongPassphrase)?;
        Self::from_der(plain.as_bytes()).ok_or(SecretKeyError::WrongPassphrase)
    }

    fn to_der(&self) -> Result<SecretDocument, SecretKeyError> {
        // Without the public half: OpenSSL 3 reads only version 1 of PKCS#8.
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        pair.to_pkcs8_der().map_err(|_| SecretKeyError::Encrypt)
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        SigningKey::from_pkcs8_der(der).ok().map(Self)
    }
}

/// Whether decrypting costs what an honest key costs: a key file from a stranger could ask for a terabyte.
fn is_affordable(scheme: &EncryptionScheme) -> bool {
    match scheme {
        EncryptionScheme::Pbes2(pbes2::Parameters { kdf: pbes2::Kdf::Scrypt(cost), .. }) => {
            cost.cost_parameter.saturating_mul(cost.block_size.into()) <= MAX_SCRYPT_BLOCKS
                && cost.parallelization <= MAX_SCRYPT_LANES
        }
        EncryptionScheme::Pbes2(pbes2::Parameters { kdf: pbes2::Kdf::Pbkdf2(cost), .. }) => {
            cost.iteration_count <= MAX_PBKDF2_ROUNDS
        }
        _ => false,
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey(of {})", self.public().id())
    }
}

impl fmt::Debug for SealRandom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealRandom(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410, section 10.3.
    const PLAIN: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

    fn key() -> SecretKey {
        SecretKey::from_random(&[7; 32])
    }

    #[test]
    fn reads_the_key_of_rfc_8410() {
        let key = SecretKey::from_pem(PLAIN, None).expect("RFC 8410");
        let public = "ed25519:MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
        assert_eq!(key.public().to_string(), public);
        assert_eq!(*key.to_unencrypted_pem().expect("it encodes"), PLAIN);
    }

    #[test]
    fn an_encrypted_key_opens_with_its_passphrase_and_no_other() {
        // A small cost: the real one takes many seconds without optimisation, three times over.
        let pem = key().seal(b"correct horse", &SealRandom::from_random([9; 32]), (4, 8, 1)).expect("it encrypts");
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
        let opened = SecretKey::from_pem(&pem, Some(b"correct horse")).expect("it opens");
        assert_eq!(opened.public(), key().public());
        assert!(matches!(SecretKey::from_pem(&pem, None), Err(SecretKeyError::PassphraseNeeded)));
        assert!(matches!(SecretKey::from_pem(&pem, Some(b"battery")), Err(SecretKeyError::WrongPassphrase)));
    }

    #[test]
    fn refuses_a_key_file_that_asks_for_a_terabyte() {
        let cost = |log_n, p| {
            let params = scrypt::Params::new(log_n, 8, p).expect("scrypt allows it");
            EncryptionScheme::Pbes2(
                pbes2::Parameters::generate_scrypt_aes256cbc(params, &[0; 16], [0; 16]).expect("fits"),
            )
        };
        assert!(is_affordable(&cost(17, 1)));
        assert!(is_affordable(&cost(SCRYPT.0, SCRYPT.2)));
        assert!(!is_affordable(&cost(30, 1)));
        assert!(!is_affordable(&cost(14, 10_000)));
    }

    #[test]
    fn refuses_what_is_no_ed25519_key() {
        let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let other_curve = PLAIN.replace("MC4CAQAwBQYDK2Vw", "MC4CAQAwBQYDK2Vu");
        for text in ["", "secret", public, &other_curve, &PLAIN[..60], &"-".repeat(MAX_PEM_BYTES + 1)] {
            assert!(matches!(SecretKey::from_pem(text, None), Err(SecretKeyError::Malformed)), "{text}");
        }
    }

    #[test]
    fn never_prints_the_secret() {
        let printed = format!("{:?} {:?}", key(), SealRandom::from_random([7; 32]));
        assert_eq!(printed, format!("SecretKey(of {}) SealRandom(…)", key().public().id()));
    }
}
