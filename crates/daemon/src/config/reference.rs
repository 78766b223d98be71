//! The reference page of the configuration file: every key as a row of a table, in Markdown.

use std::fmt::Write;

use super::keys::{Absent, Form, Key, ROOT, Table};
use super::written::quantity::{show_size, show_time};

/// The reference of every table and key, in Markdown, for the documentation.
#[must_use]
pub fn reference() -> String {
    let mut out = String::new();
    section(&mut out, &ROOT, "At the top of the file");
    out
}

fn section(out: &mut String, table: &Table, title: &str) {
    let plain: Vec<&Key> = table.keys.iter().filter(|key| !key.is_section()).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "### {title}\n");
    if !table.about.is_empty() {
        let _ = writeln!(out, "{}\n", table.about);
    }
    if !plain.is_empty() {
        let _ = writeln!(out, "| key | value | without it | what it does |\n|---|---|---|---|");
    }
    for key in &plain {
        let absent = match key.absent {
            Absent::Required => "required".to_owned(),
            Absent::Is(default) => format!("`{}`", default.show()),
            Absent::Means(words) => words.to_owned(),
        };
        let _ = writeln!(
            out,
            "| `{}` | {}, as `{}` | {absent} | {} |",
            key.name,
            value(&key.form),
            key.example,
            key.about
        );
    }
    if !plain.is_empty() {
        let _ = writeln!(out);
    }
    for key in table.keys {
        if let Some(inner) = key.form.table() {
            let title = match key.form {
                Form::Tables { .. } => format!("`[[{}]]`", inner.name),
                Form::Table(_) if key.is_section() => format!("`[{}]`", inner.name),
                _ => format!("`{}` in `[[{}]]`", key.name, table.name),
            };
            section(out, inner, &title);
        }
    }
}

/// A form in words, with its bounds.
fn value(form: &Form) -> String {
    match form {
        Form::Flag => "`true` or `false`".to_owned(),
        Form::Count { min, max } => format!("number, {min} to {max}"),
        Form::Size { min, max } if *max == i64::MAX as u64 => {
            format!("size, from {}", show_size(*min))
        }
        Form::Size { min, max } => format!("size, {} to {}", show_size(*min), show_size(*max)),
        Form::Time { min, max } => format!("duration, {} to {}", show_time(*min), show_time(*max)),
        Form::Word { words, .. } => {
            let words: Vec<String> = words().iter().map(|word| format!("`{word}`")).collect();
            words.join(", ")
        }
        Form::Text { what } => (*what).to_owned(),
        Form::TextOrFalse { what } => format!("{what}, or `false`"),
        Form::Texts { what, min: 0, max } => format!("list, at most {max} times {what}"),
        Form::Texts { what, min, max } => format!("list, {min} to {max} times {what}"),
        Form::TextOrTexts { what, max } => format!("{what}, or a list of 1 to {max}"),
        Form::Entries { what, max, .. } => format!("list, 1 to {max} times {what}, or a table"),
        Form::Table(_) => "table".to_owned(),
        Form::TableOrTables { max, .. } => format!("table, or a list of 1 to {max}"),
        Form::FlagOrTable(_) => "`true`, `false` or a table".to_owned(),
        Form::CountOrTable { min, max, .. } => format!("number, {min} to {max}, or a table"),
        Form::Tables { .. } => "tables".to_owned(),
    }
}
