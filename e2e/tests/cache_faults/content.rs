//! Bodies in which every eight bytes belong to one body and one place, so that whatever is torn,
//! mixed or shifted is found.

/// Makes a body of `length` bytes (in whole words, at least two) out of a seed.
pub(crate) fn body(seed: u64, length: usize) -> Vec<u8> {
    let words = (length / 8).max(2) as u64;
    let mut out = Vec::with_capacity(words as usize * 8);
    for at in 0..words {
        out.extend_from_slice(&word(seed, words, at).to_le_bytes());
    }
    out
}

fn word(seed: u64, words: u64, at: u64) -> u64 {
    match at {
        0 => seed,
        1 => words,
        _ => (seed ^ at.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15),
    }
}

/// The seed of a whole body.
pub(crate) fn seed_of(body: &[u8]) -> Result<u64, String> {
    let (words, rest) = body.as_chunks::<8>();
    let [seed, length, ..] = words else { return Err(format!("{} bytes", body.len())) };
    let (seed, length) = (u64::from_le_bytes(*seed), u64::from_le_bytes(*length));
    if !rest.is_empty() || length != words.len() as u64 {
        return Err(format!("{} bytes of seed {seed}, not {length} words", body.len()));
    }
    starts(seed, body).map(|()| seed)
}

/// Whether these bytes are the beginning of a body with that seed.
pub(crate) fn starts(seed: u64, bytes: &[u8]) -> Result<(), String> {
    let words = bytes.as_chunks::<8>().0;
    let length = words.get(1).map_or(0, |word| u64::from_le_bytes(*word));
    for (at, found) in words.iter().enumerate() {
        if u64::from_le_bytes(*found) != word(seed, length, at as u64) {
            return Err(format!("another body's bytes at {} of seed {seed}", at * 8));
        }
    }
    Ok(())
}

#[test]
fn a_torn_or_mixed_body_is_told_from_a_whole_one() {
    let (one, other) = (body(1, 800), body(2, 800));
    assert_eq!(seed_of(&one), Ok(1));
    assert!(seed_of(&one[..792]).is_err());
    assert!(seed_of(&[&one[..400], &other[400..]].concat()).is_err());
    assert!(seed_of(&[&one[..400], &one[408..], &one[400..408]].concat()).is_err());
}
