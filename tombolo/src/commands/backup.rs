//! `tombolo backup` and `tombolo restore`: what must not be lost, copied while it is used, and
//! put back.

use std::io;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use tombolo_daemon::config::{self, Config, DatabaseUrl, Overrides};
use tombolo_daemon::exit::ExitCode;
use tombolo_storage::{BackupError, Manifest};

use crate::console;

const BACKUP_EXAMPLES: &str = "\
EXAMPLES
  tombolo backup /backups/monday                     of what 'tombolo up' uses in this folder
  tombolo backup /backups/monday -c tombolo.toml     of what this file configures
  TOMBOLO_DATABASE=postgres://... tombolo backup /backups/monday

WHAT
  The database, as it is at one moment, while everything runs: with SQLite by SQLite itself, with
  PostgreSQL by pg_dump, which has to be installed. The copy is checked after it was written. The
  folder appears when all of it is on the disk; a run that was killed leaves FOLDER.part, which the
  next run replaces. The cache is left out: it fills again. Keep the configuration file yourself.

EXIT STATUS
  0  the backup is whole
  1  there is none, and why
  2  wrong usage";

const RESTORE_EXAMPLES: &str = "\
EXAMPLES
  tombolo restore /backups/monday                    to where 'tombolo up' looks in this folder
  tombolo restore /backups/monday -c tombolo.toml    to where this file says
  TOMBOLO_DATABASE=postgres://.../chat2 tombolo restore /backups/monday

HOW
  End 'tombolo up' or the replicas, move the old database away, restore, start again. Nothing is
  ever overwritten: a database that is there, or in use, is refused. The backup is checked first;
  a run that is killed leaves either nothing or all of it. Readers of the chat are told to load
  the rooms again.

EXIT STATUS
  0  the database is there
  1  nothing was changed, and why
  2  wrong usage";

/// Which database.
#[derive(Args)]
struct Place {
    /// The database, in place of what is configured: sqlite:PATH or postgres://USER@HOST/NAME. An
    /// address with a password belongs in the environment
    #[arg(long, value_name = "URL", env = DatabaseUrl::VARIABLE, hide_env_values = true)]
    database: Option<String>,

    /// Configuration file
    #[arg(short, long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// Folder for data [default: tombolo-data]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    data: Option<PathBuf>,
}

/// Copy everything that must not be lost into a new folder, while it is used
#[derive(Args)]
#[command(after_help = BACKUP_EXAMPLES)]
pub(crate) struct Backup {
    /// The folder to make
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    folder: PathBuf,

    #[command(flatten)]
    place: Place,
}

/// Put a backup where nothing is yet
#[derive(Args)]
#[command(after_help = RESTORE_EXAMPLES)]
pub(crate) struct Restore {
    /// The folder that `tombolo backup` made
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    folder: PathBuf,

    #[command(flatten)]
    place: Place,
}

pub(crate) fn backup(arguments: Backup) -> ExitCode {
    let Backup { folder, place } = arguments;
    let url = match place.database() {
        Ok(url) => url,
        Err(code) => return code,
    };
    match block_on(tombolo_storage::backup(&url, &folder)) {
        Ok(manifest) => console::result(
            format!("{}: {} of {url}, checked\n", folder.display(), told(&manifest)).as_bytes(),
        ),
        Err(error) => console::fail(&error),
    }
}

pub(crate) fn restore(arguments: Restore) -> ExitCode {
    let Restore { folder, place } = arguments;
    let url = match place.database() {
        Ok(url) => url,
        Err(code) => return code,
    };
    match block_on(tombolo_storage::restore(&folder, &url)) {
        Ok(manifest) => console::result(
            format!("{url}: {} of {}, checked\n", told(&manifest), folder.display()).as_bytes(),
        ),
        Err(error) => console::fail(&error),
    }
}

impl Place {
    /// The address that was given, else what the configuration says, else the file of the data
    /// folder.
    fn database(self) -> Result<DatabaseUrl, ExitCode> {
        let _ = console::start_program_log();
        if let Some(text) = self.database {
            // The words of the error do not repeat a password that is in it.
            return text
                .parse()
                .map_err(|error| console::wrong_usage(&format!("--database: {error}")));
        }
        let overrides = Overrides { data_dir: self.data, ..Overrides::default() };
        let config = match self.config {
            Some(file) => config::load(&file, &overrides)
                .map_err(|mistakes| console::refuse_configuration(&mistakes))?,
            None => {
                let data_dir =
                    overrides.data_dir.unwrap_or_else(|| Config::DEFAULT_DATA_DIR.into());
                Config { data_dir, ..Config::default() }
            }
        };
        Ok(config.database())
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, BackupError>>) -> Result<T, BackupError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let started = runtime.map_err(|source: io::Error| BackupError::Io {
        path: PathBuf::from("the runtime"),
        source,
    });
    started?.block_on(work)
}

fn told(manifest: &Manifest) -> String {
    let Manifest { copied, .. } = manifest;
    format!("{} bytes of {}", copied.bytes(), copied.engine())
}
