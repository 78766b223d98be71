//! Reads the keys of one table by their forms. A key that is wrong is a mistake and reads as
//! if it were not there; every unknown key is a mistake.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::keys::{Absent, Form, Key, Table};
use super::super::mistake::Kind;
use super::context::{At, Context};
use super::wording::{elsewhere, header_of, list, nearest};

/// One table of the file.
pub(crate) struct Reader<'r> {
    pub(crate) context: &'r Context<'r>,
    /// Where the table stands: its header, or its key.
    pub(crate) span: Range<usize>,
    table: &'r DeTable<'r>,
    keys: &'static Table,
}

/// An entry of a list that can be a text alone or a table.
pub(crate) enum Entry<'r> {
    /// A text alone.
    Short(At<String>),
    /// A table.
    Long(Reader<'r>),
}

/// The value of a key that can be a flag or a table.
pub(crate) enum FlagOrTable<'r> {
    /// `true` or `false`.
    Flag(bool),
    /// A table.
    Table(Reader<'r>),
}

/// The value of a key that can be a whole number or a table.
pub(crate) enum CountOrTable<'r> {
    /// A number alone.
    Count(At<u64>),
    /// A table.
    Table(Reader<'r>),
}

impl<'r> Reader<'r> {
    /// Begins to read a table: tells its unknown keys, and those required that are missing.
    pub(crate) fn new(
        context: &'r Context<'r>,
        table: &'r DeTable<'r>,
        keys: &'static Table,
        span: Range<usize>,
    ) -> Self {
        let reader = Self { context, span, table, keys };
        let unknown =
            table.iter().map(|(key, _)| key).filter(|key| !reader.is_known(key.get_ref()));
        let mut meant: Vec<&str> = Vec::new();
        for key in unknown {
            meant.extend(reader.unknown(key.get_ref(), &key.span()));
        }
        for key in keys.keys.iter().filter(|key| matches!(key.absent, Absent::Required)) {
            let is_there = table.contains_key(key.name) || meant.contains(&key.name);
            if !is_there && !context.is_broken(&reader.span) {
                reader.missing(key);
            }
        }
        reader
    }

    fn is_known(&self, name: &str) -> bool {
        self.keys.key(name).is_some()
    }

    fn missing(&self, key: &Key) {
        let words = format!("{} needs {:?}", self.title(), key.name);
        let hint = format!("add {} = {}", key.name, key.example);
        self.context.mistake(Kind::Missing, &self.span, words, hint);
    }

    /// Tells an unknown key, and gives the one of this table that seems to be meant.
    fn unknown(&self, name: &str, span: &Range<usize>) -> Option<&'static str> {
        if self.context.is_full() {
            return None;
        }
        let title = self.title();
        if self.keys.later.contains(&name) {
            let words = format!("{name:?} is not in this version yet");
            let hint = "remove it; the changelog tells when it is there";
            self.context.mistake(Kind::NotYet, span, words, hint);
            return None;
        }
        let known = || self.keys.keys.iter().map(|key| key.name);
        let near = nearest(name, known());
        let hint = match (near, elsewhere(name)) {
            (Some(near), _) => format!("did you mean {near:?}?"),
            (None, Some((key, home))) => format!("{key:?} belongs in {}", header_of(home)),
            (None, None) => format!("{title} has {}", list(known())),
        };
        self.context.mistake(Kind::UnknownKey, span, format!("{title} has no key {name:?}"), hint);
        near
    }

    /// How the table is called in words.
    fn title(&self) -> String {
        header_of(self.keys)
    }

    /// The value of a key, with the key's description.
    pub(super) fn get(&self, name: &str) -> Option<(&'static Key, &'r Spanned<DeValue<'r>>)> {
        let key = self.keys.key(name)?;
        Some((key, self.table.get(name)?))
    }

    /// Whether the key is there, be it right or wrong.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// A list of texts, those that can be read. None when there is no list.
    pub(crate) fn texts(&self, name: &str) -> Option<At<Vec<At<String>>>> {
        let (key, value) = self.get(name)?;
        let (min, max) = match key.form {
            Form::Texts { min, max, .. } => (min, max),
            Form::TextOrTexts { .. } if matches!(value.get_ref(), DeValue::String(_)) => {
                let text = self.text_of(name, "a text or a list of texts", key, value)?;
                let only = At { value: text, span: value.span() };
                return Some(At { value: vec![only], span: value.span() });
            }
            Form::TextOrTexts { max, .. } => (1, max),
            _ => return None,
        };
        let list = self.list_of(name, key, value, min, max)?;
        let texts = list.iter().filter_map(|element| {
            let text = self.text_of(name, "a list of texts", key, element)?;
            Some(At { value: text, span: element.span() })
        });
        Some(At { value: texts.collect(), span: value.span() })
    }

    /// A list of texts or tables, those that can be read. None when there is no list.
    pub(crate) fn entries(&self, name: &str) -> Option<At<Vec<Entry<'r>>>> {
        let (key, value) = self.get(name)?;
        let Form::Entries { table, max, .. } = key.form else { return None };
        let list = self.list_of(name, key, value, 1, max)?;
        let entries = list.iter().filter_map(|element| match element.get_ref() {
            DeValue::Table(inner) => {
                Some(Entry::Long(Reader::new(self.context, inner, table, element.span())))
            }
            _ => {
                let text = self.text_of(name, "a list of texts or tables", key, element)?;
                Some(Entry::Short(At { value: text, span: element.span() }))
            }
        });
        Some(At { value: entries.collect(), span: value.span() })
    }

    /// A table of its own.
    pub(crate) fn table(&self, name: &str) -> Option<Reader<'r>> {
        let (key, value) = self.get(name)?;
        let table = key.form.table()?;
        match value.get_ref() {
            DeValue::Table(inner) => Some(Reader::new(self.context, inner, table, value.span())),
            DeValue::Array(list) => {
                let hint = format!("write [{0}] instead of [[{0}]]: there is just one", table.name);
                let _: Option<()> = self.wrong_type(name, "one table", value, hint);
                let first = list.iter().next()?;
                let inner = first.get_ref().as_table()?;
                Some(Reader::new(self.context, inner, table, first.span()))
            }
            _ => {
                let hint = format!("write [{}] on a line of its own, its keys below", table.name);
                self.wrong_type(name, "a table", value, hint)
            }
        }
    }

    /// A table of its own, or a list of them; those that can be read.
    pub(crate) fn table_or_tables(&self, name: &str) -> Vec<Reader<'r>> {
        let Some((key, value)) = self.get(name) else { return Vec::new() };
        let Form::TableOrTables { table, max } = key.form else { return Vec::new() };
        if let DeValue::Table(only) = value.get_ref() {
            return vec![Reader::new(self.context, only, table, value.span())];
        }
        let Some(list) = self.list_of(name, key, value, 1, max) else { return Vec::new() };
        let readers = list.iter().filter_map(|element| match element.get_ref() {
            DeValue::Table(inner) => Some(Reader::new(self.context, inner, table, element.span())),
            _ => {
                let hint = format!("write {name} = [{}]", key.example);
                self.wrong_type(name, "a table or a list of tables", element, hint)
            }
        });
        readers.collect()
    }

    /// `true`, `false`, or a table of its own.
    pub(crate) fn flag_or_table(&self, name: &str) -> Option<FlagOrTable<'r>> {
        let (key, value) = self.get(name)?;
        let table = key.form.table()?;
        match value.get_ref() {
            DeValue::Table(inner) => {
                let reader = Reader::new(self.context, inner, table, value.span());
                Some(FlagOrTable::Table(reader))
            }
            DeValue::Boolean(_) | DeValue::String(_) => {
                self.flag(name).map(|flag| FlagOrTable::Flag(flag.value))
            }
            _ => {
                let hint = format!("write {name} = true, or {name} = {}", key.example);
                self.wrong_type(name, "true, false or a table", value, hint)
            }
        }
    }

    /// A whole number, or a table of its own.
    pub(crate) fn count_or_table(&self, name: &str) -> Option<CountOrTable<'r>> {
        let (key, value) = self.get(name)?;
        let table = key.form.table()?;
        match value.get_ref() {
            DeValue::Table(inner) => {
                let reader = Reader::new(self.context, inner, table, value.span());
                Some(CountOrTable::Table(reader))
            }
            DeValue::Integer(_) | DeValue::String(_) => self.count(name).map(CountOrTable::Count),
            _ => {
                let hint = format!("write {name} = {}", key.example);
                self.wrong_type(name, "a whole number or a table", value, hint)
            }
        }
    }

    /// Any number of tables, those that can be read.
    pub(crate) fn tables(&self, name: &str) -> Vec<Reader<'r>> {
        let Some((key, value)) = self.get(name) else { return Vec::new() };
        let Form::Tables { table, max } = key.form else { return Vec::new() };
        let hint = || format!("write [[{name}]] on a line of its own, its keys below");
        let DeValue::Array(list) = value.get_ref() else {
            let _: Option<()> = self.wrong_type(name, "a list of tables", value, hint());
            let only = value.get_ref().as_table();
            let only = only.map(|only| Reader::new(self.context, only, table, value.span()));
            return only.into_iter().collect();
        };
        if list.len() > max {
            let words = format!("there are {} [[{name}]] tables", list.len());
            let hint = format!("there can be {max} at most");
            self.context.mistake(Kind::OutOfRange, &value.span(), words, hint);
        }
        let readers = list.iter().take(max).filter_map(|element| match element.get_ref() {
            DeValue::Table(inner) => Some(Reader::new(self.context, inner, table, element.span())),
            _ => self.wrong_type(name, "a list of tables", element, hint()),
        });
        readers.collect()
    }

    fn list_of(
        &self,
        name: &str,
        key: &Key,
        value: &'r Spanned<DeValue<'r>>,
        min: usize,
        max: usize,
    ) -> Option<&'r [Spanned<DeValue<'r>>]> {
        let hint = format!("write {name} = {}", key.example);
        let DeValue::Array(list) = value.get_ref() else {
            let several = matches!(key.form, Form::TextOrTexts { .. });
            let wanted = if several { "a text or a list of texts" } else { "a list" };
            return self.wrong_type(name, wanted, value, hint);
        };
        if list.len() < min {
            return self.bad(&value.span(), format!("{name:?} is empty"), hint);
        }
        if list.len() > max {
            return self.out_of_range(
                name,
                &value.span(),
                &format!("{min} elements"),
                &max.to_string(),
            );
        }
        Some(list)
    }

    pub(super) fn wrong_type<T>(
        &self,
        name: &str,
        wanted: &str,
        value: &Spanned<DeValue<'_>>,
        hint: String,
    ) -> Option<T> {
        let is = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let words = format!("{name:?} must be {wanted}; this is {is}");
        self.context.mistake(Kind::WrongType, &value.span(), words, hint);
        None
    }

    pub(super) fn out_of_range<T>(
        &self,
        name: &str,
        span: &Range<usize>,
        min: &str,
        max: &str,
    ) -> Option<T> {
        let words = format!("{name:?} is out of range");
        self.context.mistake(
            Kind::OutOfRange,
            span,
            words,
            format!("it can be from {min} to {max}"),
        );
        None
    }

    /// Tells a bad value and reads as nothing.
    pub(crate) fn bad<T>(
        &self,
        span: &Range<usize>,
        words: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<T> {
        self.context.mistake(Kind::BadValue, span, words, hint);
        None
    }
}
