//! The file of one stored response, as bytes. No I/O: slices in, slices and numbers out.
//!
//! ```text
//! fixed part, 88 bytes, little-endian
//!    0  magic "TMBLCACH"     8  version u16   10  kind u8   11  1: the body is aligned
//!   12  length of key u32   16  of variant   20  of tags   24  of metadata   28  of head
//!   32  length of body u64  40  purge stamp  48  time stored, ms  56  generation
//!   64  checksum of the bytes 0..64 and of the block that follows the fixed part
//!   72  soft-purge mark     80  checksum of the mark
//! block: key · variant · tags · metadata · head
//! body: behind the block, or where it is aligned at the next multiple of 64 KiB, a hole before it
//! table: a checksum for each 64 KiB of the body · checksum of the table and of the front's
//! ```
//! Checksums are XXH3 with 64 bits: they find accidents (torn writes, flipped bits, foreign
//! files), not attackers who can write to the directory. The mark is the one part that is
//! overwritten in place, and has its own checksum for that reason.

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::settings::{BLOCK, MAX_FIELD, MAX_HEAD};

/// Length of the fixed part in bytes.
pub const FIXED: usize = 88;
/// Where the mark is.
pub(super) const MARK_AT: u64 = 72;
const MAGIC: &[u8; 8] = b"TMBLCACH";
const VERSION: u16 = 1;
/// Of a mark that is not what was written: stale, and for good.
const MARK_UNREADABLE: u64 = u64::MAX;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A response.
    Response,
    /// How the responses of a key vary: lists of field names in the metadata, and no body.
    Vary,
}

/// Why bytes are not a stored response.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Corrupt {
    /// Shorter or longer than it says.
    #[error("the file is cut short or has a tail")]
    Length,
    /// Written by another program, or by another version of this one.
    #[error("the file is not of this format and version")]
    Foreign,
    /// Lengths beyond the limits, or unknown kind.
    #[error("the lengths in the file's header make no sense")]
    Nonsense,
    /// Other bytes than were written.
    #[error("a checksum in the file does not match")]
    Checksum,
}

/// The numbers of the fixed part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fixed {
    /// What the file holds.
    pub kind: Kind,
    /// Lengths of key, variant, tags, metadata and head.
    pub lengths: [u32; 5],
    /// The body begins at a multiple of [`BLOCK`]. Large pages of the page cache fit it then, which
    /// makes sending it cheaper.
    pub aligned: bool,
    /// Length of the body.
    pub body: u64,
    /// The newest purge when the response was asked for; later purges hit it.
    pub stamp: u64,
    /// When it was stored, in milliseconds since 1970.
    pub stored_at: u64,
    /// Which record of the key a variant belongs to.
    pub generation: u64,
    /// Checksum of fixed part and block.
    pub sum: u64,
    /// Purge stamp of the newest soft purge that hit it, 0 for none.
    pub soft: u64,
}

impl Fixed {
    /// Length of the block in bytes.
    pub fn block(&self) -> usize {
        self.lengths.iter().map(|&length| length as usize).sum()
    }

    /// Where the body begins.
    pub fn body_at(&self) -> u64 {
        let front = FIXED + self.block();
        let at = if self.aligned { front.next_multiple_of(BLOCK) } else { front };
        at as u64
    }

    /// Length of the whole file, `None` beyond what a file can have.
    pub fn file_length(&self) -> Option<u64> {
        self.body_at().checked_add(self.body)?.checked_add(table_length(self.body))
    }
}

/// Length of the table of checksums of a body of that length.
pub fn table_length(body: u64) -> u64 {
    (body.div_ceil(BLOCK as u64) + 1).saturating_mul(8)
}

/// Reads the fixed part from the beginning of a file.
///
/// # Errors
/// [`Corrupt`]: too short, of another format, or with lengths beyond the limits. Checksums other
/// than the mark's are not looked at: that takes the block, see [`check_front`].
pub fn parse_fixed(file: &[u8]) -> Result<Fixed, Corrupt> {
    let fixed: &[u8; FIXED] = file.first_chunk().ok_or(Corrupt::Length)?;
    if fixed.first_chunk() != Some(MAGIC) || u16_at(fixed, 8) != VERSION {
        return Err(Corrupt::Foreign);
    }
    let (kind, aligned) = match fixed.get(10..12) {
        Some([0, aligned @ 0..=1]) => (Kind::Response, *aligned == 1),
        Some([1, 0]) => (Kind::Vary, false),
        _ => return Err(Corrupt::Nonsense),
    };
    let lengths = [12, 16, 20, 24, 28].map(|at| u32_at(fixed, at));
    let limits = [MAX_FIELD, MAX_FIELD, MAX_FIELD, MAX_FIELD, MAX_HEAD];
    let soft = u64_at(fixed, 72);
    let fixed = Fixed {
        kind,
        lengths,
        aligned,
        body: u64_at(fixed, 32),
        stamp: u64_at(fixed, 40),
        stored_at: u64_at(fixed, 48),
        generation: u64_at(fixed, 56),
        sum: u64_at(fixed, 64),
        soft: if u64_at(fixed, 80) == mark_sum(soft) { soft } else { MARK_UNREADABLE },
    };
    if lengths.iter().zip(limits).any(|(&length, limit)| length as usize > limit)
        || fixed.file_length().is_none_or(|length| length > i64::MAX as u64)
    {
        return Err(Corrupt::Nonsense);
    }
    Ok(fixed)
}

/// Compares fixed part and block with their checksum. `file` holds at least both.
///
/// # Errors
/// [`Corrupt`]: cut short or altered.
pub fn check_front(fixed: &Fixed, file: &[u8]) -> Result<(), Corrupt> {
    let block = file.get(FIXED..FIXED + fixed.block()).ok_or(Corrupt::Length)?;
    let head = file.get(..64).ok_or(Corrupt::Length)?;
    if front_sum(head, block) == fixed.sum { Ok(()) } else { Err(Corrupt::Checksum) }
}

/// Reads the table at the end of a file: a checksum for each block of the body.
///
/// # Errors
/// [`Corrupt`]: of another length, or altered.
pub fn parse_table(fixed: &Fixed, table: &[u8]) -> Result<Vec<u64>, Corrupt> {
    if table.len() as u64 != table_length(fixed.body) {
        return Err(Corrupt::Length);
    }
    let (sums, own) = table.split_last_chunk::<8>().ok_or(Corrupt::Length)?;
    if u64::from_le_bytes(*own) != xxh3_64_with_seed(sums, fixed.sum) {
        return Err(Corrupt::Checksum);
    }
    Ok(sums.as_chunks::<8>().0.iter().map(|&sum| u64::from_le_bytes(sum)).collect())
}

/// Compares bytes of the body with the table. They begin at the block `first` and end at the end
/// of a block or of the body.
///
/// # Errors
/// [`Corrupt`]: altered, or beyond the table.
pub fn check_blocks(table: &[u64], first: usize, bytes: &[u8]) -> Result<(), Corrupt> {
    for (at, block) in bytes.chunks(BLOCK).enumerate() {
        let at = first + at;
        if table.get(at).ok_or(Corrupt::Length)? != &block_sum(at, block) {
            return Err(Corrupt::Checksum);
        }
    }
    Ok(())
}

/// Reads a whole file: the numbers, and where the body lies in it.
///
/// # Errors
/// [`Corrupt`]: anything but the bytes that were written.
pub fn parse_whole(file: &[u8]) -> Result<(Fixed, std::ops::Range<usize>), Corrupt> {
    let fixed = parse_fixed(file)?;
    if fixed.file_length() != Some(file.len() as u64) {
        return Err(Corrupt::Length);
    }
    check_front(&fixed, file)?;
    let start = usize::try_from(fixed.body_at()).map_err(|_| Corrupt::Nonsense)?;
    let end = start + usize::try_from(fixed.body).map_err(|_| Corrupt::Nonsense)?;
    let table = parse_table(&fixed, file.get(end..).ok_or(Corrupt::Length)?)?;
    check_blocks(&table, 0, file.get(start..end).ok_or(Corrupt::Length)?)?;
    Ok((fixed, start..end))
}

/// Writes fixed part and block, and gives the numbers with the checksum filled in. `parts` are
/// key, variant, tags, metadata and head; [`Fixed::lengths`] and [`Fixed::sum`] are set from them.
pub fn write_front(mut fixed: Fixed, parts: [&[u8]; 5]) -> (Fixed, Vec<u8>) {
    fixed.lengths = parts.map(|part| u32::try_from(part.len()).unwrap_or(u32::MAX));
    let mut out = Vec::with_capacity(FIXED + fixed.block());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[u8::from(fixed.kind == Kind::Vary), u8::from(fixed.aligned)]);
    fixed.lengths.iter().for_each(|length| out.extend_from_slice(&length.to_le_bytes()));
    for number in [fixed.body, fixed.stamp, fixed.stored_at, fixed.generation] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    let mut sum = Xxh3::new();
    sum.update(&out);
    parts.iter().for_each(|part| sum.update(part));
    fixed.sum = sum.digest();
    out.extend_from_slice(&fixed.sum.to_le_bytes());
    out.extend_from_slice(&mark(fixed.soft));
    parts.iter().for_each(|part| out.extend_from_slice(part));
    (fixed, out)
}

/// Writes the table of a body with these checksums, for a front with the checksum `front`.
pub fn write_table(sums: &[u64], front: u64) -> Vec<u8> {
    let mut out: Vec<u8> = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
    let own = xxh3_64_with_seed(&out, front);
    out.extend_from_slice(&own.to_le_bytes());
    out
}

/// Writes a whole file: `parts` as for [`write_front`], and the body, whose length is set.
pub fn write_whole(fixed: Fixed, parts: [&[u8]; 5], body: &[u8]) -> Vec<u8> {
    let (fixed, mut out) = write_front(Fixed { body: body.len() as u64, ..fixed }, parts);
    let mut sums = BodySums::default();
    sums.update(body);
    out.resize(usize::try_from(fixed.body_at()).unwrap_or(usize::MAX), 0);
    out.extend_from_slice(body);
    out.extend_from_slice(&write_table(&sums.finish(), fixed.sum));
    out
}

/// The mark of a soft purge, to be written at [`MARK_AT`].
pub(super) fn mark(soft: u64) -> [u8; 16] {
    let mut out = [0; 16];
    let parts = soft.to_le_bytes().into_iter().chain(mark_sum(soft).to_le_bytes());
    out.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    out
}

fn mark_sum(soft: u64) -> u64 {
    xxh3_64_with_seed(&soft.to_le_bytes(), 0x6d61_726b)
}

fn block_sum(at: usize, block: &[u8]) -> u64 {
    // The place is part of it: blocks that changed places are found.
    xxh3_64_with_seed(block, at as u64)
}

fn front_sum(head: &[u8], block: &[u8]) -> u64 {
    let mut sum = Xxh3::new();
    sum.update(head);
    sum.update(block);
    sum.digest()
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let two = bytes.get(at..).and_then(<[u8]>::first_chunk);
    two.map_or(0, |&two| u16::from_le_bytes(two))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..).and_then(<[u8]>::first_chunk);
    four.map_or(0, |&four| u32::from_le_bytes(four))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes.get(at..).and_then(<[u8]>::first_chunk);
    eight.map_or(0, |&eight| u64::from_le_bytes(eight))
}

// --- checksums of a body as it passes ---

/// Makes the table of a body that comes in pieces.
pub(super) struct BodySums {
    sums: Vec<u64>,
    block: Xxh3,
    filled: usize,
}

impl Default for BodySums {
    fn default() -> Self {
        Self { sums: Vec::new(), block: Xxh3::with_seed(0), filled: 0 }
    }
}

impl BodySums {
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            self.block.update(now);
            self.filled += now.len();
            bytes = later;
            if self.filled == BLOCK {
                self.close();
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<u64> {
        if self.filled > 0 {
            self.close();
        }
        self.sums
    }

    fn close(&mut self) {
        self.sums.push(self.block.digest());
        self.block = Xxh3::with_seed(self.sums.len() as u64);
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const NUMBERS: Fixed = Fixed {
        kind: Kind::Response,
        lengths: [0; 5],
        aligned: false,
        body: 0,
        stamp: 7,
        stored_at: 8,
        generation: 9,
        sum: 0,
        soft: 10,
    };

    proptest! {
        #[test]
        fn what_is_written_is_read(
            parts in proptest::array::uniform5(vec(any::<u8>(), 0..300)),
            body in vec(any::<u8>(), 0..1000),
            repeat in 1_usize..200,
            aligned in any::<bool>(),
        ) {
            let body = body.repeat(repeat);
            let parts = parts.each_ref().map(Vec::as_slice);
            let file = write_whole(Fixed { aligned, ..NUMBERS }, parts, &body);
            let (fixed, at) = parse_whole(&file).unwrap();
            prop_assert_eq!((fixed.aligned, at.start as u64), (aligned, fixed.body_at()));
            prop_assert!(!aligned || at.start % BLOCK == 0);
            prop_assert_eq!((fixed.stamp, fixed.stored_at, fixed.generation, fixed.soft), (7, 8, 9, 10));
            prop_assert!(file[at.clone()] == body);
            prop_assert_eq!(&file[FIXED..FIXED + fixed.block()], parts.concat());
        }

        #[test]
        fn any_change_is_noticed(
            body in vec(any::<u8>(), 0..3000),
            at in any::<prop::sample::Index>(),
            to in any::<u8>(),
        ) {
            let parts = [&b"key"[..], b"", b"tag", b"meta", b"head"];
            let good = write_whole(NUMBERS, parts, &body);
            let mut bad = good.clone();
            let at = at.index(bad.len());
            bad[at] = to;
            match parse_whole(&bad) {
                Err(_) => {}
                Ok((fixed, _)) if bad != good => {
                    prop_assert!((72..88).contains(&at));
                    prop_assert_eq!(fixed.soft, MARK_UNREADABLE);
                }
                Ok(_) => {}
            }
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(
            mut bytes in vec(any::<u8>(), 0..400),
            magic in any::<bool>(),
        ) {
            if magic && bytes.len() > 12 {
                bytes[..8].copy_from_slice(MAGIC);
                bytes[8..12].copy_from_slice(&[1, 0, 0, 0]);
            }
            prop_assert!(parse_whole(&bytes).is_err());
        }
    }

    #[test]
    fn blocks_that_changed_places_are_noticed() {
        let body: Vec<u8> = [vec![1; BLOCK], vec![2; BLOCK]].concat();
        let file = write_whole(NUMBERS, [b"k", b"", b"", b"", b""], &body);
        let (_, at) = parse_whole(&file).unwrap();
        let mut swapped = file.clone();
        swapped[at].rotate_left(BLOCK);
        assert_eq!(parse_whole(&swapped).err(), Some(Corrupt::Checksum));
    }

    #[test]
    fn lengths_that_overflow_are_nonsense() {
        let mut file = write_whole(NUMBERS, [b"k", b"", b"", b"", b""], b"");
        for body in [u64::MAX, u64::MAX - 100, i64::MAX as u64] {
            file[32..40].copy_from_slice(&body.to_le_bytes());
            assert_eq!(parse_fixed(&file), Err(Corrupt::Nonsense));
        }
    }
}
