//! How tables and names are called in the words of a mistake.

use super::super::keys::{self, Form, Table};

/// A name longer than this is no slip of the pen of any of ours.
const LONGEST_NAME: usize = 80;

/// How a table is called in words.
pub(super) fn header_of(table: &Table) -> String {
    let is_list =
        keys::ROOT.key(table.name).is_some_and(|key| matches!(key.form, Form::Tables { .. }));
    match table.name {
        "" => "the file".to_owned(),
        name if is_list => format!("[[{name}]]"),
        "route.cache" => "a route's cache".to_owned(),
        "upstream.sticky" => "sticky".to_owned(),
        "upstream.servers" => "a server".to_owned(),
        name => format!("[{name}]"),
    }
}

/// The key of another table that seems to be meant by a name, and its table: the same name, or
/// else one near to it.
pub(super) fn elsewhere(name: &str) -> Option<(&'static str, &'static Table)> {
    let tables = || keys::tables().into_iter().filter(|table| !table.name.is_empty());
    let same = tables().find_map(|table| table.key(name).map(|key| (key.name, table)));
    same.or_else(|| {
        tables().find_map(|table| {
            nearest(name, table.keys.iter().map(|key| key.name)).map(|near| (near, table))
        })
    })
}

/// The nearest of the known names, if one is near enough to be meant.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let lower = name.to_lowercase().replace('-', "_");
    known
        .map(|candidate| {
            let plain = candidate.to_lowercase().replace('-', "_");
            (strsim::damerau_levenshtein(&lower, &plain), candidate)
        })
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names in quotes, as a sentence lists them.
pub(crate) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "nothing".to_owned(),
    }
}
