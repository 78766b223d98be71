//! An item as the table has it and as the API tells it.

use serde::Serialize;
use tombolo_storage::{Error, Row};
use utoipa::ToSchema;

use super::kinds::Kind;
use super::visibility::Visibility;
use crate::ids::{ContentId, ItemId, UserId};
use crate::time::Time;

/// The columns that [`Item::of_row`] reads, of a table called `i`, as a literal.
macro_rules! item_columns {
    () => {
        "i.id, i.owner, i.owner_name, i.title, i.name, i.description, i.classification, i.tags, \
         i.kind, i.media_type, i.size, i.length, i.sha256, i.content, i.visibility, i.created, \
         i.updated, i.damaged, EXISTS (SELECT 1 FROM library_thumbnail AS p \
         WHERE p.item = i.id AND p.image IS NOT NULL), i.folder"
    };
}
pub(crate) use item_columns;

/// How many those are.
pub(crate) const COLUMN_COUNT: usize = 20;

/// An item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: ItemId,
    pub(crate) owner: UserId,
    pub(crate) owner_name: String,
    pub(crate) title: String,
    /// The file's name.
    pub(crate) name: String,
    /// The folders that it lay in, as `photos/2026`; empty for none.
    pub(crate) folder: String,
    pub(crate) description: String,
    pub(crate) classification: String,
    pub(crate) tags: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    /// Seconds.
    pub(crate) length: Option<u64>,
    pub(crate) sha256: [u8; 32],
    pub(crate) content: ContentId,
    pub(crate) visibility: Visibility,
    pub(crate) created: Time,
    pub(crate) updated: Time,
    /// When its bytes were found to differ from their digest.
    pub(crate) damaged: Option<Time>,
    pub(crate) has_thumbnail: bool,
}

const BROKEN: Error = Error::Program { words: "an item's row cannot be read" };

impl Item {
    /// Reads the columns of [`COLUMNS`].
    pub(crate) fn of_row(row: &Row) -> Result<Self, Error> {
        let number = |column| Ok::<_, Error>(u64::try_from(row.get::<i64>(column)?).ok());
        let text = |column| row.get::<String>(column);
        Ok(Self {
            id: ItemId::of_row(row, 0)?,
            owner: UserId::of_row(row, 1)?,
            owner_name: text(2)?,
            title: text(3)?,
            name: text(4)?,
            description: text(5)?,
            classification: text(6)?,
            tags: serde_json::from_str(&text(7)?).map_err(|_| BROKEN)?,
            kind: Kind::named(&text(8)?).ok_or(BROKEN)?,
            media_type: text(9)?,
            size: number(10)?.ok_or(BROKEN)?,
            length: number(11)?,
            sha256: row.get::<Vec<u8>>(12)?.try_into().map_err(|_| BROKEN)?,
            content: ContentId::of_row(row, 13)?,
            visibility: Visibility::named(&text(14)?).ok_or(BROKEN)?,
            created: Time::of_row(row, 15)?,
            updated: Time::of_row(row, 16)?,
            damaged: Time::of_row_if_any(row, 17)?,
            has_thumbnail: row.get(18)?,
            folder: text(19)?,
        })
    }

    /// As clients see it.
    pub(crate) fn told(&self) -> ItemBody {
        let path = format!("/library/api/items/{}", self.id);
        ItemBody {
            id: self.id,
            title: self.title.clone(),
            name: self.name.clone(),
            folder: self.folder.clone(),
            description: self.description.clone(),
            classification: self.classification.clone(),
            tags: self.tags.clone(),
            kind: self.kind,
            media_type: self.media_type.clone(),
            size: self.size,
            length: self.length,
            sha256: hexadecimal(&self.sha256),
            owner: OwnerBody { id: self.owner, name: self.owner_name.clone() },
            visibility: self.visibility,
            created: self.created,
            updated: self.updated,
            damaged: self.damaged,
            thumbnail: self.has_thumbnail.then(|| format!("{path}/thumbnail")),
            content: format!("{path}/content"),
        }
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An item, in the API.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemBody {
    id: ItemId,
    /// The file's name until somebody gives it a title.
    title: String,
    /// The name of the uploaded file.
    name: String,
    /// The folders that the file lay in when a folder was uploaded, as `photos/2026`; empty for none.
    folder: String,
    description: String,
    classification: String,
    tags: Vec<String>,
    kind: Kind,
    /// Recognised by content; a hint only.
    media_type: String,
    /// Bytes.
    size: u64,
    /// Seconds of sound or moving pictures, as the file says or its owner; null if neither does.
    length: Option<u64>,
    /// In hexadecimal digits.
    sha256: String,
    owner: OwnerBody,
    visibility: Visibility,
    created: Time,
    updated: Time,
    /// When its bytes were found to differ from their digest; null while they are whole.
    damaged: Option<Time>,
    /// Where a small picture of it is; null while there is none.
    thumbnail: Option<String>,
    /// Where its bytes are.
    content: String,
}

/// Who uploaded an item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnerBody {
    id: UserId,
    name: String,
}
