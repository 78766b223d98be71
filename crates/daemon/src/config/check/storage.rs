//! `[storage]`.

use super::super::Storage;
use super::super::mistake::Kind;
use super::super::written::reader::Reader;

pub(super) fn storage(root: &Reader<'_>) -> Storage {
    let Some(reader) = root.table("storage") else { return Storage::default() };
    let database = reader.text("database").and_then(|written| {
        let read = written.value.parse();
        // The words never repeat what was written: it may hold a password.
        let note = |error: &tombolo_storage::Error| {
            let hint = "\"sqlite:tombolo-data/tombolo.db\" is a file on this machine";
            reader.context.mistake(Kind::BadValue, &written.span, error.to_string(), hint);
        };
        read.inspect_err(note).ok()
    });
    let objects = reader.text("objects").and_then(|written| {
        let note = |error: &tombolo_storage::Error| {
            let hint = "\"file:tombolo-data/objects\" is a folder on this machine";
            reader.context.mistake(Kind::BadValue, &written.span, error.to_string(), hint);
        };
        written.value.parse().inspect_err(note).ok()
    });
    Storage { database, objects }
}
