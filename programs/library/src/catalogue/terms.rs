//! The terms of an item: what it is found by. Words of its texts, and facets (`:kind:image`),
//! which no word or beginning of one can be taken for, since words have no colon. All filters are ranges of terms, so one
//! table and one shape of statement serve them all.

use std::collections::BTreeSet;

use super::fold::{fold, words};
use super::item::hexadecimal;
use super::kinds::Kind;
use super::visibility::Visibility;
use crate::limits;

/// What is searched of an item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Searched<'a> {
    pub(crate) title: &'a str,
    pub(crate) name: &'a str,
    pub(crate) folder: &'a str,
    pub(crate) sha256: &'a [u8; 32],
    pub(crate) description: &'a str,
    pub(crate) classification: &'a str,
    pub(crate) tags: &'a [String],
    pub(crate) kind: Kind,
    pub(crate) owner: &'a str,
    pub(crate) visibility: Visibility,
}

impl Searched<'_> {
    /// All terms, each once. Facets are never cut off; of the words, those of the title come first.
    pub(crate) fn terms(&self) -> BTreeSet<String> {
        let mut terms = BTreeSet::from([
            facet(Facet::Kind, self.kind.name()),
            facet(Facet::Owner, self.owner),
            facet(Facet::Visibility, self.visibility.name()),
            facet(Facet::Digest, &hexadecimal(self.sha256)),
        ]);
        // The folder itself and all above it, so that each is found by one term.
        let ends = self.folder.match_indices('/').map(|(at, _)| at).chain([self.folder.len()]);
        let folders = ends.filter_map(|end| self.folder.get(..end));
        terms.extend(
            folders.filter(|folder| !folder.is_empty()).map(|folder| facet(Facet::Folder, folder)),
        );
        if !self.classification.is_empty() {
            terms.insert(facet(Facet::Classification, &fold(self.classification)));
        }
        terms.extend(self.tags.iter().map(|tag| facet(Facet::Tag, &fold(tag))));
        let texts = [self.title, self.name, self.classification];
        let texts = texts.into_iter().chain(self.tags.iter().map(String::as_str));
        for word in texts.chain([self.description]).flat_map(words) {
            if terms.len() >= limits::ITEM_TERMS {
                break;
            }
            terms.insert(word);
        }
        terms
    }
}

/// A property that items are filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Facet {
    Kind,
    Tag,
    Classification,
    Owner,
    Visibility,
    Folder,
    Digest,
}

/// The term of a facet.
pub(crate) fn facet(facet: Facet, value: &str) -> String {
    let name = match facet {
        Facet::Kind => "kind",
        Facet::Tag => "tag",
        Facet::Classification => "class",
        Facet::Owner => "owner",
        Facet::Visibility => "visibility",
        Facet::Folder => "folder",
        Facet::Digest => "sha256",
    };
    format!(":{name}:{value}")
}

/// The terms from one to just below another, compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TermRange {
    pub(crate) from: String,
    pub(crate) below: String,
}

impl TermRange {
    /// Every term that begins with a word.
    pub(crate) fn beginning(word: &str) -> Self {
        Self { from: word.to_owned(), below: format!("{word}\u{10ffff}") }
    }

    /// One term alone. No term holds a control character, so none lies between.
    pub(crate) fn only(term: String) -> Self {
        Self { below: format!("{term}\u{1}"), from: term }
    }
}

/// What a query asks for: an item must have a term in each of these ranges. A word that begins
/// another one of the query adds nothing and is left out.
pub(crate) fn query_ranges(query: &str) -> Vec<TermRange> {
    let mut words = words(query);
    words.truncate(limits::QUERY_WORDS);
    let all = words.clone();
    let mut seen = BTreeSet::new();
    words.retain(|word| {
        let is_part = all.iter().any(|other| other != word && other.starts_with(word.as_str()));
        !is_part && seen.insert(word.clone())
    });
    words.iter().map(|word| TermRange::beginning(word)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn searched<'a>(title: &'a str, description: &'a str, tags: &'a [String]) -> Searched<'a> {
        Searched {
            title,
            name: "",
            folder: "a/b",
            sha256: &[7; 32],
            description,
            classification: "",
            tags,
            kind: Kind::Image,
            owner: "u1",
            visibility: Visibility::Private,
        }
    }

    fn finds(query: &str, terms: &BTreeSet<String>) -> bool {
        let has =
            |range: &TermRange| terms.iter().any(|term| *term >= range.from && *term < range.below);
        query_ranges(query).iter().all(has)
    }

    #[test]
    fn beginnings_of_words_find() {
        let tags = ["Añil".to_owned()];
        let terms = searched("Straße nach Łódź", "", &tags).terms();
        for query in ["strass", "LODZ", "nach str", "anil", ""] {
            assert!(finds(query, &terms), "{query}");
        }
        for query in ["trasse", "lodzz", "nach x", "image", "kind"] {
            assert!(!finds(query, &terms), "{query}");
        }
        assert!(terms.contains(":tag:anil") && terms.contains(":kind:image"));
        assert!(terms.contains(":folder:a") && terms.contains(":folder:a/b"));
        assert!(terms.contains(&format!(":sha256:{}", "07".repeat(32))));
    }

    #[test]
    fn a_facet_is_matched_whole() {
        let range = TermRange::only("tag:a".into());
        let lies_in = |term: &str| *term >= *range.from && *term < *range.below;
        assert!(lies_in("tag:a"));
        assert!(!lies_in("tag:ab") && !lies_in("tag:") && !lies_in("tag:a b"));
    }

    proptest! {
        #[test]
        fn a_long_text_never_crowds_out_facets(words in prop::collection::vec("[a-z]{1,6}", 0..900)) {
            let text = words.join(" ");
            let terms = searched("title", &text, &[]).terms();
            prop_assert!(terms.len() <= limits::ITEM_TERMS);
            prop_assert!(terms.contains(":owner:u1") && terms.contains("title"));
        }

        #[test]
        fn an_item_is_found_by_its_own_title(title in "[\\p{L}0-9 ]{1,40}") {
            let terms = searched(&title, "", &[]).terms();
            prop_assert!(finds(&title, &terms));
        }
    }
}
