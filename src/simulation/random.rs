//! Chance, by a seed.

/// SplitMix64: small, and every seed is a good one.
#[derive(Default)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    pub(super) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Of four changes, how many an outage keeps. All and none are the likeliest in life and
    /// would hardly ever come from independent draws.
    pub(super) fn odds(&mut self) -> u64 {
        self.below(5)
    }
}
