//! The front of a stored response, in memory: key, tags, metadata and head in one buffer.

use bytes::Bytes;

use super::format::Fixed;

/// Everything of a stored response but its body.
#[derive(Clone, Debug)]
pub struct Front {
    fixed: Fixed,
    block: Bytes,
}

impl Front {
    /// `block` is what follows the fixed part, and was checked.
    pub(super) fn new(fixed: Fixed, block: Bytes) -> Self {
        Self { fixed, block }
    }

    pub(super) fn with_body_length(&self, length: u64) -> Self {
        Self { fixed: Fixed { body: length, ..self.fixed }, block: self.block.clone() }
    }

    fn part(&self, at: usize) -> std::ops::Range<usize> {
        let before = self.fixed.lengths.iter().take(at).map(|&length| length as usize).sum();
        let length = self.fixed.lengths.get(at).map_or(0, |&length| length as usize);
        before..before + length
    }

    fn bytes(&self, at: usize) -> &[u8] {
        self.block.get(self.part(at)).unwrap_or_default()
    }

    pub(super) const fn fixed(&self) -> &Fixed {
        &self.fixed
    }

    /// The text of the key.
    pub fn key(&self) -> &[u8] {
        self.bytes(0)
    }

    /// The text of the variant, empty when the response does not vary.
    pub fn variant(&self) -> &[u8] {
        self.bytes(1)
    }

    /// The tags it can be purged by.
    pub fn tags(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes(2).split(|&byte| byte == b'\n').filter(|tag| !tag.is_empty())
    }

    pub(super) fn raw_tags(&self) -> &[u8] {
        self.bytes(2)
    }

    /// What the caller gave to be kept beside the response.
    pub fn meta(&self) -> &[u8] {
        self.bytes(3)
    }

    /// The head of the response.
    pub fn head(&self) -> &[u8] {
        self.bytes(4)
    }

    /// The head of the response, as a share of the buffer it lies in.
    pub fn head_bytes(&self) -> Bytes {
        let part = self.part(4);
        if part.end <= self.block.len() { self.block.slice(part) } else { Bytes::new() }
    }

    /// Length of the body in bytes.
    pub const fn body_length(&self) -> u64 {
        self.fixed.body
    }

    /// When it was stored, in milliseconds since 1970.
    pub const fn stored_at_ms(&self) -> u64 {
        self.fixed.stored_at
    }

    /// Bytes it takes in memory.
    pub(super) fn size(&self) -> u64 {
        self.block.len() as u64
    }
}
