//! `tombolo check FILE`: every mistake of a configuration, without starting anything.

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
  tombolo check tombolo.toml --json | jq '.mistakes[].message'

OUTPUT
  On standard output: that the file is good, or every mistake with its line, its column and what
  to do about it.

EXIT STATUS
  0  the file is good
  2  it has mistakes, or cannot be read";

/// Check a configuration file and list every mistake, without starting anything
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The configuration file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Print one JSON object in place of words
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let Arguments { file, json: as_json } = arguments;
    let (text, verdict) = match config::load(file, &Overrides::default()) {
        Ok(_) if *as_json => {
            let good = json!({ "valid": true, "count": 0, "mistakes": [] });
            (format!("{good:#}\n"), ExitCode::Success)
        }
        Ok(_) => (format!("{}: no mistakes\n", file.display()), ExitCode::Success),
        Err(mistakes) if *as_json => (format!("{:#}\n", mistakes.to_json()), ExitCode::Usage),
        Err(mistakes) => (mistakes.render(console::wants_colour(&stdout())), ExitCode::Usage),
    };
    match console::result(text.as_bytes()) {
        ExitCode::Success => verdict,
        failed => failed,
    }
}
