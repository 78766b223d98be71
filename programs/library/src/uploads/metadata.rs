//! `Upload-Metadata` of tus: pairs of a key and Base64, which say what the file is called.
//!
//! The field is kept as it was sent, since a client may ask for it again; only what it says of the
//! file is read. It is text from a client: nothing of it becomes a path, and control characters do
//! not get into the name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::limits;
use crate::catalogue::{BadFolder, Folder};

/// What a client says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The file's name.
    pub name: Option<String>,
    /// The folders that it lay in: `relativePath` without its last part.
    pub folder: Folder,
    /// Its media type.
    pub media_type: Option<String>,
}

/// What is wrong with the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is too long or has too many pairs.
    #[error(
        "it has more than {} bytes or {} pairs",
        limits::METADATA_BYTES,
        limits::METADATA_PAIRS
    )]
    Long,
    /// A key is empty or not plain ASCII.
    #[error("a key is empty or has characters other than printable ASCII")]
    Key,
    /// A key is there twice.
    #[error("a key is there twice")]
    Twice,
    /// A value is no Base64.
    #[error("a value is not Base64")]
    Value,
    /// `relativePath` leads through no folders that can be kept.
    #[error("relativePath: {0}")]
    Folder(#[from] BadFolder),
}

/// Reads the field.
///
/// # Errors
/// When it is not what tus says it is.
pub fn read_metadata(field: &str) -> Result<Metadata, MetadataError> {
    if field.len() > limits::METADATA_BYTES {
        return Err(MetadataError::Long);
    }
    let mut keys: Vec<&str> = Vec::new();
    let mut said = Metadata::default();
    if field.trim().is_empty() {
        return Ok(said);
    }
    for pair in field.split(',') {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(MetadataError::Key);
        }
        if keys.contains(&key) {
            return Err(MetadataError::Twice);
        }
        if keys.len() >= limits::METADATA_PAIRS {
            return Err(MetadataError::Long);
        }
        keys.push(key);
        let bytes = STANDARD.decode(value.trim()).map_err(|_| MetadataError::Value)?;
        let text = || String::from_utf8_lossy(&bytes);
        match key {
            "filename" | "name" if said.name.is_none() || key == "filename" => {
                said.name = name(&text());
            }
            // As Uppy and browsers send it, with the file's name at its end.
            "relativePath" => {
                if let Some((folder, _)) = text().rsplit_once(['/', '\\']) {
                    said.folder = Folder::read(folder)?;
                }
            }
            "filetype" | "type" | "content-type" if said.media_type.is_none() => {
                said.media_type = media_type(&text());
            }
            _ => {}
        }
    }
    Ok(said)
}

/// A file's name without its folders and without control characters; None if nothing is left.
pub(crate) fn name(text: &str) -> Option<String> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = last.chars().filter(|letter| !letter.is_control()).collect();
    while name.len() > limits::NAME_BYTES {
        name.pop();
    }
    let name = name.trim();
    (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
}

/// A media type, if it looks like one: what it is worth is the catalogue's to judge.
pub(crate) fn media_type(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    (text.contains('/') && is_plain && text.len() <= limits::MEDIA_TYPE_BYTES)
        .then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &str) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn names_and_types_are_read() {
        let field = format!(
            "relativePath {},filename {}, filetype {},is_confidential",
            encoded("a/b"),
            encoded("../año/Ł.txt"),
            encoded("Text/Plain"),
        );
        let said = read_metadata(&field).unwrap();
        assert_eq!(said.name.as_deref(), Some("Ł.txt"));
        assert_eq!(said.media_type.as_deref(), Some("text/plain"));
        assert_eq!(said.folder.text(), "a");
        assert_eq!(read_metadata("").unwrap(), Metadata::default());
        let field = format!("name {},filename {}", encoded("b"), encoded("a"));
        assert_eq!(
            read_metadata(&field).unwrap().name.as_deref(),
            Some("a"),
            "the one of tus comes first"
        );
    }

    #[test]
    fn malformed_fields_are_refused() {
        assert_eq!(read_metadata("a YQ==,a YQ=="), Err(MetadataError::Twice));
        assert_eq!(read_metadata("a YQ==,"), Err(MetadataError::Key));
        assert_eq!(read_metadata("é YQ=="), Err(MetadataError::Key));
        assert_eq!(read_metadata("a ???"), Err(MetadataError::Value));
        let above = format!("relativePath {}", encoded("a/../../etc/passwd"));
        assert_eq!(read_metadata(&above), Err(MetadataError::Folder(BadFolder::Above)));
        assert_eq!(
            read_metadata(&"a".repeat(limits::METADATA_BYTES + 1)),
            Err(MetadataError::Long)
        );
        let many: Vec<String> = (0..=limits::METADATA_PAIRS).map(|key| format!("k{key}")).collect();
        assert_eq!(read_metadata(&many.join(",")), Err(MetadataError::Long));
    }

    #[test]
    fn names_are_no_paths() {
        for (text, expected) in [
            ("C:\\dir\\file", Some("file")),
            ("..", None),
            ("a/..", None),
            (" \u{0}\n ", None),
            ("a\r\nSet-Cookie: b", Some("aSet-Cookie: b")),
        ] {
            assert_eq!(name(text).as_deref(), expected, "{text:?}");
        }
        assert!(name(&"é".repeat(2000)).unwrap().len() <= limits::NAME_BYTES);
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "[ -~é,=]{0,80}") {
            if let Ok(Metadata { name: Some(name), .. }) = read_metadata(&text) {
                prop_assert!(!name.contains(['/', '\\', '\n']));
            }
        }
    }
}
