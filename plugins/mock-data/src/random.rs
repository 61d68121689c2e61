//! Repeatable numbers.

/// `SplitMix64` (Steele, Lea, Flood 2014): enough to vary mock data, and the same on every platform and release.
pub(crate) struct Random(u64);

impl Random {
    /// A stream of its own for each `purpose`, so that adding data of one kind never changes another kind.
    pub(crate) fn for_purpose(purpose: &str) -> Self {
        const SEED: u64 = 0x004e_6578_7573;
        Self(purpose.bytes().fold(SEED, |seed, byte| seed.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        // 32 bits times 32 bits, shifted down by 32, is below `bound` and so fits.
        u32::try_from(((self.next() >> 32) * u64::from(bound)) >> 32).unwrap_or_default()
    }

    /// One of `choices`.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(u32::try_from(choices.len()).ok()?) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_repeats_and_differs_from_another() {
        let draw = |purpose| {
            let mut random = Random::for_purpose(purpose);
            [0; 8].map(|_: u32| random.below(1000))
        };
        assert_eq!(draw("shipments"), draw("shipments"));
        assert_ne!(draw("shipments"), draw("people"));
        assert!(draw("people").iter().all(|number| *number < 1000));
    }
}
