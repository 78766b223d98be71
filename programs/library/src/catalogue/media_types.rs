//! What an item's content is served as. A stranger's bytes and a stranger's `Content-Type` reach
//! other people's browsers from our origin, so the type is one of this list or "bytes", and only
//! types that run no script are shown in place; everything else is a download.

/// How a browser may treat content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Shown in place, in a sandbox without an origin.
    Inline,
    /// Shown in place by the browser's own viewer, which no sandbox lets work (PDF in Chrome). The
    /// type is pinned by `nosniff`.
    InlineViewer,
    /// Always a download.
    Attachment,
}

/// The type of anything that is not in the list.
pub(crate) const BYTES: &str = "application/octet-stream";

/// Types that are shown in place: none of them runs scripts, with `nosniff` holding.
const INLINE: [&str; 32] = [
    "audio/aac",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/opus",
    "audio/wav",
    "audio/x-wav",
    "audio/webm",
    "audio/midi",
    "audio/aiff",
    "image/apng",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/jpeg",
    "image/jxl",
    "image/png",
    "image/tiff",
    "image/vnd.microsoft.icon",
    "image/webp",
    "image/x-icon",
    "video/3gpp",
    "video/mp4",
    "video/mpeg",
    "video/ogg",
    "video/quicktime",
    "video/webm",
    "video/x-matroska",
    "video/x-msvideo",
];

/// Types that are served under their own name, as downloads.
const DOWNLOADS: [&str; 20] = [
    "application/epub+zip",
    "application/gzip",
    "application/java-archive",
    "application/msword",
    "application/rtf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/x-7z-compressed",
    "application/x-tar",
    "application/x-bzip2",
    "application/x-xz",
    "application/zip",
    "application/zstd",
    "image/svg+xml",
];

/// The type without parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// What an item with this noted type is served as, and how a browser may treat it. All text is
/// plain text: HTML is shown as its source.
pub(crate) fn served(noted: &str) -> (&'static str, Treatment) {
    let essence = essence(noted);
    if let Some(known) = INLINE.iter().find(|known| **known == essence) {
        return (known, Treatment::Inline);
    }
    match essence.as_str() {
        "application/pdf" => return ("application/pdf", Treatment::InlineViewer),
        "application/json" => return ("text/plain; charset=utf-8", Treatment::Inline),
        // A browser takes a style sheet or a script by its type, whatever the page's intent.
        other if other.starts_with("text/") => {
            return ("text/plain; charset=utf-8", Treatment::Inline);
        }
        _ => {}
    }
    let known = DOWNLOADS.iter().find(|known| **known == essence);
    (known.copied().unwrap_or(BYTES), Treatment::Attachment)
}

/// The type to note for an item: what its first bytes are, or what its client said if they tell
/// nothing more than "text" or "bytes".
pub(crate) fn recognise(first_bytes: &[u8], said: Option<&str>) -> String {
    let found = essence(mimetype_detector::detect(first_bytes).mime());
    let said = said.map(essence).filter(|said| is_plain(said));
    let tells_little = matches!(
        found.as_str(),
        "" | "application/octet-stream"
            | "text/plain"
            | "application/zip"
            | "application/x-ole-storage"
    );
    match said {
        Some(said) if tells_little && agrees(&found, &said) => said,
        _ if found.is_empty() => BYTES.to_owned(),
        _ => found,
    }
}

/// Whether what the client said can be true of bytes that were recognised as this.
fn agrees(found: &str, said: &str) -> bool {
    let is_binary_kind = ["image/", "audio/", "video/", "application/pdf"];
    let is_binary_kind = is_binary_kind.iter().any(|kind| said.starts_with(kind));
    match found {
        // These have signatures of their own; the bytes would have shown them.
        "text/plain" => !is_binary_kind || said == "image/svg+xml",
        "application/zip" => !is_binary_kind && !said.starts_with("text/"),
        _ => !said.starts_with("text/"),
    }
}

/// Whether a text looks like a media type: it is stored and shown.
pub(crate) fn is_plain(essence: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    essence.len() <= 127
        && essence.split_once('/').is_some_and(|(top, sub)| is_token(top) && is_token(sub))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_that_runs_scripts_is_shown_as_itself() {
        for noted in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "application/xml",
            "text/javascript",
            "application/javascript",
            "application/x-shockwave-flash",
            "text/css",
            "nonsense",
        ] {
            let (served, treatment) = served(noted);
            let is_safe = treatment == Treatment::Attachment || served.starts_with("text/plain");
            assert!(is_safe, "{noted}: {served}");
        }
    }

    #[test]
    fn content_counts_for_more_than_what_was_said() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
        assert_eq!(recognise(png, Some("text/html")), "image/png");
        assert_eq!(recognise(b"plain words", Some("image/png")), "text/plain");
        assert_eq!(recognise(b"a;b\n1;2\n", Some("text/csv")), "text/csv");
        assert_eq!(recognise(b"%PDF-1.7\n", None), "application/pdf");
        assert_eq!(recognise(&[0, 1, 2, 3, 255], None), BYTES);
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_type(bytes: Vec<u8>, said: Option<String>) {
            let noted = recognise(&bytes, said.as_deref());
            prop_assert!(is_plain(&noted), "{}", noted);
            let _ = served(&noted);
        }
    }
}
