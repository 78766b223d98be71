//! The page: one file with its style and its picture in it, for light and dark, wide and narrow.

use std::fmt::{self, Write};

use super::Problem;
use super::text::{self, Language};

/// The style, without what only people who edit it need.
const STYLE: &str = include_str!("page.css");

/// The shore with its hill, left.
const SHORE: &str =
    "M-4 12c38-6 92-4 118 22 16 16 12 30 22 42-8 12-24 16-24 32 0 20 18 30 12 56H-4z";
/// The island, right.
const ISLAND: &str = "M424 88c0-30 30-52 70-52s78 22 78 54-36 52-78 52-70-22-70-54z";
/// The sandbar between them.
const BAR: &str = "M126 72c40 14 90 4 140 10s110-10 168-4c-4 8-4 14-2 22-56-4-110 8-166 4s-100-2-152 8c2-14 4-26 12-40z";

pub(super) fn render(problem: &Problem<'_>, language: Language) -> String {
    let text = text::text(problem.status, language);
    let frame = text::frame(language);
    let mut out = String::with_capacity(6144);
    // Writing to a String cannot fail.
    let _ = head(&mut out, problem.status, language.tag(), text.title);
    let _ = picture(&mut out, problem.status);
    let _ = write!(
        out,
        "<main><p class=\"status\">{}</p><h1>{}</h1><p>{}</p><p>{}</p>",
        problem.status,
        Escaped(text.title),
        Escaped(text.happened),
        Escaped(text.next),
    );
    let _ = link(&mut out, problem.status, frame);
    if !problem.detail.is_empty() {
        let (label, detail) = (Escaped(frame.detail), Escaped(problem.detail));
        let _ = write!(out, "<dl><dt>{label}</dt><dd lang=\"en\">{detail}</dd>");
    } else {
        out.push_str("<dl>");
    }
    if !problem.request_id.is_empty() {
        let (label, id) = (Escaped(frame.request), Escaped(problem.request_id));
        let _ = write!(
            out,
            "<dt>{label}</dt><dd><code>{id}</code><br><small>{}</small></dd>",
            Escaped(frame.report)
        );
    }
    out.push_str("</dl></main></body></html>\n");
    out
}

fn head(out: &mut String, status: u16, language: &str, title: &str) -> fmt::Result {
    write!(
        out,
        "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"robots\" content=\"noindex\">\
         <title>{status} · {}</title><style>{STYLE}</style></head><body>",
        Escaped(title)
    )
}

/// What leads on: where trying again can help, that; from a dead end, the start page.
fn link(out: &mut String, status: u16, frame: &text::Frame) -> fmt::Result {
    match status {
        403 | 404 => write!(out, "<p><a href=\"/\">{}</a></p>", Escaped(frame.home)),
        408 | 429 | 431 | 500 | 502 | 503 => {
            write!(out, "<p><a href=\"\">{}</a></p>", Escaped(frame.again))
        }
        _ => Ok(()),
    }
}

/// A chart of what happened: the island is not there (404), or the sandbar to it is under water
/// (5xx), or all is well and the request was at fault.
fn picture(out: &mut String, status: u16) -> fmt::Result {
    let bar = if status >= 500 { "gone" } else { "land" };
    let island = if status == 404 { "gone" } else { "land" };
    write!(
        out,
        "<svg viewBox=\"0 0 640 160\" aria-hidden=\"true\" preserveAspectRatio=\"xMidYMid slice\">\
         <g class=\"depth\"><path d=\"{SHORE}{BAR}{ISLAND}\" stroke-width=\"64\"/>\
         <path class=\"near\" d=\"{SHORE}{BAR}{ISLAND}\" stroke-width=\"30\"/></g>\
         <path class=\"{bar}\" d=\"{BAR}\"/><path class=\"land\" d=\"{SHORE}\"/>\
         <path class=\"{island}\" d=\"{ISLAND}\"/></svg>"
    )
}

/// A text inside of an element or a quoted attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                c if c.is_control() => out.write_char('\u{fffd}')?,
                c => out.write_char(c)?,
            }
        }
        Ok(())
    }
}
