//! Which form and which language a request asks for (RFC 9110 sections 12.4.2, 12.5.1, 12.5.4).

use super::text::Language;

/// The most bytes of a field that are looked at; what is longer is no browser's.
const FIELD_BYTES_MAX: usize = 4096;

/// Whether a page suits better than JSON: HTML is named, and JSON is not liked more. Programs
/// that take anything (`*/*`) or say nothing get JSON.
pub fn wants_html(accept: Option<&[u8]>) -> bool {
    let mut html = 0;
    let mut json = 0;
    for (name, quality) in choices(accept) {
        match name.to_ascii_lowercase().as_str() {
            "text/html" | "application/xhtml+xml" | "text/*" => html = html.max(quality),
            "application/json" | "application/problem+json" | "application/*" => {
                json = json.max(quality);
            }
            _ => {}
        }
    }
    html > 0 && html >= json
}

/// The language liked most; English when none of ours is named.
pub(super) fn language(accept_language: Option<&[u8]>) -> Language {
    let mut best = (0, Language::English);
    for (name, quality) in choices(accept_language) {
        let primary = name.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let known = Language::ALL.into_iter().find(|language| language.tag() == primary);
        if let Some(language) = known
            && quality > best.0
        {
            best = (quality, language);
        }
    }
    best.1
}

/// The members of a list with weights, in thousandths. A member that cannot be read is left out.
fn choices(field: Option<&[u8]>) -> impl Iterator<Item = (&str, u16)> {
    let field = field.filter(|field| field.len() <= FIELD_BYTES_MAX).unwrap_or_default();
    let text = std::str::from_utf8(field).unwrap_or_default();
    text.split(',').filter_map(|member| {
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next()?;
        let weight = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case("q").then(|| value.trim())
        });
        Some((name, weight.map_or(Some(1000), thousandths)?))
    })
}

/// A weight: `0` to `1` with at most three decimals (RFC 9110 section 12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_must_be_named_and_liked() {
        for (accept, html) in [
            ("text/html", true),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("TEXT/HTML ; Q=0.5 , application/json;q=0.4", true),
            ("text/*", true),
            ("*/*", false),
            ("", false),
            ("text/html;q=0", false),
            ("text/html;q=0.5, application/json", false),
            ("text/html;q=2", false),
            ("image/png", false),
        ] {
            assert_eq!(wants_html(Some(accept.as_bytes())), html, "{accept}");
        }
        assert!(!wants_html(None));
        assert!(!wants_html(Some(b"text/html\xff")));
    }

    #[test]
    fn the_language_liked_most_is_taken() {
        use Language::{English, Spanish};
        for (accept, expected) in [
            ("es", Spanish),
            ("ES-419,en;q=0.5", Spanish),
            ("en,es", English),
            ("es;q=0.4, en;q=0.6", English),
            ("de, es;q=0.1", Spanish),
            ("de, fr", English),
            ("*", English),
            ("es;q=0", English),
            ("est", English),
        ] {
            assert_eq!(language(Some(accept.as_bytes())), expected, "{accept}");
        }
        assert_eq!(language(None), English);
    }
}
