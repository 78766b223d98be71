//! One representation of a resource: its content and what the answer says of it.
//!
//! Made by an origin ([`crate::folder`], [`crate::landing`]), turned into a response by
//! [`crate::respond`].

use std::time::SystemTime;

use bytes::Bytes;

use crate::accept_encoding::Coding;
use crate::entity_tag::EntityTag;
use crate::language::Language;
use crate::stored_file::StoredFile;

/// The bytes of a representation.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Memory(Bytes),
    /// Read while it is sent.
    File(StoredFile),
}

impl Content {
    /// Length in bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(file) => file.stamp().size,
        }
    }
}

/// A representation, as selected for a request.
#[derive(Debug, Clone)]
pub(crate) struct Representation {
    pub(crate) content: Content,
    pub(crate) etag: EntityTag,
    /// In whole seconds, never in the future (RFC 9110, section 8.8.2.1).
    pub(crate) last_modified: Option<SystemTime>,
    pub(crate) media_type: &'static str,
    pub(crate) coding: Option<Coding>,
    pub(crate) language: Option<Language>,
    /// The request fields the selection depended on.
    pub(crate) vary: Option<&'static str>,
    /// None leaves freshness to the caches in between and their operator.
    pub(crate) cache_control: Option<&'static str>,
    pub(crate) security_policy: Option<&'static str>,
}
