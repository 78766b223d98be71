//! The two ways to the user: results on standard output, words on standard error.
//!
//! Owns the manners every command shares: words begin with the program's name, a reader that went
//! away (`tombolo schema | head -1`) is no error, wrong usage ends with exit code 2.

use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::error::ErrorKind as Refusal;
use tombolo_daemon::config::Mistakes;
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::logging::Form;
use tombolo_daemon::{logging, terminal};

/// Writes a command's result to standard output. Nothing in it steers the terminal, whoever it is
/// from.
pub(crate) fn result(text: &[u8]) -> ExitCode {
    styled(&terminal::lines(&String::from_utf8_lossy(text)))
}

/// Writes a result in JSON, for programs; what would steer a terminal is escaped.
pub(crate) fn json(value: &serde_json::Value) -> ExitCode {
    styled(&terminal::json(&format!("{value:#}\n")))
}

/// Writes a result with colours. What is not ours in it must have gone through [`terminal`].
pub(crate) fn styled(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::Success,
        // The reader has seen all it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::Success,
        Err(error) => {
            say(&format!("the result could not be written to standard output: {error}"));
            ExitCode::Failure
        }
    }
}

/// Writes words to standard error, after the program's name. Nothing in them steers the terminal,
/// whoever they are from.
pub(crate) fn say(words: &str) {
    say_styled(&terminal::lines(words));
}

/// Writes words with colours. What is not ours in them must have gone through [`terminal`].
pub(crate) fn say_styled(words: &str) {
    // Nobody is left to tell if standard error itself is gone.
    let _ = writeln!(io::stderr().lock(), "tombolo: {}", words.trim_end());
}

/// Says why a command failed, with each cause that the text of the error leaves out.
pub(crate) fn fail(error: &dyn Error) -> ExitCode {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let text = source.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = source.source();
    }
    say(&words);
    ExitCode::Failure
}

/// Says what was missing from the command line.
pub(crate) fn wrong_usage(words: &str) -> ExitCode {
    say(words);
    ExitCode::Usage
}

/// Lists the mistakes of a configuration that something should have been started with.
pub(crate) fn refuse_configuration(mistakes: &Mistakes) -> ExitCode {
    let colour = wants_colour(&io::stderr());
    say_styled(&format!("nothing was started\n{}", mistakes.render(colour)));
    ExitCode::Usage
}

/// The form of the program log.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct LogForm {
    /// Form of the program log on standard error: text or json [default: TOMBOLO_LOG_FORMAT, or text]
    #[arg(long = "log-format", value_name = "FORM", global = true)]
    form: Option<Form>,
}

impl LogForm {
    /// The one that was asked for, on the command line or in the environment.
    pub(crate) fn form(self) -> Result<Form, ExitCode> {
        self.form
            .map_or_else(Form::from_environment, Ok)
            .map_err(|error| wrong_usage(&format!("{}: {error}", logging::FORM_VARIABLE)))
    }

    /// Starts the program log in this form.
    pub(crate) fn start(self) -> Result<(), ExitCode> {
        start(self.form)
    }
}

/// Starts the program log; what cannot be read in its filter is wrong usage.
pub(crate) fn start_program_log() -> Result<(), ExitCode> {
    start(None)
}

fn start(form: Option<Form>) -> Result<(), ExitCode> {
    logging::start(form).map_err(|error| {
        fail(&error);
        ExitCode::Usage
    })
}

/// Whether what goes there may have colours.
pub(crate) fn wants_colour(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !refused
}

/// Answers what the reader of arguments did not turn into a command: `--help` and `--version` are
/// results, all else is wrong usage.
pub(crate) fn answer_refusal(refusal: &clap::Error) -> ExitCode {
    match refusal.kind() {
        Refusal::DisplayHelp | Refusal::DisplayVersion => {
            styled(&page(refusal, wants_colour(&io::stdout())))
        }
        Refusal::DisplayHelpOnMissingArgumentOrSubcommand => {
            let text = page(refusal, wants_colour(&io::stderr()));
            let _ = io::stderr().lock().write_all(text.as_bytes());
            ExitCode::Usage
        }
        _ => {
            let words = refusal.render().to_string();
            say(words.strip_prefix("error: ").unwrap_or(&words));
            ExitCode::Usage
        }
    }
}

/// A text of help, ending with a line break.
fn page(help: &clap::Error, colour: bool) -> String {
    let text = help.render();
    let text = if colour { text.ansi().to_string() } else { text.to_string() };
    format!("{}\n", text.trim_end())
}
