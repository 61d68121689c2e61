//! Randomness for secrets and names that a test can recognise anywhere.

/// Random bytes.
///
/// # Panics
/// When the operating system has no randomness.
pub(crate) fn bytes<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut random = [0; LENGTH];
    getrandom::fill(&mut random).expect("the operating system has randomness");
    random
}

/// Sixteen random bytes as lower-case hexadecimal.
pub(crate) fn hex() -> String {
    hex::encode(bytes::<16>())
}
