//! What one reading of a file shares: the text, the environment, and the mistakes so far.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

use super::super::from_environment::Recording;
use super::super::mistake::{Kind, Mistake, Mistakes, Place, Spot};
use super::repair::Repaired;
use super::secret::without_passwords;
use super::source::Source;
use super::syntax::SyntaxMistake;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    /// The value.
    pub(crate) value: T,
    /// Its place, as a span of the repaired text.
    pub(crate) span: Range<usize>,
}

impl<T> At<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { value: change(self.value), span: self.span }
    }
}

/// The most mistakes that are noted with place and words; further ones are only counted, so that
/// a file of nothing but mistakes costs no more than its length.
const NOTED_MAX: usize = 1000;

/// The most characters of the words of a mistake; what is longer repeats an overlong value.
const WORDS_MAX: usize = 300;

/// One reading of a file.
pub(crate) struct Context<'c> {
    source: &'c Source<'c>,
    repaired: &'c Repaired<'c>,
    pub(super) environment: &'c Recording<'c>,
    mistakes: RefCell<Vec<Mistake>>,
    /// Mistakes beyond [`NOTED_MAX`].
    beyond: Cell<usize>,
    /// The lines with syntax mistakes: what else seems wrong there comes of them.
    broken_lines: BTreeSet<usize>,
    /// Whether a name is missing in what was read.
    gaps: Cell<bool>,
}

impl<'c> Context<'c> {
    pub(crate) fn new(
        source: &'c Source<'c>,
        repaired: &'c Repaired<'c>,
        environment: &'c Recording<'c>,
        syntax: Vec<SyntaxMistake>,
    ) -> Self {
        let mut context = Self {
            source,
            repaired,
            environment,
            mistakes: RefCell::default(),
            beyond: Cell::new(0),
            broken_lines: BTreeSet::new(),
            gaps: Cell::new(syntax.iter().any(|mistake| !mistake.repaired)),
        };
        for mistake in syntax {
            context.syntax(mistake);
        }
        context
    }

    fn syntax(&mut self, mistake: SyntaxMistake) {
        // The parser may stumble several times over one slip: the first is the slip.
        let line = self.source.line_at(mistake.span.start);
        let is_new = mistake.repaired || self.broken_lines.insert(line);
        if is_new && !self.is_full() {
            let place = self.source.place(&mistake.span);
            let first = mistake.first.map(|span| (self.source.place(&span), "the first".into()));
            self.push(Kind::Syntax, mistake.words, mistake.hint, Some(place), first);
        }
    }

    /// The text at a span of the repaired text.
    pub(crate) fn raw(&self, span: &Range<usize>) -> &'c str {
        self.repaired.text.get(span.clone()).unwrap_or_default()
    }

    /// The same for who reads of a mistake: passwords in addresses are masked.
    pub(crate) fn written(&self, span: &Range<usize>) -> String {
        without_passwords(self.raw(span))
    }

    /// Notes a mistake at a place.
    pub(crate) fn mistake(
        &self,
        kind: Kind,
        span: &Range<usize>,
        words: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.related(kind, span, words, hint, None);
    }

    /// Notes a mistake that has to do with another place too.
    pub(crate) fn related(
        &self,
        kind: Kind,
        span: &Range<usize>,
        words: impl Into<String>,
        hint: impl Into<String>,
        other: Option<(&Range<usize>, &str)>,
    ) {
        let line = self.source.line_at(self.repaired.original(span).start);
        if self.broken_lines.contains(&line) || self.is_full() {
            return;
        }
        let place = self.place(span);
        let mut hint = hint.into();
        // The reader sees ${NAME}, the mistake is in its value.
        if !matches!(kind, Kind::Environment | Kind::UnknownKey | Kind::Missing)
            && self.raw(span).contains("${")
        {
            // A suggestion may be made of the value.
            if self.environment.is_told_by(&hint) {
                hint = "look at the value".to_owned();
            }
            hint.push_str("; the value comes from the environment");
        }
        let other = other.map(|(span, what)| (self.place(span), what.to_owned()));
        self.push(kind, words.into(), hint, Some(place), other);
    }

    /// Notes a mistake of the file as a whole.
    pub(crate) fn whole(&self, kind: Kind, words: &str, hint: &str) {
        self.push(kind, words.to_owned(), hint.to_owned(), None, None);
    }

    /// Notes that a name could not be read, so that who refers to it may be right.
    pub(crate) fn gap(&self) {
        self.gaps.set(true);
    }

    /// Whether names or whole lines could not be read: then a name that seems to be missing may
    /// be among them.
    pub(crate) fn has_gaps(&self) -> bool {
        self.gaps.get()
    }

    /// Whether a line of the table that begins here could not be read: then a key that seems to
    /// be missing may be in it.
    pub(crate) fn is_broken(&self, table: &Range<usize>) -> bool {
        let first = self.place(table).line;
        let is_inside =
            |line: &usize| *line == first || !self.source.line(*line).trim_start().starts_with('[');
        match self.broken_lines.last() {
            Some(last) => {
                (first..=*last).take_while(is_inside).any(|line| self.broken_lines.contains(&line))
            }
            None => false,
        }
    }

    /// Everything noted, in the order of the file; None when nothing was.
    pub(crate) fn into_mistakes(self) -> Option<Mistakes> {
        Mistakes::of(self.mistakes.into_inner(), self.beyond.get(), self.source)
    }

    /// Whether a mistake can only be counted; counts it. To ask first is worth it where finding
    /// the words takes longer than a moment.
    pub(super) fn is_full(&self) -> bool {
        let full = self.mistakes.borrow().len() >= NOTED_MAX;
        if full {
            self.beyond.set(self.beyond.get() + 1);
        }
        full
    }

    fn place(&self, span: &Range<usize>) -> Place {
        self.source.place(&self.repaired.original(span))
    }

    fn push(
        &self,
        kind: Kind,
        words: String,
        hint: String,
        place: Option<Place>,
        related: Option<(Place, String)>,
    ) {
        let file = self.source.name.to_owned();
        // The line's text is added to those mistakes that are told.
        let spot = place.map(|place| Spot {
            place,
            text: "".into(),
            section: String::new(),
            key: String::new(),
        });
        let shown = |text| clipped(self.environment.mask(text));
        let (words, hint) = (shown(words), shown(hint));
        self.mistakes.borrow_mut().push(Mistake { kind, words, hint, file, spot, related });
    }
}

fn clipped(words: String) -> String {
    match words.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}...", words.get(..end).unwrap_or_default()),
        None => words,
    }
}
