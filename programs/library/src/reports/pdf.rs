//! A report as a PDF document: A4 across, as many pages as it needs, in Noto Sans, which has Latin,
//! Greek and Cyrillic letters and signs of currencies.

use std::sync::LazyLock;

use krilla::Document;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

use super::table::Table;

static REGULAR: LazyLock<Option<Font>> =
    LazyLock::new(|| Font::new(notosans::REGULAR_TTF.to_vec().into(), 0));
static BOLD: LazyLock<Option<Font>> =
    LazyLock::new(|| Font::new(notosans::BOLD_TTF.to_vec().into(), 0));

/// In points.
const WIDTH: f32 = 842.0;
const HEIGHT: f32 = 595.0;
const MARGIN: f32 = 36.0;
const LINE: f32 = 13.0;
const SIZE: f32 = 8.0;
/// The width of a letter, about, in parts of its size.
const LETTER: f32 = 0.56;

/// Why there is no document: a fault of this program.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a PDF document cannot be made")]
pub(super) struct NoDocument;

/// The bytes of a report.
pub(super) fn write(table: &Table) -> Result<Vec<u8>, NoDocument> {
    let (regular, bold) = (REGULAR.clone().ok_or(NoDocument)?, BOLD.clone().ok_or(NoDocument)?);
    let columns = columns(table);
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(table.title.to_owned()));
    let mut rows = table.rows.iter();
    let mut page_number = 1;
    loop {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(NoDocument)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        let mut y = MARGIN + 10.0;
        if page_number == 1 {
            say(&mut surface, &bold, 16.0, MARGIN, y, table.title);
            for line in &table.about {
                y += LINE;
                say(&mut surface, &regular, SIZE + 1.0, MARGIN, y, line);
            }
            y += LINE * 1.5;
        }
        for (name, column) in table.columns.iter().zip(&columns) {
            let name = name.replace('_', " ");
            column.write(&mut surface, &bold, y, &name, column.is_number);
        }
        let room = ((HEIGHT - MARGIN - LINE - y) / LINE).max(1.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen")]
        let room = room as usize;
        for row in rows.by_ref().take(room) {
            y += LINE;
            for (cell, column) in row.iter().zip(&columns) {
                column.write(&mut surface, &regular, y, &cell.text(), cell.is_number());
            }
        }
        let foot = format!("{page_number}");
        say(&mut surface, &regular, SIZE, WIDTH - MARGIN, HEIGHT - MARGIN / 2.0, &foot);
        surface.finish();
        page.finish();
        if rows.len() == 0 {
            break;
        }
        page_number += 1;
    }
    document.finish().map_err(|_| NoDocument)
}

/// Where a column stands.
struct Place {
    left: f32,
    width: f32,
    is_number: bool,
}

/// Columns share the page by the longest text of each.
fn columns(table: &Table) -> Vec<Place> {
    let longest = |index: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(index));
        let cells = cells.map(|cell| cell.text().chars().count()).max().unwrap_or_default();
        let name = table.columns.get(index).map_or(0, |name| name.chars().count());
        #[allow(clippy::cast_precision_loss, reason = "at most 60")]
        let letters = cells.max(name).clamp(4, 60) as f32;
        letters
    };
    let widths: Vec<f32> = (0..table.columns.len()).map(longest).collect();
    let scale = (WIDTH - 2.0 * MARGIN) / widths.iter().sum::<f32>().max(1.0);
    let mut left = MARGIN;
    widths
        .iter()
        .enumerate()
        .map(|(index, letters)| {
            let first = table.rows.first().and_then(|row| row.get(index));
            let is_number = first.is_some_and(super::table::Cell::is_number);
            let place = Place { left, width: letters * scale, is_number };
            left += place.width;
            place
        })
        .collect()
}

impl Place {
    /// Writes a text, cut where the next column begins; numbers stand to the right.
    fn write(&self, surface: &mut Surface<'_>, font: &Font, y: f32, text: &str, is_number: bool) {
        let room = self.width - 6.0;
        let mut shown = text.to_owned();
        while width(&shown) > room && !shown.is_empty() {
            shown.pop();
        }
        if shown.len() < text.len() {
            shown.pop();
            shown.push('…');
        }
        let x = if is_number { self.left + room - width(&shown) } else { self.left };
        say(surface, font, SIZE, x, y, &shown);
    }
}

/// About how wide a text is; exact for numbers.
fn width(text: &str) -> f32 {
    let letter = |letter: char| match letter {
        '0'..='9' => 0.572,
        '.' | ',' | ' ' | 'i' | 'l' | 'I' => 0.268,
        '-' => 0.322,
        'm' | 'w' | 'M' | 'W' | '@' => 0.92,
        _ => LETTER,
    };
    text.chars().map(letter).sum::<f32>() * SIZE
}

fn say(surface: &mut Surface<'_>, font: &Font, size: f32, x: f32, y: f32, text: &str) {
    let plain: String = text.chars().filter(|letter| !letter.is_control()).collect();
    if !plain.is_empty() {
        let at = Point::from_xy(x, y);
        surface.draw_text(at, font.clone(), size, &plain, false, TextDirection::Auto);
    }
}
