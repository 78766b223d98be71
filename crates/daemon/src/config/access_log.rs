//! `[access_log]` as meant: where one line per request goes, and in what form.

use std::path::PathBuf;

/// Where the access log goes: `[access_log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLog {
    /// Whether lines go to standard output.
    pub stdout: bool,
    /// The file lines are appended to, relative to the directory the program runs in.
    pub file: Option<PathBuf>,
    /// The form of a line.
    pub format: LogFormat,
}

impl AccessLog {
    /// The file used when no `[access_log]` table says otherwise.
    pub const DEFAULT_FILE: &'static str = "access.log";

    /// Where standard output is the journal of systemd and nothing was said of the access log, the
    /// journal alone has it: a file beside it would hold the same again, and grow without end.
    pub(super) fn keep_out_of_file_in_journal(&mut self, in_journal: bool) {
        if in_journal && *self == Self::default() {
            self.file = None;
        }
    }

    /// No access log at all.
    #[must_use]
    pub fn off() -> Self {
        Self { stdout: false, file: None, format: LogFormat::default() }
    }
}

/// What holds without an `[access_log]` table: standard output and a file.
impl Default for AccessLog {
    fn default() -> Self {
        Self { stdout: true, file: Some(Self::DEFAULT_FILE.into()), format: LogFormat::default() }
    }
}

/// The form of an access log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, with every field.
    #[default]
    Json,
    /// The Common Log Format followed by referer and user agent.
    Combined,
    /// The Common Log Format.
    Common,
}

impl LogFormat {
    /// Every form, in the order the documentation lists them.
    pub const ALL: [Self; 3] = [Self::Json, Self::Combined, Self::Common];

    /// The form's name in the configuration file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Combined => "combined",
            Self::Common => "common",
        }
    }
}
