//! `tombolo migrate`: brings the tables of the database up to date, and does nothing else.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use tombolo_daemon::config::{self, DatabaseUrl, Overrides};
use tombolo_daemon::exit::ExitCode;

use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo migrate -c tombolo.toml                  the database of a configuration
  TOMBOLO_DATABASE=postgres://owner@db/tombolo tombolo migrate

WHAT FOR
  A replica does this by itself when it starts. Where replicas run as a role that may not create
  tables, run this before a new version, as the owner. It may run while replicas of the version
  before serve, and any number of times.

ENVIRONMENT
  TOMBOLO_DATABASE  the database, in place of the configuration's; the right place for an address
                    with a password";

/// Bring the tables of the services' database up to date
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Configuration file, whose [storage] names the database [default: tombolo-data/tombolo.db]
    #[arg(short, long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let database = match database(arguments) {
        Ok(database) => database,
        Err(code) => return code,
    };
    if let Err(code) = console::start_program_log() {
        return code;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console::fail(&error),
    };
    if let Err(error) = runtime.block_on(tombolo_chat::migrate(&database)) {
        return console::fail(&error);
    }
    match runtime.block_on(tombolo_library::migrate(&database)) {
        Ok(()) => console::result(format!("{database}: the tables are up to date\n").as_bytes()),
        Err(error) => console::fail(&error),
    }
}

/// The database: of the environment, of the configuration, or the usual file.
fn database(arguments: &Arguments) -> Result<DatabaseUrl, ExitCode> {
    if let Some(address) = std::env::var_os(DatabaseUrl::VARIABLE) {
        // Never repeated: there may be a password in it.
        let address = address.to_string_lossy();
        return address
            .parse::<DatabaseUrl>()
            .map_err(|error| console::wrong_usage(&format!("{}: {error}", DatabaseUrl::VARIABLE)));
    }
    let config = match &arguments.config {
        Some(file) => config::load(file, &Overrides::default())
            .map_err(|mistakes| console::refuse_configuration(&mistakes))?,
        None => config::Config::default(),
    };
    Ok(config.database())
}
