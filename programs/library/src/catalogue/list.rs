//! `GET /library/api/items`: the items that fit, in an order.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::cursor;
use super::fold::fold;
use super::folder::Folder;
use super::item::ItemBody;
use super::kinds::Kind;
use super::search::Search;
use super::sort::{Column, Sort};
use super::terms::{Facet, TermRange, facet, query_ranges};
use super::text::displayed;
use super::visibility::{Viewer, Visibility};
use crate::accounts::Caller;
use crate::http::{Json, List, Query, limit};
use crate::ids::UserId;
use crate::limits;
use crate::problem::{Problem, ProblemBody};
use crate::state::{Library, reading};

/// Which items, and in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Words; an item has, for each of them, a word that begins with it, in its title, name, tags,
    /// classification or description. Case and accents make no difference.
    query: Option<String>,
    kind: Option<Kind>,
    /// A tag, whole.
    tag: Option<String>,
    /// A classification, whole.
    classification: Option<String>,
    /// Who uploaded it; `me` for the caller.
    owner: Option<String>,
    visibility: Option<Visibility>,
    /// A folder, as `photos/2026`: what lies in it and in the folders below it.
    folder: Option<String>,
    /// The SHA-256 of the content, in 64 hexadecimal digits: whether it is there already.
    sha256: Option<String>,
    /// `title`, `created`, `updated`, `size`, `length`, `kind`, `media_type`, `classification`,
    /// `owner` or `visibility`; with `-` before it the largest first. The newest first if absent.
    sort: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next` of the page before; everything else must be as it was there.
    cursor: Option<String>,
}

/// Lists the items that the caller may see.
#[utoipa::path(
    get, path = "/items", tag = "catalogue", params(Asked),
    security((), ("token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "A page of items.", body = List<ItemBody>),
        (status = 400, description = "Something in the query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The session is over.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database cannot be reached now.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(library): State<Arc<Library>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<List<ItemBody>>, Problem> {
    let limit = limit(asked.limit)?;
    let ranges = asked.ranges(&caller)?;
    let sort = asked.sort.as_deref().map_or(Ok(Sort::default()), str::parse);
    let sort = sort.map_err(|()| wrong_sort())?;
    let cursor = asked.cursor;
    let page = library.database.read(reading(), move |work| {
        Box::pin(async move {
            let viewer = Viewer::of(work, &caller).await?;
            let search = Search { ranges, viewer, sort };
            let after = cursor.as_deref().map(|cursor| cursor::read(cursor, &search));
            let Some(after) = after.map_or(Some(None), |place| place.map(Some)) else {
                return Ok(None);
            };
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let page = search.page(work, after.as_ref(), limit).await?;
            let next = page.next.map(|place| cursor::write(&search, &place));
            Ok(Some(List { items: page.items.iter().map(|item| item.told()).collect(), next }))
        })
    });
    let foreign = "This cursor does not belong to this list: send \"next\" of a page with the same \
                   filters and the same order, or begin again without a cursor.";
    page.await?.map(Json).ok_or_else(|| Problem::field("cursor", foreign))
}

fn wrong_sort() -> Problem {
    let names: Vec<_> = Column::ALL.into_iter().map(Column::name).collect();
    let names = names.join(", ");
    Problem::field(
        "sort",
        format!("Sort by one of {names}, with - before it for the largest first."),
    )
}

impl Asked {
    /// The ranges of terms that an item must have one in. Those that leave few items come first.
    fn ranges(&self, caller: &Caller) -> Result<Vec<TermRange>, Problem> {
        let query = self.query.as_deref().unwrap_or_default();
        if query.len() > limits::QUERY_BYTES {
            let most = limits::QUERY_BYTES;
            return Err(Problem::field("query", format!("\"query\" has more than {most} bytes.")));
        }
        let mut ranges = Vec::new();
        if let Some(owner) = &self.owner {
            let owner = match owner.as_str() {
                "me" => caller.user()?.id,
                id => id.parse::<UserId>().map_err(|_| {
                    Problem::field("owner", "\"owner\" is neither \"me\" nor the id of a user.")
                })?,
            };
            ranges.push(facet(Facet::Owner, &owner.to_string()));
        }
        let text = |value: &str, most: usize| fold(&displayed(value, most));
        if let Some(tag) = &self.tag {
            ranges.push(facet(Facet::Tag, &text(tag, limits::TAG_CHARS)));
        }
        if let Some(class) = &self.classification {
            let class = text(class, limits::CLASSIFICATION_CHARS);
            ranges.push(facet(Facet::Classification, &class));
        }
        if let Some(folder) = &self.folder {
            let folder = Folder::read(folder).map_err(|error| {
                Problem::field("folder", format!("\"folder\" cannot be used: {error}."))
            })?;
            if !folder.text().is_empty() {
                ranges.push(facet(Facet::Folder, folder.text()));
            }
        }
        if let Some(digest) = &self.sha256 {
            let is_digest = digest.len() == 64 && digest.bytes().all(|one| one.is_ascii_hexdigit());
            if !is_digest {
                let words = "\"sha256\" is no SHA-256: send 64 hexadecimal digits.";
                return Err(Problem::field("sha256", words));
            }
            ranges.push(facet(Facet::Digest, &digest.to_ascii_lowercase()));
        }
        ranges.extend(self.kind.map(|kind| facet(Facet::Kind, kind.name())));
        ranges.extend(self.visibility.map(|seen| facet(Facet::Visibility, seen.name())));
        let mut ranges: Vec<_> = ranges.into_iter().map(TermRange::only).collect();
        ranges.extend(query_ranges(query));
        Ok(ranges)
    }
}
