//! The values of constants, read from the source: `LINE_BYTES: usize = 4 * 1024`, `Duration::from_secs(30)`,
//! fields of a default. Times are in milliseconds.

use super::super::text;

/// The files that constants are named in, by the name that stands for each in the lists.
const FILES: [(&str, &str); 22] = [
    ("access_log", "programs/gateway/src/access_log/mod.rs"),
    ("admin", "programs/gateway/src/control_plane/admin/limits.rs"),
    ("backoff", "programs/orchestrator/src/supervisor/backoff.rs"),
    ("buffer", "programs/gateway/src/data_plane/buffer.rs"),
    ("calculator", "programs/calculator/src/limits.rs"),
    ("chat", "programs/chat/src/limits.rs"),
    ("conduit", "programs/orchestrator/src/process/conduit.rs"),
    ("http1", "crates/http1/src/limits.rs"),
    ("library", "programs/library/src/limits.rs"),
    ("look_up", "programs/gateway/src/control_plane/names/look_up.rs"),
    ("memory", "crates/daemon/src/memory/limits.rs"),
    ("orchestration", "programs/gateway/src/control_plane/admin/orchestration/mod.rs"),
    ("proxy_protocol", "crates/proxy-protocol/src/lib.rs"),
    ("record", "programs/gateway/src/access_log/record.rs"),
    ("serve", "crates/serve/src/limits.rs"),
    ("server_address", "crates/daemon/src/config/server_address.rs"),
    ("splice", "programs/gateway/src/data_plane/splice.rs"),
    ("storage", "crates/storage/src/limits.rs"),
    ("successor", "programs/gateway/src/control_plane/succession/successor.rs"),
    ("tcp", "programs/gateway/src/tcp/chunk.rs"),
    ("uploads", "programs/library/src/uploads/limits.rs"),
    ("watch", "programs/orchestrator/src/watch/mod.rs"),
];

/// The value of an expression of constants, each as `file.NAME`.
pub(super) fn value(expression: &str) -> u64 {
    Reader { rest: expression, file: "" }.whole(expression)
}

/// What is left to read of an expression, and the file whose names it may use.
struct Reader<'a> {
    rest: &'a str,
    file: &'a str,
}

impl Reader<'_> {
    fn whole(mut self, expression: &str) -> u64 {
        let value = self.sum();
        assert!(self.rest.trim().is_empty(), "{expression:?} is not understood: {:?}", self.rest);
        value
    }

    fn sum(&mut self) -> u64 {
        let mut value = self.product();
        while self.take("+") {
            value += self.product();
        }
        value
    }

    fn product(&mut self) -> u64 {
        let mut value = self.one();
        loop {
            if self.take("*") {
                value *= self.one();
            } else if self.take("/") {
                value /= self.one();
            } else if self.take("<<") {
                value <<= self.one();
            } else {
                return value;
            }
        }
    }

    fn one(&mut self) -> u64 {
        if self.take("(") {
            let value = self.sum();
            assert!(self.take(")"), "no end of a bracket: {:?}", self.rest);
            return value;
        }
        self.rest = self.rest.trim_start();
        let is_part = |one: char| one.is_alphanumeric() || ['_', '.', ':'].contains(&one);
        let end = self.rest.find(|one| !is_part(one)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "Duration::from_secs" => self.one() * 1000,
            "Duration::from_millis" => self.one(),
            _ if word.starts_with(|one: char| one.is_ascii_digit()) => {
                word.replace('_', "").parse().unwrap_or_else(|_| panic!("{word:?} is no number"))
            }
            _ => match word.split_once('.') {
                Some((file, name)) => named(file, name),
                None => named(self.file, word.rsplit("::").next().unwrap()),
            },
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// The value of a constant, or of a field of a default, of a file.
fn named(file: &str, name: &str) -> u64 {
    let path = FILES.iter().find(|(known, _)| *known == file).map(|(_, path)| *path);
    let path = path.unwrap_or_else(|| panic!("{file:?}, of {name}, is none of the files"));
    let source = text(path);
    let constant = source
        .lines()
        .filter_map(|line| line.split_once(&format!("const {name}: ")))
        .find_map(|(_, rest)| Some(rest.split_once(" = ")?.1.split_once(';')?.0.to_owned()));
    let field = || {
        let start = format!("{name}: ");
        let places = source.match_indices(&start);
        let mut values = places.map(|(place, found)| &source[place + found.len()..]);
        let value = values.find(|value| value.starts_with(|one: char| one.is_ascii_digit()))?;
        Some(value.split([',', '}', '\n']).next()?.trim().to_owned())
    };
    let expression =
        constant.or_else(field).unwrap_or_else(|| panic!("{path} has no constant {name}"));
    Reader { rest: &expression, file }.whole(&expression)
}

#[test]
fn constants_are_read_as_the_compiler_does() {
    assert_eq!(value("calculator.LINE_BYTES"), 4096);
    assert_eq!(value("calculator.CONNECTIONS_EACH"), 1024);
    assert_eq!(value("admin.HEAD_BYTES + http1.head_bytes"), 48 * 1024);
    assert_eq!(value("chat.RATE * (chat.BURST_SECONDS + 1)"), 50);
    assert_eq!(value("uploads.EXPIRY_TIME"), 7 * 24 * 3_600_000);
}
