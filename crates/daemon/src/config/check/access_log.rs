//! `[access_log]`.

use super::super::mistake::Kind;
use super::super::written::reader::Reader;
use super::super::{AccessLog, LogFormat};

pub(super) fn access_log(root: &Reader<'_>) -> AccessLog {
    let Some(reader) = root.table("access_log") else { return AccessLog::default() };
    let format = reader.word("format");
    let log = AccessLog {
        stdout: reader.flag("stdout").is_some_and(|flag| flag.value),
        file: reader.text("file").map(|path| path.value.into()),
        format: format.as_ref().map_or_else(LogFormat::default, |word| {
            LogFormat::ALL
                .into_iter()
                .find(|format| format.name() == word.value)
                .unwrap_or_default()
        }),
    };
    if let Some(format) = format
        && !reader.has("stdout")
        && !reader.has("file")
    {
        // A form was asked for, so lines were expected somewhere.
        reader.context.mistake(
            Kind::Conflict,
            &format.span,
            "this access log has a format but goes nowhere",
            "add stdout = true or file = \"access.log\"; stdout = false turns it off",
        );
    }
    log
}
