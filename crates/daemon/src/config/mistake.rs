//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

pub use super::written::source::Place;
use super::written::source::Source;

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What kind of mistake it is.
    pub kind: Kind,
    /// What is wrong, in a sentence without a full stop.
    pub words: String,
    /// What to do about it.
    pub hint: String,
    /// The file's name as it was given.
    pub file: String,
    /// Where in the file. None when it is about the file as a whole.
    pub spot: Option<Spot>,
    /// Another place that belongs to it, such as the first of two duplicates, and what is there.
    pub related: Option<(Place, String)>,
}

/// One line, `FILE:LINE:COLUMN: what is wrong`, for logs.
impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(Spot { place, .. }) = &self.spot {
            write!(out, ":{}:{}", place.line, place.column)?;
        }
        write!(out, ": {}", self.words)
    }
}

/// A place in a file together with the text of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Where it is.
    pub place: Place,
    /// The line as it stands in the file.
    pub text: Arc<str>,
    /// The section it is in, without brackets; empty above the first.
    pub section: String,
    /// The key it is about; empty where there is none.
    pub key: String,
}

/// The kinds of mistakes; the names are stable and may be relied upon by programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file cannot be read, is too long, or is not text.
    Unreadable,
    /// It is not TOML.
    Syntax,
    /// There is no such key.
    UnknownKey,
    /// A later version will know it; this one does not.
    NotYet,
    /// A key that has to be there is not.
    Missing,
    /// A value of another type was expected.
    WrongType,
    /// The type is right, the value is not.
    BadValue,
    /// A number, size or duration is too small or too great.
    OutOfRange,
    /// A name that nothing has.
    UnknownName,
    /// The same thing twice.
    Duplicate,
    /// Two settings that cannot both hold.
    Conflict,
    /// An environment value that is not there or not text.
    Environment,
    /// A file or a folder that it names cannot be opened.
    File,
}

impl Kind {
    /// The kind's name in the JSON form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown-key",
            Self::NotYet => "not-yet",
            Self::Missing => "missing",
            Self::WrongType => "wrong-type",
            Self::BadValue => "bad-value",
            Self::OutOfRange => "out-of-range",
            Self::UnknownName => "unknown-name",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Environment => "environment",
            Self::File => "file",
        }
    }
}

/// Every mistake of one configuration, in the order of the file; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    list: Vec<Mistake>,
    /// How many more there were than [`Mistakes::MAX`].
    omitted: usize,
}

impl Mistakes {
    /// The most mistakes that are told at once.
    pub const MAX: usize = 100;

    /// The mistakes in the order of the file, or None when there are none. `beyond` more were
    /// counted and not kept.
    pub(super) fn of(mut list: Vec<Mistake>, beyond: usize, source: &Source<'_>) -> Option<Self> {
        let place = |mistake: &Mistake| {
            mistake.spot.as_ref().map(|spot| (spot.place.line, spot.place.column))
        };
        // Stable: at the same place the one found first, the cause, stays first.
        list.sort_by_key(place);
        list.dedup();
        let omitted = list.len().saturating_sub(Self::MAX) + beyond;
        list.truncate(Self::MAX);
        let mut last: (usize, Arc<str>) = (0, "".into());
        for spot in list.iter_mut().filter_map(|mistake| mistake.spot.as_mut()) {
            if last.0 != spot.place.line {
                last = (spot.place.line, source.shown_line(spot.place.line).into());
            }
            spot.text = Arc::clone(&last.1);
            (spot.section, spot.key) = source.within(spot.place);
        }
        (!list.is_empty()).then_some(Self { list, omitted })
    }

    /// Mistakes about what the file names, or None when there are none.
    pub(super) fn of_files(list: Vec<Mistake>) -> Option<Self> {
        (!list.is_empty()).then_some(Self { list, omitted: 0 })
    }

    /// A mistake that hides all others.
    pub(super) fn alone(mistake: Mistake) -> Self {
        Self { list: vec![mistake], omitted: 0 }
    }

    /// Each mistake that is told, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.list.iter()
    }

    /// How many there are, told or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len() + self.omitted
    }

    /// How many are not told because there are more than [`Mistakes::MAX`].
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

/// The plain rendering, without colours.
impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.render(false))
    }
}

impl std::error::Error for Mistakes {}
