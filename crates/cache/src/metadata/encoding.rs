//! Metadata as bytes: a fixed number of them, in a version of their own, little-endian. The
//! store's checksum tells whether they are whole; this tells whether they mean something.

use std::fmt;

use tombolo_http1::Span;

use super::{LifetimeSource, Metadata, Part};
use crate::time::Timestamp;

/// Version of the form below. Another version is not read: such an entry is a miss.
const VERSION: u8 = 1;

/// Length of the encoded form.
pub const ENCODED_BYTES: usize = 104;

const NO_CACHE: u8 = 1;
const MUST_REVALIDATE: u8 = 1 << 1;
const TARGETED: u8 = 1 << 2;
const MODIFIED: u8 = 1 << 3;
const PART: u8 = 1 << 4;
const PART_OF_KNOWN_LENGTH: u8 = 1 << 5;
const FLAGS: u8 = (1 << 6) - 1;

/// The bytes are no metadata of this version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecodeError;

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the metadata of a stored response, or of another version of the cache")
    }
}

impl std::error::Error for DecodeError {}

impl Metadata {
    /// The bytes that [`decode`](Self::decode) reads.
    pub fn encode(&self) -> [u8; ENCODED_BYTES] {
        let mut out = [0; ENCODED_BYTES];
        let mut writer = Writer { rest: &mut out };
        let part = self.part.unwrap_or(Part { first: 0, last: 0, complete: None });
        writer.put([VERSION, self.flags(), self.lifetime_source as u8, 0]);
        writer.put(self.status.to_le_bytes());
        writer.put([0; 2]);
        for number in [self.lifetime, self.stale_while_revalidate, self.stale_if_error, 0] {
            writer.put(number.to_le_bytes());
        }
        for span in [self.etag, self.last_modified_text] {
            writer.put(span.start.to_le_bytes());
            writer.put(span.end.to_le_bytes());
        }
        writer.put(self.initial_age_ms.to_le_bytes());
        let modified = self.last_modified.unwrap_or_default();
        for time in [self.request_time, self.response_time, self.date, modified] {
            writer.put(time.millis().to_le_bytes());
        }
        for number in [part.first, part.last, part.complete.unwrap_or(0)] {
            writer.put(number.to_le_bytes());
        }
        out
    }

    fn flags(&self) -> u8 {
        let set = |on: bool, flag: u8| if on { flag } else { 0 };
        set(self.no_cache, NO_CACHE)
            | set(self.must_revalidate, MUST_REVALIDATE)
            | set(self.targeted, TARGETED)
            | set(self.last_modified.is_some(), MODIFIED)
            | set(self.part.is_some(), PART)
            | set(self.part.is_some_and(|part| part.complete.is_some()), PART_OF_KNOWN_LENGTH)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// The bytes are of another length or version, or contradict themselves.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() != ENCODED_BYTES {
            return Err(DecodeError);
        }
        Reader { rest: bytes }.metadata().ok_or(DecodeError)
    }
}

struct Writer<'a> {
    rest: &'a mut [u8],
}

impl Writer<'_> {
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some((head, rest)) = std::mem::take(&mut self.rest).split_first_chunk_mut::<N>() {
            *head = bytes;
            self.rest = rest;
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.take().map(|bytes| Timestamp::from_millis(i64::from_le_bytes(bytes)))
    }

    fn span(&mut self) -> Option<Span> {
        Some(Span { start: self.u32()?, end: self.u32()? })
    }

    fn metadata(&mut self) -> Option<Metadata> {
        let [VERSION, flags, source, 0] = self.take()? else { return None };
        if flags & !FLAGS != 0 {
            return None;
        }
        let has = |flag: u8| flags & flag != 0;
        let status = self.take().map(u16::from_le_bytes)?;
        let _padding: [u8; 2] = self.take()?;
        let mut found = Metadata {
            status: (200..=999).contains(&status).then_some(status)?,
            lifetime_source: lifetime_source(source)?,
            lifetime: self.u32()?,
            stale_while_revalidate: self.u32()?,
            stale_if_error: self.u32()?,
            no_cache: has(NO_CACHE),
            must_revalidate: has(MUST_REVALIDATE),
            targeted: has(TARGETED),
            ..Metadata::default()
        };
        let _padding = self.u32()?;
        found.etag = self.span()?;
        found.last_modified_text = self.span()?;
        found.initial_age_ms = self.u64()?;
        found.request_time = self.time()?;
        found.response_time = self.time()?;
        found.date = self.time()?;
        found.last_modified = Some(self.time()?).filter(|_| has(MODIFIED));
        let (first, last, complete) = (self.u64()?, self.u64()?, self.u64()?);
        if has(PART) {
            let complete = has(PART_OF_KNOWN_LENGTH).then_some(complete);
            let fits = first <= last && complete.is_none_or(|complete| last < complete);
            found.part = Some(fits.then_some(Part { first, last, complete })?);
        }
        Some(found)
    }
}

fn lifetime_source(number: u8) -> Option<LifetimeSource> {
    use LifetimeSource::{Default, Expires, Heuristic, MaxAge, Nothing, SMaxage};
    [Nothing, SMaxage, MaxAge, Expires, Default, Heuristic]
        .into_iter()
        .find(|source| *source as u8 == number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn example() -> Metadata {
        Metadata {
            status: 206,
            request_time: Timestamp::from_millis(1),
            response_time: Timestamp::from_millis(-2),
            date: Timestamp::from_secs(3),
            initial_age_ms: 4,
            lifetime: 5,
            lifetime_source: LifetimeSource::Heuristic,
            stale_while_revalidate: 6,
            stale_if_error: 7,
            no_cache: true,
            must_revalidate: false,
            targeted: true,
            etag: Span { start: 8, end: 9 },
            last_modified_text: Span { start: 10, end: 11 },
            last_modified: Some(Timestamp::from_secs(12)),
            part: Some(Part { first: 13, last: 14, complete: Some(15) }),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = example().encode();
        assert_eq!(Metadata::decode(&bytes), Ok(example()));
        assert_ne!(bytes.last_chunk::<8>(), Some(&[0; 8]), "the last number fits");
        let plain = Metadata { status: 200, ..Metadata::default() };
        assert_eq!(Metadata::decode(&plain.encode()), Ok(plain));
    }

    #[test]
    fn other_versions_and_contradictions_are_refused() {
        for (index, byte) in [(0, 2), (1, 0xff), (2, 9), (4, 0), (96, 12)] {
            let mut bytes = example().encode();
            bytes[index] = byte;
            assert_eq!(Metadata::decode(&bytes), Err(DecodeError), "byte {index}");
        }
        assert_eq!(Metadata::decode(&example().encode()[1..]), Err(DecodeError));
    }

    proptest! {
        #[test]
        fn any_bytes_are_metadata_or_refused(bytes in prop::array::uniform32(any::<u8>())) {
            let mut whole = example().encode();
            for (to, from) in whole.iter_mut().skip(1).step_by(4).zip(bytes) {
                *to = from;
            }
            if let Ok(read) = Metadata::decode(&whole) {
                prop_assert_eq!(Metadata::decode(&read.encode()), Ok(read));
            }
        }
    }
}
