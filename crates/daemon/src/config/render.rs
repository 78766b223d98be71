//! How mistakes look: for people with the offending line and a caret under it, for programs as
//! JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::mistake::{Mistake, Mistakes, Place, Spot};
use crate::terminal;

/// The most characters of a line that are shown around a mistake.
const WINDOW_CHARACTERS: usize = 100;

/// ANSI codes, or nothing.
struct Paint {
    bold: &'static str,
    red: &'static str,
    blue: &'static str,
    off: &'static str,
}

const PLAIN: Paint = Paint { bold: "", red: "", blue: "", off: "" };
const COLOUR: Paint =
    Paint { bold: "\x1b[1m", red: "\x1b[1;31m", blue: "\x1b[34m", off: "\x1b[0m" };

impl Mistakes {
    /// Every mistake for people, and a last line that counts them. Ends with a line break.
    ///
    /// Each begins with `FILE:LINE:COLUMN:`, which editors and terminals turn into a link.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let paint = if colour { &COLOUR } else { &PLAIN };
        let mut out = String::new();
        for mistake in self.iter() {
            // Writing to a String cannot fail.
            let _ = render_one(&mut out, mistake, paint);
        }
        if self.omitted() > 0 {
            let _ = writeln!(out, "... and {} more\n", self.omitted());
        }
        let plural = if self.count() == 1 { "mistake" } else { "mistakes" };
        let _ = writeln!(out, "{}{} {plural}{}", paint.bold, self.count(), paint.off);
        out
    }

    /// Every mistake for programs:
    /// `{"valid": false, "count": N, "mistakes": [{"kind", "message", "hint", "file", "line", …}]}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mistakes: Vec<Value> = self.iter().map(one_to_json).collect();
        json!({ "valid": false, "count": self.count(), "mistakes": mistakes })
    }
}

fn render_one(out: &mut String, mistake: &Mistake, paint: &Paint) -> std::fmt::Result {
    let Paint { bold, red, blue, off } = paint;
    let file = terminal::line(&mistake.file);
    write!(out, "{bold}{file}")?;
    if let Some(Spot { place, .. }) = &mistake.spot {
        write!(out, ":{}:{}", place.line, place.column)?;
    }
    writeln!(out, ":{off} {red}{}{off}", terminal::line(&mistake.words))?;
    if let Some(Spot { place, text, .. }) = &mistake.spot {
        let (shown, before, length) = window(text, *place);
        let gutter = place.line.to_string().len().max(3);
        writeln!(out, "{blue}{:>gutter$} |{off} {shown}", place.line)?;
        let carets = "^".repeat(length.max(1));
        writeln!(out, "{blue}{:>gutter$} |{off} {:before$}{red}{carets}{off}", "", "")?;
    }
    if let Some((place, what)) = &mistake.related {
        let what = terminal::line(what);
        writeln!(out, "      {what}: line {}, column {}", place.line, place.column)?;
    }
    writeln!(out, "      {bold}rule:{off} {}", terminal::line(&rule(mistake)))?;
    writeln!(out, "      {bold}hint:{off} {}\n", terminal::line(&mistake.hint))
}

/// The rule that is broken, and in which section and at which key.
fn rule(mistake: &Mistake) -> String {
    let kind = mistake.kind.name();
    match mistake.spot.as_ref().map(|spot| (spot.section.as_str(), spot.key.as_str())) {
        None | Some(("", "")) => kind.to_owned(),
        Some(("", key)) => format!("{kind}, {key}"),
        Some((section, "")) => format!("{kind}, [{section}]"),
        Some((section, key)) => format!("{kind}, [{section}] {key}"),
    }
}

/// The part of a line to show, how many columns lie before the place in it, and how many
/// columns the place takes there.
fn window(text: &str, place: Place) -> (String, usize, usize) {
    let total = text.chars().count();
    let before = (place.column - 1).min(total);
    // A long line is cut so that the place lies in the first third of what is shown.
    let cut = if total <= WINDOW_CHARACTERS {
        0
    } else {
        before.saturating_sub(WINDOW_CHARACTERS / 3).min(total - WINDOW_CHARACTERS)
    };
    let shown: String = text.chars().skip(cut).take(WINDOW_CHARACTERS).map(visible).collect();
    let left = if cut > 0 { "..." } else { "" };
    let right = if cut + WINDOW_CHARACTERS < total { "..." } else { "" };
    let length = place.length.min((cut + WINDOW_CHARACTERS).min(total).saturating_sub(before));
    (format!("{left}{shown}{right}"), left.len() + before - cut, length)
}

/// One column for one character: a tab becomes a space, what steers a terminal a replacement sign.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        other if terminal::steers(other) => terminal::REPLACEMENT,
        other => other,
    }
}

fn one_to_json(mistake: &Mistake) -> Value {
    let place = mistake.spot.as_ref().map(|spot| spot.place);
    json!({
        "kind": mistake.kind.name(),
        "section": mistake.spot.as_ref().map(|spot| &spot.section),
        "key": mistake.spot.as_ref().map(|spot| &spot.key),
        "message": mistake.words,
        "hint": mistake.hint,
        "file": mistake.file,
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "length": place.map(|place| place.length),
        "text": mistake.spot.as_ref().map(|spot| &*spot.text),
        "related": mistake.related.as_ref().map(|(place, what)| {
            json!({ "line": place.line, "column": place.column, "message": what })
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::mistake::Kind;

    fn at(text: &str, column: usize, length: usize) -> Mistakes {
        let place = Place { line: 7, column, length };
        Mistakes::alone(Mistake {
            kind: Kind::BadValue,
            words: "that is wrong".to_owned(),
            hint: "do this".to_owned(),
            file: "t.toml".to_owned(),
            spot: Some(Spot {
                place,
                text: text.into(),
                section: "gateway".to_owned(),
                key: "workers".to_owned(),
            }),
            related: None,
        })
    }

    #[test]
    fn the_caret_stands_under_the_mistake() {
        assert_eq!(
            at("\tworkers = -1", 12, 2).render(false),
            "t.toml:7:12: that is wrong\n  7 |  workers = -1\n    |            ^^\n      rule: bad-value, [gateway] workers\n      hint: do this\n\n1 mistake\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_mistake() {
        let text = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
        let shown = at(&text, 5001, 4).render(false);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].len() < 120 && lines[1].starts_with("  7 | ...aaa"), "{shown}");
        let caret = lines[2].find("^^^^").unwrap();
        assert_eq!(&lines[1][caret..caret + 4], "HERE");
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let shown = at("x = \"\u{1b}[2J\u{202e}\"", 1, 1).render(false);
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
        assert!(at("x", 1, 1).render(true).contains("\u{1b}[1;31mthat is wrong"));
    }

    #[test]
    fn programs_get_the_same_as_json() {
        let json = at("x = 1", 5, 1).to_json();
        assert_eq!(json["valid"], false);
        assert_eq!(json["mistakes"][0]["line"], 7);
        assert_eq!(json["mistakes"][0]["kind"], "bad-value");
        assert_eq!(json["mistakes"][0]["section"], "gateway");
        assert_eq!(json["mistakes"][0]["key"], "workers");
        assert_eq!(json["mistakes"][0]["text"], "x = 1");
    }
}
