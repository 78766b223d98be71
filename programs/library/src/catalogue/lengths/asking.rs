//! The child's side: a file whose pieces are asked for. It says where and how many bytes on standard
//! output and reads them from standard input; at the end it says the length.

use std::io::{self, Read, Seek, SeekFrom, Write};

use symphonia::core::io::MediaSource;

use super::super::child::give_up_all;
use super::measure::measure;
use crate::limits;

/// Works on standard input and output: first the file's size comes in.
///
/// # Errors
/// When it cannot be confined, or its streams fail.
pub(crate) fn run() -> io::Result<()> {
    give_up_all("length")?;
    let mut size = [0; 8];
    io::stdin().read_exact(&mut size)?;
    let source = Asking { size: u64::from_le_bytes(size), place: 0 };
    let seconds = measure(Box::new(source)).unwrap_or(u64::MAX);
    say(seconds, 0)
}

/// A question for bytes; with none of them the answer.
fn say(number: u64, bytes: u32) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(&number.to_le_bytes())?;
    out.write_all(&bytes.to_le_bytes())?;
    out.flush()
}

/// The file, at the parent.
struct Asking {
    size: u64,
    place: u64,
}

impl Read for Asking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(self.place)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left).min(limits::LENGTH_PIECE_BYTES);
        if count == 0 {
            return Ok(0);
        }
        say(self.place, u32::try_from(count).map_err(io::Error::other)?)?;
        let into = buffer.get_mut(..count).ok_or(io::ErrorKind::InvalidInput)?;
        io::stdin().read_exact(into)?;
        self.place = self.place.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for Asking {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.place.checked_add_signed(by),
        };
        self.place = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.place)
    }
}

impl MediaSource for Asking {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size)
    }
}
