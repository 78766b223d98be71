//! A complete upload becomes an item.

use serde_json::json;
use tombolo_storage::{Error, Query, Work};

use super::fold::sort_key;
use super::folder::Folder;
use super::kinds::Kind;
use super::media_types;
use super::terms::Searched;
use super::text::displayed;
use super::visibility::Visibility;
use crate::ids::{ContentId, ItemId, UserId};
use crate::limits;
use crate::time::Time;

/// An upload that is complete.
#[derive(Clone, Debug)]
pub(crate) struct NewItem {
    pub(crate) id: ItemId,
    pub(crate) owner: UserId,
    /// The file's name, as the client has it.
    pub(crate) name: String,
    /// The folders that it lay in.
    pub(crate) folder: Folder,
    /// What the client says it is.
    pub(crate) media_type: Option<String>,
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
    pub(crate) content: ContentId,
    pub(crate) created: Time,
}

/// Adds an item, private, inside the transaction that completes its upload. Its content is looked
/// into later, by [`inspect`](super::inspect). Done twice with one id it has one effect.
pub(crate) async fn register(work: &mut Work<'_>, item: NewItem) -> Result<(), Error> {
    let name = displayed(&item.name, limits::NAME_CHARS);
    let name = if name.is_empty() { "file".to_owned() } else { name };
    let said = item.media_type.as_deref().map(media_types::essence);
    let said = said.filter(|said| media_types::is_plain(said));
    let media_type = said.unwrap_or_else(|| media_types::BYTES.to_owned());
    let kind = Kind::of_media_type(&media_type);
    let owner = Query::new("SELECT name FROM library_user WHERE id = $1").bind(item.owner);
    let owner_name: String =
        work.row(owner).await?.map(|row| row.get(0)).transpose()?.unwrap_or_default();
    let insert =
        "INSERT INTO library_item (id, owner, owner_name, owner_key, title, title_key, name,
            description, classification, classification_key, tags, kind, media_type, size, length,
            sha256, content, visibility, created, updated, scrubbed, damaged, inspected,
            folder)
        VALUES ($1, $2, $3, $4, $5, $6, $5, '', '', '', '[]', $7, $8, $9, -1, $10, $11, 'private',
            $12, $12, $12, NULL, 0, $13)
        ON CONFLICT (id) DO NOTHING RETURNING seq";
    let size = i64::try_from(item.size).unwrap_or(i64::MAX);
    let insert = Query::new(insert)
        .bind(item.id)
        .bind(item.owner)
        .bind(owner_name.as_str())
        .bind(sort_key(&owner_name))
        .bind(name.as_str())
        .bind(sort_key(&name))
        .bind(kind.name())
        .bind(media_type)
        .bind(size)
        .bind(item.sha256.to_vec())
        .bind(item.content)
        .bind(item.created.millis())
        .bind(item.folder.text());
    let Some(row) = work.row(insert).await? else { return Ok(()) };
    let seq: i64 = row.get(0)?;
    let owner = item.owner.to_string();
    let searched = Searched {
        title: &name,
        name: &name,
        folder: item.folder.text(),
        sha256: &item.sha256,
        description: "",
        classification: "",
        tags: &[],
        kind,
        owner: &owner,
        visibility: Visibility::Private,
    };
    write_terms(work, seq, &searched).await
}

/// Writes an item's terms in place of those that it has.
pub(crate) async fn write_terms(
    work: &mut Work<'_>,
    seq: i64,
    searched: &Searched<'_>,
) -> Result<(), Error> {
    work.run(Query::new("DELETE FROM library_term WHERE item = $1").bind(seq)).await?;
    let insert = Query::of_each(
        "INSERT INTO library_term (term, item) SELECT value, $1 FROM json_each($2)",
        "INSERT INTO library_term (term, item)
            SELECT value, $1 FROM json_array_elements_text($2::json)",
    );
    work.run(insert.bind(seq).bind(json!(searched.terms()).to_string())).await.map(drop)
}
