//! What holds for every component and every envelope.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn no_changed_component_is_accepted(wasm in proptest::collection::vec(any::<u8>(), 0..40), at in 0..20_usize) {
        let (policy, statement) = &*HONEST;
        let inserted = [&WASM[..at], &wasm, &WASM[at..]].concat();
        let expected = if wasm.is_empty() { "accepted" } else { "digest-mismatch" };
        prop_assert_eq!(code(candidate(&inserted, statement.clone()), policy), expected);
    }

    #[test]
    fn no_changed_envelope_says_something_else(at: prop::sample::Index, bit in 0..8_u32) {
        let (policy, statement) = &*HONEST;
        let mut envelope = statement.to_vec();
        let at = at.index(envelope.len());
        envelope[at] ^= 1 << bit;
        // A change may hit a field that nobody reads; then the same statement still holds, and nothing else can.
        if let Ok(package) = verify(candidate(WASM, envelope.into()), policy, &anything()) {
            let honest = Envelope::parse(statement).expect("an envelope");
            prop_assert_eq!(package.statement_digest(), Some(Digest::of(honest.payload())));
        }
    }

    #[test]
    fn no_bytes_beside_a_component_make_verification_panic(envelope: Vec<u8>) {
        prop_assert_eq!(code(candidate(WASM, envelope.into()), &HONEST.0), "statement-invalid");
    }
}
