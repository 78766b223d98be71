//! `tombolo library admin create`: makes an admin of the library, the first one too.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use tombolo_daemon::config::{self, Config, DatabaseUrl, Overrides};
use tombolo_daemon::exit::ExitCode;

use super::password;
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo library admin create ana@example.org
  tombolo library admin create ana@example.org --name Ana < password-file
  TOMBOLO_DATABASE=postgres://owner@db/tombolo tombolo library admin create ana@example.org

PASSWORD
  Asked for twice at a terminal and not shown; else the first line of standard input. It has at
  least 8 characters. There is no account, and no password, that nobody made.";

/// Admins of the library
#[derive(Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Create(Create),
}

/// Make an admin
#[derive(Args)]
#[command(after_help = EXAMPLES)]
struct Create {
    /// E-mail address to log in with
    #[arg(value_name = "EMAIL")]
    email: String,

    /// Name that is shown [default: what stands before the @]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Configuration file, whose [storage] names the database [default: tombolo-data/tombolo.db]
    #[arg(short, long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// Folder for data [default: tombolo-data]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    data: Option<PathBuf>,

    /// The database, in place of what is configured: sqlite:PATH or postgres://USER@HOST/NAME. An
    /// address with a password belongs in the environment
    #[arg(long, value_name = "URL", env = DatabaseUrl::VARIABLE, hide_env_values = true)]
    database: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let What::Create(create) = arguments.what;
    let Create { email, name, config, data, database } = create;
    let database = match place(config, data, database) {
        Ok(database) => database,
        Err(code) => return code,
    };
    let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    let password = match password::twice() {
        Ok(password) => password,
        Err(error) => return console::fail(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console::fail(&error),
    };
    match runtime.block_on(tombolo_library::create_admin(&database, &email, &name, &password)) {
        Ok(id) => console::result(format!("{email} is an admin of the library, {id}\n").as_bytes()),
        Err(error) => console::fail(&error),
    }
}

/// The database: as given, as configured, or the file of the data folder.
fn place(
    config: Option<PathBuf>,
    data: Option<PathBuf>,
    database: Option<String>,
) -> Result<DatabaseUrl, ExitCode> {
    if let Some(text) = database {
        // The words of the error do not repeat a password that is in it.
        let read = text.parse::<DatabaseUrl>();
        return read.map_err(|error| console::wrong_usage(&format!("--database: {error}")));
    }
    let overrides = Overrides { data_dir: data, ..Overrides::default() };
    let config = match config {
        Some(file) => config::load(&file, &overrides)
            .map_err(|mistakes| console::refuse_configuration(&mistakes))?,
        None => {
            let data_dir = overrides.data_dir.unwrap_or_else(|| Config::DEFAULT_DATA_DIR.into());
            Config { data_dir, ..Config::default() }
        }
    };
    Ok(config.database())
}
