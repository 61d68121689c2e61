//! The DSSE envelope around a statement (DSSE protocol and envelope, version 1).
//!
//! It is read before any signature holds, so everything in it is an attacker's: size, number of signatures and nesting
//! are limited, base64 has one spelling, and the payload is not looked into. What DSSE does not define is ignored, as it
//! asks; nothing that is ignored here is used anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::{JsonError, KeyId, PublicKey, SecretKey, json as strict_json};

/// Largest envelope, in bytes.
pub const MAX_ENVELOPE_BYTES: usize = 256 * 1024;
/// Most signatures in an envelope.
pub const MAX_SIGNATURES: usize = 16;
/// `payloadType` of an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Where this product's envelopes carry the signer's whole public key, beside DSSE's own `keyid` and `sig`.
const PUBLIC_KEY_FIELD: &str = "publicKey";
const SIGNATURE_BYTES: usize = 64;

/// A statement's bytes with signatures that nobody has checked yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Envelope {
    payload: Vec<u8>,
    signatures: Vec<ClaimedSignature>,
}

/// A signature and whose it claims to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ClaimedSignature {
    /// None when the claim is missing or not written as this product writes key identifiers.
    pub(crate) key_id: Option<KeyId>,
    /// The signer's key as text, a proposal to an operator who knows no key yet; never trusted for being here.
    pub(crate) public_key: Option<String>,
    pub(crate) signature: Vec<u8>,
}

/// Why bytes are no envelope that this host reads.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// More than 256 KiB.
    #[error("the envelope is larger than 256 KiB")]
    TooLarge,
    /// Not strict JSON.
    #[error("the envelope {0}")]
    Json(#[from] JsonError),
    /// A field is missing or of the wrong form.
    #[error("the envelope's {0} is missing or malformed")]
    Field(&'static str),
    /// The payload is something else than an in-toto statement.
    #[error("the envelope holds {0:?}, not an in-toto statement")]
    PayloadType(String),
    /// No signature, or more than 16.
    #[error("the envelope has {0} signatures; 1 to 16 are allowed")]
    Signatures(usize),
}

impl Envelope {
    /// Reads an envelope. That it parses says nothing about who signed it.
    ///
    /// # Errors
    /// [`EnvelopeError`] when it breaks a limit or is not an envelope of an in-toto statement.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeError::TooLarge);
        }
        let root = strict_json::parse(bytes)?;
        let field = |name| root.get(name).ok_or(EnvelopeError::Field(name));
        let payload_type = field("payloadType")?.as_str().ok_or(EnvelopeError::Field("payloadType"))?;
        if payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::PayloadType(payload_type.to_owned()));
        }
        let payload = decoded(field("payload")?).ok_or(EnvelopeError::Field("payload"))?;
        let signatures = field("signatures")?.as_array().ok_or(EnvelopeError::Field("signatures"))?;
        if signatures.is_empty() || signatures.len() > MAX_SIGNATURES {
            return Err(EnvelopeError::Signatures(signatures.len()));
        }
        let signatures = signatures.iter().map(ClaimedSignature::read).collect::<Result<_, _>>()?;
        Ok(Self { payload, signatures })
    }

    /// The payload: the statement's bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The keys that the signatures claim to be made with.
    pub fn claimed_keys(&self) -> impl Iterator<Item = KeyId> {
        self.signatures.iter().filter_map(|signature| signature.key_id)
    }

    pub(crate) fn signatures(&self) -> &[ClaimedSignature] {
        &self.signatures
    }

    /// What a signature is made over: DSSE's pre-authentication encoding, which binds the payload's type.
    pub(crate) fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&self.payload)
    }

    /// Signs `payload` with every key and writes the envelope.
    pub(crate) fn seal(payload: &[u8], keys: &[&SecretKey]) -> Vec<u8> {
        let message = signed_bytes(payload);
        let signature = |key: &&SecretKey| {
            let public = key.public();
            json!({
                "keyid": public.id().to_string(),
                "sig": STANDARD.encode(key.sign(&message)),
                PUBLIC_KEY_FIELD: public.to_string(),
            })
        };
        let signatures: Vec<Value> = keys.iter().map(signature).collect();
        let envelope =
            json!({ "payloadType": PAYLOAD_TYPE, "payload": STANDARD.encode(payload), "signatures": signatures });
        envelope.to_string().into_bytes()
    }
}

impl ClaimedSignature {
    fn read(value: &Value) -> Result<Self, EnvelopeError> {
        let malformed = EnvelopeError::Field("signatures[].sig");
        let signature = value.get("sig").and_then(decoded).filter(|bytes| bytes.len() == SIGNATURE_BYTES);
        let text = |field| value.get(field).and_then(Value::as_str);
        Ok(Self {
            key_id: text("keyid").and_then(|id| id.parse().ok()),
            public_key: text(PUBLIC_KEY_FIELD).map(str::to_owned),
            signature: signature.ok_or(malformed)?,
        })
    }

    /// Whether `key` made this signature over `message`.
    pub(crate) fn is_by(&self, key: &PublicKey, message: &[u8]) -> bool {
        key.has_signed(message, &self.signature)
    }
}

/// Decodes base64 in the standard alphabet, padded, without spaces and without loose bits: one text for one payload.
fn decoded(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok()
}

fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed() -> Value {
        let envelope = Envelope::seal(b"{}", &[&SecretKey::from_random(&[7; 32])]);
        serde_json::from_slice(&envelope).expect("it is JSON")
    }

    fn refused(change: impl FnOnce(&mut Value)) -> EnvelopeError {
        let mut value = sealed();
        change(&mut value);
        Envelope::parse(value.to_string().as_bytes()).expect_err("changed")
    }

    #[test]
    fn signs_over_the_pre_authentication_encoding_of_dsse() {
        assert_eq!(signed_bytes(b"hello world"), b"DSSEv1 28 application/vnd.in-toto+json 11 hello world");
    }

    #[test]
    fn what_is_sealed_opens_and_holds() {
        let key = SecretKey::from_random(&[7; 32]);
        let envelope = Envelope::parse(sealed().to_string().as_bytes()).expect("an envelope");
        assert_eq!(envelope.payload(), b"{}");
        assert_eq!(envelope.claimed_keys().collect::<Vec<_>>(), [key.public().id()]);
        assert!(envelope.signatures()[0].is_by(&key.public(), &envelope.signed_bytes()));
        assert!(!envelope.signatures()[0].is_by(&key.public(), b"{}"));
    }

    #[test]
    fn ignores_what_dsse_does_not_define() {
        let mut value = sealed();
        value["comment"] = json!("x");
        value["signatures"][0]["cert"] = json!({ "any": 1 });
        assert!(Envelope::parse(value.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn refuses_other_payloads_and_no_or_too_many_signatures() {
        assert!(matches!(refused(|value| value["payloadType"] = json!("text/plain")), EnvelopeError::PayloadType(_)));
        assert!(matches!(refused(|value| value["signatures"] = json!([])), EnvelopeError::Signatures(0)));
        let seventeen = |value: &mut Value| value["signatures"] = vec![value["signatures"][0].clone(); 17].into();
        assert!(matches!(refused(seventeen), EnvelopeError::Signatures(17)));
    }

    #[test]
    fn refuses_missing_and_malformed_fields() {
        for field in ["payloadType", "payload", "signatures"] {
            for wrong in [Value::Null, json!(5), json!({})] {
                assert!(matches!(refused(|value| value[field] = wrong), EnvelopeError::Field(_)), "{field}");
            }
            let removed = refused(|value| drop(value.as_object_mut().expect("an object").remove(field)));
            assert!(matches!(removed, EnvelopeError::Field(_)), "{field}");
        }
        assert!(matches!(Envelope::parse(b"[]"), Err(EnvelopeError::Field(_))));
    }

    #[test]
    fn base64_has_one_spelling() {
        // "{}" is e30=; the others decode to it in a lenient reader, or in the other alphabet.
        for payload in ["e30", "e31=", "e30==", "e30=\n", " e30=", "e3 0=", "-_-_", "%%%%"] {
            assert!(
                matches!(refused(|value| value["payload"] = json!(payload)), EnvelopeError::Field("payload")),
                "{payload}"
            );
        }
        for signature in ["", "e30=", &STANDARD.encode([0; 63]), &STANDARD.encode([0; 65])] {
            let error = refused(|value| value["signatures"][0]["sig"] = json!(signature));
            assert!(matches!(error, EnvelopeError::Field("signatures[].sig")), "{signature}");
        }
    }

    #[test]
    fn refuses_a_large_envelope_before_reading_it() {
        let padded = [sealed().to_string().into_bytes(), vec![b' '; MAX_ENVELOPE_BYTES]].concat();
        assert!(matches!(Envelope::parse(&padded), Err(EnvelopeError::TooLarge)));
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            prop_assert!(Envelope::parse(&bytes).is_err());
        }

        #[test]
        fn never_panics_on_what_is_nearly_an_envelope(at in 0..400_usize, byte: u8, cut in 0..400_usize) {
            let mut bytes = sealed().to_string().into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut % bytes.len());
            drop(Envelope::parse(&bytes));
        }
    }
}
