//! Where a list goes on: after the last item that was given. Items that come or go meanwhile change
//! nothing for those that stay: each is given once.
//!
//! A cursor holds a hash of what was asked for, since with other filters or another order it would
//! skip items without a word.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::search::Search;
use super::sort::{Key, Place};
use crate::limits;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The hash of the question.
    h: u64,
    /// The key of the last item.
    k: Key,
    /// Its number.
    n: i64,
}

/// The cursor after an item.
pub(crate) fn write(search: &Search, place: &Place) -> String {
    let written = Written { h: hash(search), k: place.key.clone(), n: place.seq };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).unwrap_or_default())
}

/// Reads a cursor; None if it is none, or belongs to another question.
pub(crate) fn read(text: &str, search: &Search) -> Option<Place> {
    if text.len() > limits::CURSOR_BYTES {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let written: Written = serde_json::from_slice(&bytes).ok()?;
    let is_number = matches!(written.k, Key::Number(_));
    // A NUL cannot be compared by PostgreSQL.
    let is_text = matches!(&written.k, Key::Text(text) if !text.contains('\0'));
    let fits = if search.sort.column.is_number() { is_number } else { is_text };
    (fits && written.h == hash(search)).then_some(Place { key: written.k, seq: written.n })
}

/// A hash of what is asked for and by whom; how many items at a time does not matter.
fn hash(search: &Search) -> u64 {
    let question = format!("{:?} {:?} {:?}", search.sort, search.ranges, search.viewer);
    let bytes = *blake3::hash(question.as_bytes()).as_bytes();
    // JSON's numbers are exact to 53 bits in other languages.
    bytes.first_chunk().map(|first| u64::from_le_bytes(*first) >> 11).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sort::{Column, Sort};
    use super::super::terms::query_ranges;
    use super::super::visibility::Viewer;
    use super::*;

    fn search(query: &str, column: Column) -> Search {
        Search {
            ranges: query_ranges(query),
            viewer: Viewer::Anonymous,
            sort: Sort { column, is_descending: false },
        }
    }

    #[test]
    fn a_cursor_belongs_to_its_question() {
        let asked = search("a", Column::Title);
        let place = Place { key: Key::Text("łódź".into()), seq: 7 };
        let cursor = write(&asked, &place);
        assert_eq!(read(&cursor, &asked), Some(place));
        assert_eq!(read(&cursor, &search("b", Column::Title)), None);
        assert_eq!(read(&cursor, &search("a", Column::Kind)), None);
        assert_eq!(read(&cursor, &search("a", Column::Size)), None);
        let other =
            Search { viewer: Viewer::Admin { id: "x".into() }, ..search("a", Column::Title) };
        assert_eq!(read(&cursor, &other), None);
    }

    #[test]
    fn a_key_has_the_type_of_its_column() {
        let asked = search("a", Column::Size);
        let text = write(&asked, &Place { key: Key::Text("x".into()), seq: 7 });
        assert_eq!(read(&text, &asked), None);
        let asked = search("a", Column::Title);
        let nul = write(&asked, &Place { key: Key::Text("\0".into()), seq: 7 });
        assert_eq!(read(&nul, &asked), None);
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text: String) {
            prop_assert_eq!(read(&text, &search("a", Column::Title)), None);
        }
    }
}
