//! The keys of `[access_log]`.

use super::super::LogFormat;
use super::{Absent, Default, Form, Key, Table};

pub(super) static ACCESS_LOG: Table = Table {
    name: "access_log",
    about: "Where one line per request goes, and in what form.",
    keys: &[
        Key {
            name: "stdout",
            about: "Whether lines go to standard output.",
            form: Form::Flag,
            absent: Absent::Is(Default::Flag(false)),
            example: "true",
        },
        Key {
            name: "file",
            about: "The file lines are appended to, relative to the directory the program runs \
                    in. It is reopened on SIGHUP.",
            form: Form::Text { what: "a path" },
            absent: Absent::Means("no file"),
            example: "\"/var/log/tombolo/access.log\"",
        },
        Key {
            name: "format",
            about: "The form of a line: `json` with every field, or the `combined` or `common` \
                    log format.",
            form: Form::Word { words: || LogFormat::ALL.map(LogFormat::name).into(), later: &[] },
            absent: Absent::Is(Default::Text(LogFormat::Json.name())),
            example: "\"combined\"",
        },
    ],
    later: &[],
};
