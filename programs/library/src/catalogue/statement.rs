//! The text of the statement that lists items. What a client asks for decides its shape (the order,
//! the number of filters); values never become text. There are few shapes, so each text is made once
//! and kept, as the engines keep their plans.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use super::sort::Sort;

/// What the text depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub(crate) sort: Sort,
    pub(crate) sight: Sight,
    pub(crate) start: Start,
    /// Ranges of terms that an item must have one in, besides those of `start`.
    pub(crate) filters: usize,
    /// Whether it goes on after a place.
    pub(crate) has_place: bool,
}

/// Which items the viewer may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sight {
    /// All.
    All,
    /// Public ones.
    Public,
    /// Public ones and the viewer's own: one value.
    Own,
    /// Those, and those for plans: one value.
    OwnAndPlan,
}

/// Where the search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Start {
    /// With the order's index: good when many items fit.
    Order,
    /// With the items of one range of terms: good when they are few. Two values.
    Range,
    /// With the items that the viewer may see: three values, terms.
    Sight,
}

/// Values: those of the start, of the sight, two for each filter, two of the place, and the limit.
pub(crate) fn text(shape: Shape) -> &'static str {
    static TEXTS: Mutex<Option<HashMap<Shape, &'static str>>> = Mutex::new(None);
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = texts.get_or_insert_default();
    // Some thousands of shapes at most: ten orders in two directions, four sights, three starts, at
    // most `QUERY_WORDS` and five facets as filters.
    texts.entry(shape).or_insert_with(|| Box::leak(make(shape).into_boxed_str()))
}

/// Neither engine may choose another way than `start` says: a filter is a value of its own for each
/// item (SQLite 3.51 makes a join of an `EXISTS`, and reads 100,000 items to sort them), and columns
/// that are looked at are hidden from indexes by `coalesce`.
fn make(shape: Shape) -> String {
    let mut value = 0_usize;
    let mut next = || {
        value = value.saturating_add(1);
        format!("${value}")
    };
    let mut text = String::new();
    let fewest = "WITH few AS MATERIALIZED (SELECT DISTINCT item FROM library_term WHERE";
    match shape.start {
        Start::Order => {}
        Start::Range => {
            let _ = write!(text, "{fewest} term >= {} AND term < {}) ", next(), next());
        }
        Start::Sight => {
            let _ = write!(text, "{fewest} term IN ({}, {}, {})) ", next(), next(), next());
        }
    }
    let key = shape.sort.column.key();
    let _ = write!(text, "SELECT {}, i.seq, i.{key} FROM ", super::item::item_columns!());
    // SQLite keeps the order of a CROSS JOIN.
    text += match shape.start {
        Start::Order => "library_item AS i WHERE 1 = 1",
        Start::Range | Start::Sight => "few CROSS JOIN library_item AS i WHERE i.seq = few.item",
    };
    match shape.sight {
        Sight::All => {}
        Sight::Public => text += " AND coalesce(i.visibility, '') = 'public'",
        Sight::Own => {
            let _ = write!(
                text,
                " AND (coalesce(i.visibility, '') = 'public' OR coalesce(i.owner, '') = {})",
                next()
            );
        }
        Sight::OwnAndPlan => {
            let _ = write!(
                text,
                " AND (coalesce(i.visibility, '') <> 'private' OR coalesce(i.owner, '') = {})",
                next()
            );
        }
    }
    for _ in 0..shape.filters {
        let _ = write!(
            text,
            " AND (SELECT 1 FROM library_term AS t WHERE t.item = i.seq AND t.term >= {} \
             AND t.term < {} LIMIT 1) IS NOT NULL",
            next(),
            next()
        );
    }
    let (than, order) = if shape.sort.is_descending { ("<", " DESC") } else { (">", "") };
    if shape.has_place {
        let _ = write!(text, " AND (i.{key}, i.seq) {than} ({}, {})", next(), next());
    }
    let _ = write!(text, " ORDER BY i.{key}{order}, i.seq{order} LIMIT {}", next());
    text
}
