//! The page: one file with its style and its picture in it, for light and dark, wide and narrow.

use std::fmt::{self, Write};

use super::Problem;
use super::text::{self, Language};

/// The style, without what only people who edit it need.
const STYLE: &str = include_str!("page.css");

/// The shore, left.
const SHORE: &str =
    "M-8-8h92c30 6 38 22 34 40-3 14 10 20 14 34 4 16-14 22-16 38-3 20 16 30 12 64H-8z";
/// The island, right.
const ISLAND: &str = "M428 84c-4-24 14-44 44-50 26-5 44 6 66 14 24 9 40 20 36 42-4 24-30 42-62 \
                      44-22 1-34-8-52-14-18-7-29-16-32-36z";
/// The sandbar between them.
const BAR: &str = "M112 56c34 16 92 14 150 18 62 4 116-10 178-6 10 1 10 26 0 27-60 2-118 10-180 \
                   4-56-6-104-2-150 12z";

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
    let (bar, island) = (status < 500, status != 404);
    let mut land = SHORE.to_owned();
    land.push_str(if bar { BAR } else { "" });
    land.push_str(if island { ISLAND } else { "" });
    let gone = match (bar, island) {
        (true, true) => "",
        (false, _) => BAR,
        (true, false) => ISLAND,
    };
    // All shores first and all land over them: so land that touches has no line between.
    write!(
        out,
        "<svg viewBox=\"0 0 640 160\" aria-hidden=\"true\" preserveAspectRatio=\"xMidYMid slice\">\
         <path class=\"deep\" d=\"{SHORE}{BAR}{ISLAND}\"/>\
         <path class=\"near\" d=\"{SHORE}{BAR}{ISLAND}\"/>\
         <path class=\"gone\" d=\"{gone}\"/>\
         <path class=\"shore\" d=\"{land}\"/><path class=\"land\" d=\"{land}\"/></svg>"
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
