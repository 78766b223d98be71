//! The chunked coding, decoded in place (RFC 9112 section 7.1). Owns its line grammar and the
//! limits on what is not content; the strict reading everywhere.

use crate::BodyLimits;
use crate::error::BodyError;
use crate::limits::{MAX_CHUNK_DIGITS, MAX_LENGTH, TINY_CHUNK_BYTES};
use crate::trailer::Trailers;

/// Where in the coding the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// In a chunk size, after this many digits.
    Size(u8),
    Extension,
    /// After the CR of a size line.
    SizeLf,
    /// In chunk data; bytes left are in `size`.
    Data,
    DataCr,
    DataLf,
    Trailers,
    Done,
}

/// Decoder state between two pieces of input.
#[derive(Clone, Debug)]
pub(crate) struct Chunked {
    state: State,
    /// Size being read, then bytes left of the chunk.
    size: u64,
    /// Bytes of the current size line so far.
    line_bytes: usize,
    extension_bytes: usize,
    tiny_chunks: u64,
    content_bytes: u64,
    /// Made when the trailer section begins; most messages have an empty one.
    trailers: Trailers,
}

/// What one call found: bytes taken in all, and the content among them.
pub(crate) struct Step<'i> {
    pub(crate) consumed: usize,
    pub(crate) data: &'i [u8],
}

impl Chunked {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Size(0),
            size: 0,
            line_bytes: 0,
            extension_bytes: 0,
            tiny_chunks: 0,
            content_bytes: 0,
            trailers: Trailers::default(),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(crate) fn trailers(&self) -> &[u8] {
        if self.is_done() { self.trailers.lines() } else { &[] }
    }

    /// Takes framing bytes up to and with the next run of content.
    pub(crate) fn next<'i>(
        &mut self,
        input: &'i [u8],
        limits: &BodyLimits,
    ) -> Result<Step<'i>, BodyError> {
        let mut consumed = 0;
        while let Some(rest) = input.get(consumed..).filter(|rest| !rest.is_empty()) {
            match self.state {
                State::Done => break,
                State::Data => {
                    let data = rest.get(..self.size as usize).unwrap_or(rest);
                    self.size -= data.len() as u64;
                    if self.size == 0 {
                        self.state = State::DataCr;
                    }
                    consumed += data.len();
                    return Ok(Step { consumed, data });
                }
                State::Trailers => {
                    let (taken, complete) = self.trailers.collect(rest, limits)?;
                    consumed += taken;
                    if complete {
                        self.state = State::Done;
                    }
                }
                _ => consumed += self.line(rest, limits)?,
            }
        }
        Ok(Step { consumed, data: &[] })
    }

    fn begin_line(&mut self) {
        self.state = State::Size(0);
        self.size = 0;
        self.line_bytes = 0;
    }

    /// Takes bytes outside content until content, trailers or the end of `input` is reached.
    fn line(&mut self, input: &[u8], limits: &BodyLimits) -> Result<usize, BodyError> {
        for (index, &byte) in input.iter().enumerate() {
            match self.state {
                State::Data | State::Trailers | State::Done => return Ok(index),
                State::DataCr if byte == b'\r' => self.state = State::DataLf,
                State::DataLf if byte == b'\n' => self.begin_line(),
                State::DataCr | State::DataLf => return Err(BodyError::CHUNK_DATA_END),
                State::Size(_) | State::Extension | State::SizeLf => {
                    self.size_line_byte(byte, limits)?;
                }
            }
        }
        Ok(input.len())
    }

    /// One byte of a size line, its extensions and line end included.
    #[inline]
    fn size_line_byte(&mut self, byte: u8, limits: &BodyLimits) -> Result<(), BodyError> {
        self.line_bytes += 1;
        if self.line_bytes > limits.chunk_line_bytes {
            return Err(BodyError::CHUNK_LINE_LONG);
        }
        match self.state {
            State::Size(digits) => self.size_byte(byte, digits),
            State::Extension => self.extension_byte(byte, limits),
            _ if byte == b'\n' => self.begin_chunk(limits),
            _ => Err(BodyError::CHUNK_LINE_END),
        }
    }

    /// One byte of a chunk size: a digit, or what ends it. No sign, prefix or whitespace.
    fn size_byte(&mut self, byte: u8, digits: u8) -> Result<(), BodyError> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'\r' if digits > 0 => {
                self.state = State::SizeLf;
                return Ok(());
            }
            b';' if digits > 0 => {
                self.state = State::Extension;
                return Ok(());
            }
            b'\n' if digits > 0 => return Err(BodyError::CHUNK_LINE_END),
            _ => return Err(BodyError::CHUNK_SIZE),
        };
        if digits == MAX_CHUNK_DIGITS {
            return Err(BodyError::CHUNK_SIZE);
        }
        self.size = self.size << 4 | u64::from(digit);
        self.state = State::Size(digits + 1);
        Ok(())
    }

    /// One byte of chunk extensions: read over, never passed on; only the line's end counts.
    fn extension_byte(&mut self, byte: u8, limits: &BodyLimits) -> Result<(), BodyError> {
        match byte {
            b'\r' => self.state = State::SizeLf,
            b'\n' => return Err(BodyError::CHUNK_LINE_END),
            b'\t' | b' '..=b'~' | 0x80.. => {
                self.extension_bytes += 1;
                if self.extension_bytes > limits.extension_bytes_total {
                    return Err(BodyError::EXTENSIONS_LONG);
                }
            }
            _ => return Err(BodyError::CHUNK_EXTENSION),
        }
        Ok(())
    }

    /// A size line is complete: checks the size against the limits.
    fn begin_chunk(&mut self, limits: &BodyLimits) -> Result<(), BodyError> {
        if self.size == 0 {
            self.state = State::Trailers;
            return Ok(());
        }
        if self.size > MAX_LENGTH {
            return Err(BodyError::CHUNK_SIZE);
        }
        self.content_bytes = self.content_bytes.saturating_add(self.size);
        if self.content_bytes > limits.body_bytes {
            return Err(BodyError::CONTENT_LARGE);
        }
        if self.size < TINY_CHUNK_BYTES {
            self.tiny_chunks += 1;
            if self.tiny_chunks > limits.tiny_chunks {
                return Err(BodyError::TINY_CHUNKS);
            }
        }
        self.state = State::Data;
        Ok(())
    }
}
