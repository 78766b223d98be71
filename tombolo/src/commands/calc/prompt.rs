//! The prompt: history, completion, colours.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};
use tokio::runtime::Runtime;
use tombolo_calculator::client::{Client, Exchange};
use tombolo_calculator::protocol::{Answer, COMMANDS, Request};
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::terminal;
use tombolo_files::{Access, Folder};

use super::{output, request};
use crate::console;

/// Lines of history that are kept.
const HISTORY: usize = 1000;
/// Where, in the folder of the user's state.
const HISTORY_FILE: &str = "calc_history";

/// Functions and constants worth completing.
const FUNCTIONS: [&str; 30] = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "exp",
    "factorial",
    "fib",
    "floor",
    "ln",
    "log",
    "log10",
    "log2",
    "mean",
    "pi",
    "phi",
    "round",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "tau",
    "to",
];

const WELCOME: &str = "2+3*4, x = 5, 5 km to miles; vars, clear, help, quit; Tab completes";

const HELP: &str = "what to write
  2+3*4  (1/3)*3  2^100  5!  sqrt 2      exact where there is an exact value
  5 km / (20 minutes) to km/hour         units
  1/3 to fraction   255 to hex   pi to 30 dp
  x = 5                                  a variable; vars lists them, clear forgets them
  who   ping   version                   about the replica that answers
  quit                                   or Ctrl+D";

/// Asks and answers until the person has enough.
pub(super) fn run(runtime: &Runtime, mut client: Client, server: &str) -> ExitCode {
    // Whether anybody is there is better known before the first question.
    client.ask("PING");
    if let Err(error) = runtime.block_on(client.next()) {
        return console::fail(&error);
    }
    let mut editor = match editor() {
        Ok(editor) => editor,
        Err(error) => return console::fail(&error),
    };
    let colour = console::wants_colour(&io::stdout());
    console::say(&format!("connected to {server}; {WELCOME}"));
    let history = history_file();
    if let Some(file) = &history {
        // There is none at the first start.
        let _ = editor.load_history(file);
    }
    let ended = converse(runtime, &mut client, &mut editor, colour);
    if let Some(file) = &history
        && let Err(error) = editor.save_history(file)
    {
        console::say(&format!("the history could not be kept in {}: {error}", file.display()));
    }
    ended
}

fn converse(
    runtime: &Runtime,
    client: &mut Client,
    editor: &mut Editor<Words, DefaultHistory>,
    colour: bool,
) -> ExitCode {
    loop {
        let line = match editor.readline("> ") {
            Ok(line) => line,
            // Ctrl+C gives the line up, not the prompt.
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return ExitCode::Success,
            Err(error) => return console::fail(&error),
        };
        let _ = editor.add_history_entry(line.as_str());
        match line.trim().to_ascii_lowercase().as_str() {
            "help" | "?" => {
                console::say(HELP);
                continue;
            }
            "exit" => return ExitCode::Success,
            _ => {}
        }
        let Some(request) = request::of(&line) else { continue };
        client.ask(&request);
        let answered = runtime.block_on(client.next());
        output::tell(client);
        match answered {
            Ok(Some(exchange)) => {
                if show(&exchange, colour) != ExitCode::Success {
                    return ExitCode::Failure;
                }
                if matches!(Request::parse(&exchange.request), Ok(Request::Quit)) {
                    return ExitCode::Success;
                }
            }
            Ok(None) => {}
            // The person may wait and ask again; variables that are lost are said to be.
            Err(error) => drop(console::fail(&error)),
        }
        if let Some(words) = editor.helper_mut() {
            words.variables = client.variables();
        }
    }
}

/// Shows an answer; failure when nobody can see it.
fn show(exchange: &Exchange, colour: bool) -> ExitCode {
    match &exchange.answer {
        Answer::Ok(text) => {
            let text = terminal::lines(text).replace('\t', "\n");
            let text = if colour { format!("\x1b[1m{text}\x1b[0m\n") } else { format!("{text}\n") };
            console::styled(&text)
        }
        refused => {
            let words = terminal::line(&refused.to_string()).into_owned();
            let red = console::wants_colour(&io::stderr());
            console::say_styled(&if red { format!("\x1b[31m{words}\x1b[0m") } else { words });
            ExitCode::Success
        }
    }
}

fn editor() -> rustyline::Result<Editor<Words, DefaultHistory>> {
    let colours = if console::wants_colour(&io::stdout()) {
        rustyline::ColorMode::Enabled
    } else {
        rustyline::ColorMode::Disabled
    };
    let config = rustyline::Config::builder()
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .completion_type(rustyline::CompletionType::List)
        .color_mode(colours)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Words::default()));
    Ok(editor)
}

/// Where the history is kept: with the user's other state, if there is such a place.
fn history_file() -> Option<PathBuf> {
    if !io::stdin().is_terminal() {
        return None;
    }
    let state =
        std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")));
    let folder = state?.join("tombolo");
    // The editor reads and writes it by its path: a link or another's file there is refused first.
    let kept = Folder::make(&folder).and_then(|folder| folder.file(HISTORY_FILE, Access::Append));
    match kept {
        Ok(_) => Some(folder.join(HISTORY_FILE)),
        Err(error) => {
            console::say(&format!("no history is kept in {}: {error}", folder.display()));
            None
        }
    }
}

/// What can be completed.
#[derive(Default)]
struct Words {
    variables: Vec<String>,
}

impl Words {
    /// Those that begin like the word before the cursor, and where that word begins.
    fn fitting(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = line.get(..cursor).unwrap_or(line);
        let start = before.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_').map_or(
            0,
            |at| {
                at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
            },
        );
        let word = before.get(start..).unwrap_or_default();
        if word.is_empty() {
            return (start, Vec::new());
        }
        let commands = COMMANDS.iter().map(|command| command.to_ascii_lowercase());
        let commands = commands.chain(["help".to_owned()]).filter(|_| start == 0);
        let functions = FUNCTIONS.iter().map(|function| (*function).to_owned());
        let all = self.variables.iter().cloned().chain(commands).chain(functions);
        let mut fitting: Vec<_> = all.filter(|candidate| candidate.starts_with(word)).collect();
        fitting.sort();
        fitting.dedup();
        (start, fitting)
    }
}

impl Completer for Words {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.fitting(line, cursor))
    }
}

impl Highlighter for Words {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(format!("\x1b[36m{prompt}\x1b[0m"))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Validator for Words {}

impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn variables_functions_and_commands_are_completed_where_they_may_stand() {
        let words = Words { variables: vec!["side".to_owned(), "vat".to_owned()] };
        let at_end = |line: &str| words.fitting(line, line.len());
        assert_eq!(at_end("2*si"), (2, ["side", "sin", "sinh"].map(str::to_owned).to_vec()));
        assert_eq!(at_end("va"), (0, ["vars", "vat"].map(str::to_owned).to_vec()));
        assert_eq!(at_end("2+va"), (2, vec!["vat".to_owned()]));
        assert_eq!(at_end("ä si").1.len(), 3);
        assert!(at_end("2+").1.is_empty());
    }
}
