//! Finding items: what is asked for, and the way to it that reads least.
//!
//! The table of terms tells how many items fit each filter, counted up to a bound. If one filter
//! leaves few, the search begins with those and sorts them; if each leaves many, it walks the index
//! of the order and meets enough of them soon. Either way the work is bounded by what one filter
//! leaves, not by the size of the catalogue.

use tombolo_storage::{Error, Query, Work};

use super::item::{COLUMN_COUNT, Item};
use super::sort::{Place, Sort};
use super::statement::{self, Shape, Sight, Start};
use super::terms::{Facet, TermRange, facet};
use super::visibility::{Viewer, Visibility};
use crate::limits;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// An item has a term in each of these.
    pub(crate) ranges: Vec<TermRange>,
    pub(crate) viewer: Viewer,
    pub(crate) sort: Sort,
}

/// A part of the list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// The place of the last item, if there are more.
    pub(crate) next: Option<Place>,
}

impl Search {
    /// The items after a place, at most `limit`.
    pub(crate) async fn page(
        &self,
        work: &mut Work<'_>,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Page, Error> {
        let (start, rare) = self.start(work).await?;
        let filters = self.ranges.iter().enumerate();
        let filters: Vec<_> =
            filters.filter(|(number, _)| Some(*number) != rare).map(|(_, range)| range).collect();
        let shape = Shape {
            sort: self.sort,
            sight: self.viewer.sight(),
            start,
            filters: filters.len(),
            has_place: after.is_some(),
        };
        let mut query = Query::new(statement::text(shape));
        if let Some(range) = rare.and_then(|number| self.ranges.get(number)) {
            query = query.bind(range.from.as_str()).bind(range.below.as_str());
        }
        if start == Start::Sight {
            for term in self.viewer.terms() {
                query = query.bind(term);
            }
        }
        if let (Sight::Own | Sight::OwnAndPlan, Viewer::User { id, .. }) =
            (shape.sight, &self.viewer)
        {
            query = query.bind(id.as_str());
        }
        for range in filters {
            query = query.bind(range.from.as_str()).bind(range.below.as_str());
        }
        if let Some(place) = after {
            query = query.bind(place.key.clone()).bind(place.seq);
        }
        // One more shows whether there are more.
        let more = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        let rows = work.rows(query.bind(more)).await?;
        let has_more = rows.len() > limit;
        let rows = rows.get(..limit).unwrap_or(&rows);
        let next = match rows.last() {
            Some(row) if has_more => {
                let key = self.sort.column.of_row(row, COLUMN_COUNT.saturating_add(1))?;
                Some(Place { key, seq: row.get(COLUMN_COUNT)? })
            }
            _ => None,
        };
        Ok(Page { items: rows.iter().map(Item::of_row).collect::<Result<_, _>>()?, next })
    }

    /// Where to begin, and with which range if with one.
    async fn start(&self, work: &mut Work<'_>) -> Result<(Start, Option<usize>), Error> {
        let mut fewest = limits::FEW_ITEMS;
        let mut start = (Start::Order, None);
        for (number, range) in self.ranges.iter().enumerate() {
            let query = "SELECT count(*) FROM (SELECT 1 FROM library_term
                WHERE term >= $1 AND term < $2 LIMIT $3) AS t";
            let query = Query::new(query).bind(range.from.as_str()).bind(range.below.as_str());
            let count = count(work, query.bind(fewest)).await?;
            if count < fewest {
                (fewest, start) = (count, (Start::Range, Some(number)));
            }
            if fewest <= limits::VERY_FEW_ITEMS {
                return Ok(start);
            }
        }
        if self.viewer.sight() != Sight::All {
            let mut query = Query::new(
                "SELECT count(*) FROM (SELECT 1 FROM library_term
                WHERE term IN ($1, $2, $3) LIMIT $4) AS t",
            );
            for term in self.viewer.terms() {
                query = query.bind(term);
            }
            if count(work, query.bind(fewest)).await? < fewest {
                start = (Start::Sight, None);
            }
        }
        Ok(start)
    }
}

async fn count(work: &mut Work<'_>, query: Query) -> Result<i64, Error> {
    let row = work.row(query).await?;
    Ok(row.map(|row| row.get(0)).transpose()?.unwrap_or_default())
}

impl Viewer {
    fn sight(&self) -> Sight {
        match self {
            Self::Admin { .. } => Sight::All,
            Self::Anonymous => Sight::Public,
            Self::User { has_access: true, .. } => Sight::OwnAndPlan,
            Self::User { has_access: false, .. } => Sight::Own,
        }
    }

    /// Terms of which every visible item has one.
    fn terms(&self) -> [String; 3] {
        let visibility = |visibility: Visibility| facet(Facet::Visibility, visibility.name());
        let public = visibility(Visibility::Public);
        match self {
            Self::User { id, has_access } => {
                let plan = if *has_access { Visibility::Plan } else { Visibility::Public };
                [public, visibility(plan), facet(Facet::Owner, id)]
            }
            Self::Anonymous | Self::Admin { .. } => [public.clone(), public.clone(), public],
        }
    }
}
