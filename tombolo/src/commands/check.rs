//! `tombolo check FILE`: every mistake of a configuration, without starting anything.

mod explain;
mod rules;

use std::io::stdout;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde_json::json;
use tombolo_daemon::config::{self, Overrides};
use tombolo_daemon::exit::ExitCode;

use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo check tombolo.toml
  tombolo check tombolo.toml --explain
  tombolo check tombolo.toml --json | jq '.mistakes[].message'

OUTPUT
  On standard output: that the file is good, or every mistake with its line, its column, the rule,
  the section and the key it is about, and what to do about it; then files and folders it names that this user, in this folder, could not open.
  None of them is made.
  With --explain, of a good file: for each route the rules that hold without being written, each
  with the section and key that change it.

EXIT STATUS
  0  the file is good
  2  it has mistakes, cannot be read, or names what cannot be opened";

/// Check a configuration file and list every mistake, without starting anything
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The configuration file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Also tell for each route which rules hold without being written
    #[arg(long)]
    explain: bool,

    /// Print one JSON object in place of words
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let Arguments { file, explain, json: as_json } = arguments;
    let loaded = config::load(file, &Overrides::default());
    let name = file.display().to_string();
    let checked = loaded.and_then(|config| config::check_files(&name, &config).map(|()| config));
    let (told, verdict) = match checked {
        Ok(config) if *as_json => {
            let mut good = json!({ "valid": true, "count": 0, "mistakes": [] });
            if let (true, Some(members)) = (*explain, good.as_object_mut()) {
                members.insert("routes".to_owned(), explain::json(&config));
            }
            (console::json(&good), ExitCode::Success)
        }
        Ok(config) => {
            let mut text = format!("{}: no mistakes\n", file.display());
            if *explain {
                text = text + "\n" + &explain::text(&config);
            }
            (console::result(text.as_bytes()), ExitCode::Success)
        }
        Err(mistakes) if *as_json => (console::json(&mistakes.to_json()), ExitCode::Usage),
        Err(mistakes) => {
            let text = mistakes.render(console::wants_colour(&stdout()));
            (console::styled(&text), ExitCode::Usage)
        }
    };
    match told {
        ExitCode::Success => verdict,
        failed => failed,
    }
}
