//! The exit codes of every program, with one meaning each.

use std::process;

/// How a program ended, as its caller sees it.
///
/// A script can tell "try again later" (1) from "a person must change something" (2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// It did what was asked; also: it drained after a signal.
    Success = 0,
    /// It could not do what was asked: a port in use, a file that cannot be written.
    Failure = 1,
    /// It was asked wrongly: command line, or a configuration file with mistakes.
    Usage = 2,
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    #[test]
    fn codes_are_what_the_documentation_says() {
        let codes = [ExitCode::Success, ExitCode::Failure, ExitCode::Usage];
        assert_eq!(codes.map(|code| code as u8), [0, 1, 2]);
    }
}
