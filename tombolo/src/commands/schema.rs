//! `tombolo schema`: the JSON Schema of the configuration file.

use clap::Args;
use tombolo_daemon::config;
use tombolo_daemon::exit::ExitCode;

use crate::console;

const EXAMPLES: &str = "\
EXAMPLE
  tombolo schema > tombolo.schema.json
  An editor with a TOML language server then completes and checks the file if its first line is
  #:schema ./tombolo.schema.json";

/// Print the JSON Schema of the configuration file
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments) -> ExitCode {
    match serde_json::to_vec_pretty(&config::schema()) {
        Ok(mut text) => {
            text.push(b'\n');
            console::result(&text)
        }
        Err(error) => {
            console::say(&format!("the schema could not be written as JSON: {error}"));
            ExitCode::Failure
        }
    }
}
