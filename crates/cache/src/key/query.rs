//! What of a query goes into the key.

/// What of the query counts. The default: every byte, as it was sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum QueryRule {
    /// The query as it was sent.
    #[default]
    Exact,
    /// The path alone.
    Ignore,
    /// Some of its parameters, or all of them in any order.
    Parameters(QueryParameters),
}

/// Which parameters count. Parameters are the parts between `&`; a name is what precedes `=`,
/// compared byte by byte.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct QueryParameters {
    /// Whether `a=1&b=2` and `b=2&a=1` are the same. Parameters of one name keep their order.
    pub sort: bool,
    /// Names that do not count, say `utm_source`. A trailing `*` stands for any rest.
    pub ignore: Vec<Box<[u8]>>,
    /// If not empty: the only names that count; `ignore` still takes away from them.
    pub keep: Vec<Box<[u8]>>,
}

impl QueryRule {
    /// Appends `path_and_query` with the query as this rule has it.
    pub fn write(&self, path_and_query: &[u8], out: &mut Vec<u8>) {
        if matches!(self, Self::Exact) {
            return out.extend_from_slice(path_and_query);
        }
        let end = memchr::memchr(b'?', path_and_query).unwrap_or(path_and_query.len());
        out.extend_from_slice(path_and_query.get(..end).unwrap_or_default());
        let query = path_and_query.get(end + 1..);
        if let (Self::Parameters(parameters), Some(query)) = (self, query) {
            parameters.write(query, out);
        }
    }
}

impl QueryParameters {
    fn write(&self, query: &[u8], out: &mut Vec<u8>) {
        let counted = query.split(|&b| b == b'&').filter(|parameter| self.counts(name(parameter)));
        let mut sign = b'?';
        let mut append = |parameter: &[u8]| {
            out.push(sign);
            out.extend_from_slice(parameter);
            sign = b'&';
        };
        if self.sort {
            let mut sorted: Vec<&[u8]> = counted.collect();
            sorted.sort_by_key(|parameter| name(parameter));
            sorted.into_iter().for_each(append);
        } else {
            counted.for_each(&mut append);
        }
    }

    fn counts(&self, name: &[u8]) -> bool {
        let listed = |list: &[Box<[u8]>]| list.iter().any(|pattern| matches(pattern, name));
        (self.keep.is_empty() || listed(&self.keep)) && !listed(&self.ignore)
    }
}

fn name(parameter: &[u8]) -> &[u8] {
    parameter.split(|&byte| byte == b'=').next().unwrap_or_default()
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.strip_suffix(b"*") {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}
