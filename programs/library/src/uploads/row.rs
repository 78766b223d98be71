//! An upload as the database has it.

use tombolo_storage::{Error, Query, Row, Work};

use super::metadata::read_metadata;
use crate::catalogue::Folder;
use crate::content::{Kept, Place};
use crate::ids::{ContentId, ItemId, UploadId, UserId};
use crate::time::Time;

/// What an upload is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file.
    Whole,
    /// A piece that `final` joins with others (`partial` in tus).
    Piece,
    /// What is joined of pieces (`final` in tus).
    Joined,
}

/// What has become of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its bytes come in, or may come in.
    Receiving,
    /// Its pieces are being joined.
    Joining,
    /// All of it is there.
    Complete,
    /// It cannot go on.
    Failed,
    /// It was given up or has expired; its bytes are to be removed.
    Ended,
    /// The same, and its bytes are removed.
    Gone,
}

impl Kind {
    /// As the table has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Piece => "piece",
            Self::Joined => "joined",
        }
    }
}

impl State {
    /// As the table has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Joining => "joining",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Ended => "ended",
            Self::Gone => "gone",
        }
    }
}

/// An upload.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) id: UploadId,
    pub(crate) owner: UserId,
    pub(crate) content: ContentId,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) length: Option<u64>,
    /// Bytes that are acknowledged.
    pub(crate) offset: u64,
    pub(crate) epoch: i64,
    pub(crate) holder: Option<String>,
    /// `Upload-Metadata` as it was sent.
    pub(crate) metadata: Option<String>,
    pub(crate) name: String,
    pub(crate) media_type: Option<String>,
    pub(crate) digest: Vec<u8>,
    pub(crate) expected: Option<[u8; 32]>,
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) session: Option<String>,
    pub(crate) tail: Option<String>,
    pub(crate) pieces: Vec<UploadId>,
    pub(crate) item: Option<ItemId>,
    pub(crate) failure: Option<String>,
    pub(crate) created: Time,
    pub(crate) expires: Time,
}

/// The columns in the order in which [`Upload::of_row`] reads them.
macro_rules! columns {
    () => {
        "id, owner, content, kind, state, length, received, epoch, holder, metadata, name, \
         media_type, digest, expected, sha256, session, tail, pieces, item, failure, \
         created, expires"
    };
}
pub(crate) use columns;

const BAD: Error = Error::Program { words: "an upload in the database cannot be read" };

impl Upload {
    /// Reads a row of [`columns`].
    pub(crate) fn of_row(row: &Row) -> Result<Self, Error> {
        let bytes = |column| -> Result<Option<u64>, Error> {
            let number: Option<i64> = row.get(column)?;
            Ok(number.and_then(|number| u64::try_from(number).ok()))
        };
        let sha256 = |column| -> Result<Option<[u8; 32]>, Error> {
            let bytes: Option<Vec<u8>> = row.get(column)?;
            bytes.map(|bytes| bytes.try_into().map_err(|_| BAD)).transpose()
        };
        let pieces: Option<String> = row.get(17)?;
        let pieces = pieces.map(|text| serde_json::from_str(&text)).transpose();
        Ok(Self {
            id: UploadId::of_row(row, 0)?,
            owner: UserId::of_row(row, 1)?,
            content: ContentId::of_row(row, 2)?,
            kind: kind(&row.get::<String>(3)?).ok_or(BAD)?,
            state: state(&row.get::<String>(4)?).ok_or(BAD)?,
            length: bytes(5)?,
            offset: bytes(6)?.ok_or(BAD)?,
            epoch: row.get(7)?,
            holder: row.get(8)?,
            metadata: row.get(9)?,
            name: row.get(10)?,
            media_type: row.get(11)?,
            digest: row.get(12)?,
            expected: sha256(13)?,
            sha256: sha256(14)?,
            session: row.get(15)?,
            tail: row.get(16)?,
            pieces: pieces.map_err(|_| BAD)?.unwrap_or_default(),
            item: ItemId::of_row_if_any(row, 18)?,
            failure: row.get(19)?,
            created: Time::of_row(row, 20)?,
            expires: Time::of_row(row, 21)?,
        })
    }

    /// The folders that the file lay in, as its client says. What was taken when it was created is
    /// well-formed.
    pub(crate) fn folder(&self) -> Folder {
        let said = self.metadata.as_deref().map(read_metadata);
        said.and_then(Result::ok).map(|said| said.folder).unwrap_or_default()
    }

    /// Where its bytes are.
    pub(crate) fn place(&self) -> Place {
        Place { upload: self.id, content: self.content }
    }

    /// What is kept of its bytes, with its parts.
    pub(crate) fn kept(&self, parts: Vec<String>) -> Kept {
        let (session, tail) = (self.session.clone(), self.tail.clone());
        Kept { offset: self.offset, session, tail, parts }
    }

    /// Whether all of its bytes are there, though it may not be complete yet.
    pub(crate) fn has_all(&self) -> bool {
        self.length == Some(self.offset)
    }
}

/// The statement that finds an owner's upload.
pub(crate) fn of_owner(id: UploadId, owner: UserId) -> Query {
    Query::new(concat!("SELECT ", columns!(), " FROM library_upload WHERE id = $1 AND owner = $2"))
        .bind(id)
        .bind(owner)
}

/// An upload, whoever's it is.
pub(crate) async fn find(work: &mut Work<'_>, id: UploadId) -> Result<Option<Upload>, Error> {
    let find = concat!("SELECT ", columns!(), " FROM library_upload WHERE id = $1");
    work.row(Query::new(find).bind(id)).await?.as_ref().map(Upload::of_row).transpose()
}

/// The parts of an upload in an object store, in order.
pub(crate) async fn parts(work: &mut Work<'_>, upload: &Upload) -> Result<Vec<String>, Error> {
    if upload.session.is_none() {
        return Ok(Vec::new());
    }
    let find = "SELECT part FROM library_upload_part WHERE upload = $1 ORDER BY number";
    let rows = work.rows(Query::new(find).bind(upload.id)).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Bytes as the database counts them.
pub(crate) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn kind(text: &str) -> Option<Kind> {
    [Kind::Whole, Kind::Piece, Kind::Joined].into_iter().find(|kind| kind.name() == text)
}

fn state(text: &str) -> Option<State> {
    use State::{Complete, Ended, Failed, Gone, Joining, Receiving};
    let all = [Receiving, Joining, Complete, Failed, Ended, Gone];
    all.into_iter().find(|state| state.name() == text)
}
