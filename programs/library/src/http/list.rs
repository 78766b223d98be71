//! Lists: a page of items, and where the next one begins.

use serde::Serialize;
use utoipa::ToSchema;

use crate::limits;
use crate::problem::Problem;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    /// What to send as `cursor` for the next page; null after the last one.
    pub(crate) next: Option<String>,
}

impl<T> List<T> {
    /// The first `limit` of these items. If there are more, `cursor` tells from the last one that is
    /// given where to go on.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(cursor);
        Self { items, next }
    }
}

/// How many items of a list to give.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(limits::PAGE_DEFAULT);
    let most = limits::PAGE_ITEMS;
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::field("limit", format!("Ask for 1 to {most} items at a time, not {limit}.")))
}
