//! Changes to an item: what its owner says of it.

use serde::Deserialize;
use serde_json::json;
use tombolo_storage::{Error, Query, Work};
use utoipa::ToSchema;

use super::find;
use super::fold::{fold, sort_key};
use super::folder::Folder;
use super::item::Item;
use super::register::write_terms;
use super::terms::Searched;
use super::text::{displayed, displayed_lines};
use super::visibility::{Viewer, Visibility};
use crate::ids::ItemId;
use crate::limits;
use crate::problem::Problem;
use crate::time::Time;

/// What is to change; what is not named stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    /// 1 to 200 characters.
    title: Option<String>,
    /// The name it is saved under: 1 to 255 characters.
    name: Option<String>,
    /// The folders that it lies in, as `photos/2026`: up to 32 of them; empty for none.
    folder: Option<String>,
    /// Up to 4000 characters.
    description: Option<String>,
    /// One class that the library files it under; up to 100 characters.
    classification: Option<String>,
    /// Up to 32 tags of up to 50 characters.
    tags: Option<Vec<String>>,
    /// Who may see it besides its owner.
    visibility: Option<Visibility>,
    /// Seconds of sound or moving pictures.
    length: Option<u64>,
}

impl Changes {
    /// The changes as they are stored.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        let line = |text: Option<String>, field, least: usize, most: usize| {
            let Some(text) = text else { return Ok(None) };
            // Counted as it was sent: what is cut off without a word is missed later.
            let shown = displayed(&text, text.len());
            let chars = shown.chars().count();
            if (least..=most).contains(&chars) {
                return Ok(Some(shown));
            }
            Err(Problem::field(
                field,
                format!("\"{field}\" has {chars} characters; send {least} to {most}."),
            ))
        };
        let description = match self.description {
            Some(text) if text.chars().count() > limits::DESCRIPTION_CHARS => {
                let most = limits::DESCRIPTION_CHARS;
                let words = format!("\"description\" has more than {most} characters.");
                return Err(Problem::field("description", words));
            }
            text => text.map(|text| displayed_lines(&text, limits::DESCRIPTION_CHARS)),
        };
        let length = match self.length {
            Some(seconds) if i64::try_from(seconds).is_err() => {
                return Err(Problem::field("length", "\"length\" is no number of seconds."));
            }
            length => length,
        };
        let folder = self.folder.as_deref().map(Folder::read).transpose();
        let folder = folder.map_err(|error| {
            Problem::field("folder", format!("\"folder\" cannot be used: {error}."))
        })?;
        Ok(Self {
            title: line(self.title, "title", 1, limits::TITLE_CHARS)?,
            name: line(self.name, "name", 1, limits::NAME_CHARS)?,
            folder: folder.map(Folder::into_text),
            description,
            classification: line(
                self.classification,
                "classification",
                0,
                limits::CLASSIFICATION_CHARS,
            )?,
            tags: self.tags.map(checked_tags).transpose()?,
            visibility: self.visibility,
            length,
        })
    }
}

/// Tags that fold to the same are one; the first way of writing it stays.
fn checked_tags(tags: Vec<String>) -> Result<Vec<String>, Problem> {
    let mut seen = std::collections::BTreeSet::new();
    let mut kept = Vec::new();
    for tag in tags {
        let shown = displayed(&tag, tag.len());
        let chars = shown.chars().count();
        let folded = fold(&shown);
        if !(1..=limits::TAG_CHARS).contains(&chars) || folded.trim().is_empty() {
            let most = limits::TAG_CHARS;
            return Err(Problem::field("tags", format!("A tag has 1 to {most} characters.")));
        }
        if seen.insert(folded) {
            kept.push(shown);
        }
    }
    if kept.len() > limits::TAGS {
        let most = limits::TAGS;
        return Err(Problem::field("tags", format!("An item has at most {most} tags.")));
    }
    Ok(kept)
}

/// What became of a change.
#[derive(Debug)]
pub(crate) enum Edited {
    /// It was done: the item as it is now.
    Done(Box<Item>),
    /// There is no such item for this viewer.
    Missing,
    /// The viewer sees it and may not change it.
    Forbidden,
}

/// Changes an item. What another change does at the same time to other fields stays.
pub(crate) async fn edit(
    work: &mut Work<'_>,
    id: ItemId,
    viewer: &Viewer,
    changes: Changes,
) -> Result<Edited, Error> {
    // The row is locked before it is read.
    let lock = Query::new("UPDATE library_item SET updated = $2 WHERE id = $1 RETURNING seq");
    let now = Time::now();
    let Some(row) = work.row(lock.bind(id).bind(now.millis())).await? else {
        return Ok(Edited::Missing);
    };
    let seq: i64 = row.get(0)?;
    let Some(mut item) = find(work, id).await? else { return Ok(Edited::Missing) };
    let owner = item.owner.to_string();
    if !viewer.changes(&owner) {
        work.undo();
        let sees = viewer.sees(&owner, item.visibility);
        return Ok(if sees { Edited::Forbidden } else { Edited::Missing });
    }
    item.title = changes.title.unwrap_or(item.title);
    item.name = changes.name.unwrap_or(item.name);
    item.folder = changes.folder.unwrap_or(item.folder);
    item.description = changes.description.unwrap_or(item.description);
    item.classification = changes.classification.unwrap_or(item.classification);
    item.tags = changes.tags.unwrap_or(item.tags);
    item.visibility = changes.visibility.unwrap_or(item.visibility);
    item.length = changes.length.or(item.length);
    item.updated = now;
    write(work, seq, &item).await?;
    Ok(Edited::Done(Box::new(item)))
}

/// Writes what can change of an item, and its terms.
pub(crate) async fn write(work: &mut Work<'_>, seq: i64, item: &Item) -> Result<(), Error> {
    let update = "UPDATE library_item SET title = $2, title_key = $3, name = $4, description = $5,
            classification = $6, classification_key = $7, tags = $8, kind = $9, media_type = $10,
            visibility = $11, length = $12, folder = $13
        WHERE seq = $1";
    let length = item.length.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(-1);
    let update = Query::new(update)
        .bind(seq)
        .bind(item.title.as_str())
        .bind(sort_key(&item.title))
        .bind(item.name.as_str())
        .bind(item.description.as_str())
        .bind(item.classification.as_str())
        .bind(sort_key(&item.classification))
        .bind(json!(item.tags).to_string())
        .bind(item.kind.name())
        .bind(item.media_type.as_str())
        .bind(item.visibility.name())
        .bind(length)
        .bind(item.folder.as_str());
    work.run(update).await?;
    let owner = item.owner.to_string();
    let searched = Searched {
        title: &item.title,
        name: &item.name,
        folder: &item.folder,
        sha256: &item.sha256,
        description: &item.description,
        classification: &item.classification,
        tags: &item.tags,
        kind: item.kind,
        owner: &owner,
        visibility: item.visibility,
    };
    write_terms(work, seq, &searched).await
}
