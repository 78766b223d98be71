//! Seeded chance: tests that try many arrangements print their seed, and one variable replays it.

/// A small generator (xorshift64*); the same seed gives the same sequence for ever.
pub struct Chance {
    state: u64,
    seed: u64,
}

impl Chance {
    /// Seeded by `TOMBOLO_SEED`, or anew. The seed is printed, and shown when the test fails.
    pub fn new() -> Self {
        let given = std::env::var("TOMBOLO_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let since = std::time::UNIX_EPOCH.elapsed().expect("the clock is past 1970");
            since.as_nanos() as u64 ^ u64::from(std::process::id()) << 32
        });
        println!("to replay: TOMBOLO_SEED={seed}");
        Self::from_seed(seed)
    }

    /// Seeded by the caller.
    pub fn from_seed(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, seed }
    }

    /// The seed it began with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Bytes without pattern.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(length).collect()
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays() {
        let (mut one, mut two) = (Chance::from_seed(7), Chance::from_seed(7));
        assert_eq!(one.bytes(100), two.bytes(100));
        assert!((0..1000).all(|_| one.below(3) < 3));
        assert_ne!(Chance::from_seed(8).bytes(8), two.bytes(8));
    }
}
