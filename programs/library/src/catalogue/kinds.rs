//! What sort of thing an item is. A hint for people and for filters, recognised by content; it never
//! permits anything. As what content is served is decided in [`media_types`](super::media_types).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::media_types;

/// The kinds that the catalogue knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Text to be read in pages: PDF, office documents, books.
    Document,
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Plain text, source code and data in text.
    Text,
    /// Anything else.
    Other,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Document, Self::Image, Self::Audio, Self::Video, Self::Text, Self::Other];

    /// As it is written in the table and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Text => "text",
            Self::Other => "other",
        }
    }

    /// The kind of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of a media type.
    pub(crate) fn of_media_type(media_type: &str) -> Self {
        let essence = media_types::essence(media_type);
        let (top, sub) = essence.split_once('/').unwrap_or_default();
        match top {
            "image" => Self::Image,
            "audio" => Self::Audio,
            "video" => Self::Video,
            "text" if sub == "rtf" => Self::Document,
            "text" => Self::Text,
            "application" if is_document(sub) => Self::Document,
            "application" if is_text(sub) => Self::Text,
            "application" if sub == "ogg" => Self::Audio,
            _ => Self::Other,
        }
    }
}

fn is_document(sub: &str) -> bool {
    const BEGINNINGS: [&str; 5] = [
        "vnd.openxmlformats-officedocument",
        "vnd.oasis.opendocument",
        "vnd.ms-",
        "vnd.apple.",
        "x-mobipocket",
    ];
    matches!(sub, "pdf" | "msword" | "rtf" | "epub+zip" | "postscript" | "oxps" | "x-tex")
        || BEGINNINGS.iter().any(|beginning| sub.starts_with(beginning))
}

fn is_text(sub: &str) -> bool {
    const WHOLE: [&str; 9] =
        ["json", "xml", "javascript", "x-sh", "toml", "yaml", "x-yaml", "sql", "x-subrip"];
    WHOLE.contains(&sub) || sub.ends_with("+json") || sub.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_have_kinds() {
        for (media_type, kind) in [
            ("application/pdf", Kind::Document),
            ("application/vnd.oasis.opendocument.text", Kind::Document),
            ("image/svg+xml", Kind::Image),
            ("audio/mpeg", Kind::Audio),
            ("video/mp4; codecs=avc1", Kind::Video),
            ("Text/Plain; charset=utf-8", Kind::Text),
            ("application/ld+json", Kind::Text),
            ("application/zip", Kind::Other),
            ("", Kind::Other),
            ("pdf", Kind::Other),
        ] {
            assert_eq!(Kind::of_media_type(media_type), kind, "{media_type}");
        }
    }
}
