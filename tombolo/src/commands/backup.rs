//! `tombolo backup` and `tombolo restore`: what must not be lost, copied while it is used, and
//! put back.

use std::io;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use tombolo_daemon::config::{self, Config, DatabaseUrl, ObjectsUrl, Overrides};
use tombolo_daemon::exit::ExitCode;
use tombolo_storage::{BackupError, CopiedObjects, Manifest};

use crate::console;

const BACKUP_EXAMPLES: &str = "\
EXAMPLES
  tombolo backup /backups/monday                     of what 'tombolo up' uses in this folder
  tombolo backup /backups/monday -c tombolo.toml     of what this file configures
  TOMBOLO_DATABASE=postgres://... tombolo backup /backups/monday

WHAT
  The database, as it is at one moment, while everything runs: with SQLite by SQLite itself, with
  PostgreSQL by pg_dump, which has to be installed. Then the library's files that this copy names,
  compared with their SHA-256; of uploads under way what was acknowledged. Files in an object store
  stay there: copy the bucket by its own means. All copies are checked after they were written. The
  folder appears when all of it is on the disk; a run that was killed leaves FOLDER.part, which the
  next run replaces. The cache is left out: it fills again. Keep the configuration file yourself.

EXIT STATUS
  0  the backup is whole
  1  there is none, and why; or files were damaged already, and it holds the rest
  2  wrong usage";

const RESTORE_EXAMPLES: &str = "\
EXAMPLES
  tombolo restore /backups/monday                    to where 'tombolo up' looks in this folder
  tombolo restore /backups/monday -c tombolo.toml    to where this file says
  TOMBOLO_DATABASE=postgres://.../chat2 tombolo restore /backups/monday

HOW
  End 'tombolo up' or the replicas, move the old database and the old folder of objects away,
  restore, start again. Nothing is ever overwritten: a database or files that are there, or in use,
  are refused. The backup is checked first; after a run that was killed, run it again: it begins
  anew. Readers of the chat are told to load the rooms again.

EXIT STATUS
  0  the database and its files are there
  1  nothing was changed, and why
  2  wrong usage";

/// Which database, and which files.
#[derive(Args)]
struct Place {
    /// The database, in place of what is configured: sqlite:PATH or postgres://USER@HOST/NAME. An
    /// address with a password belongs in the environment
    #[arg(long, value_name = "URL", env = DatabaseUrl::VARIABLE, hide_env_values = true)]
    database: Option<String>,

    /// The place of the library's files, in place of what is configured: file:PATH or s3://BUCKET
    #[arg(long, value_name = "URL", env = ObjectsUrl::VARIABLE)]
    objects: Option<String>,

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
    let Addresses { database, objects } = match place.addresses() {
        Ok(addresses) => addresses,
        Err(code) => return code,
    };
    let work = tombolo_storage::backup(&database, &objects, &tombolo_library::INVENTORY, &folder);
    let manifest = match block_on(work) {
        Ok(manifest) => manifest,
        Err(error) => return console::fail(&error),
    };
    let (shown, told) = (folder.display(), told(&manifest));
    let code = console::result(format!("{shown}: {told} of {database}, checked\n").as_bytes());
    match manifest.objects {
        Some(CopiedObjects::Elsewhere { address, files }) => {
            console::say(&format!(
                "{files} files stay in {address}: copy the bucket by its own means (versions, \
                 replication)"
            ));
            code
        }
        Some(CopiedObjects::Here { damaged, .. }) if damaged > 0 => {
            console::say(&format!(
                "{damaged} files were missing or damaged already, and are named above; the backup \
                 holds the rest"
            ));
            ExitCode::Failure
        }
        _ => code,
    }
}

pub(crate) fn restore(arguments: Restore) -> ExitCode {
    let Restore { folder, place } = arguments;
    let Addresses { database, objects } = match place.addresses() {
        Ok(addresses) => addresses,
        Err(code) => return code,
    };
    match block_on(tombolo_storage::restore(&folder, &database, &objects)) {
        Ok(manifest) => {
            let (told, shown) = (told(&manifest), folder.display());
            console::result(format!("{database}: {told} of {shown}, checked\n").as_bytes())
        }
        Err(error) => console::fail(&error),
    }
}

/// Where everything is.
struct Addresses {
    database: DatabaseUrl,
    objects: ObjectsUrl,
}

impl Place {
    /// The addresses that were given, else what the configuration says, else those of the data
    /// folder.
    fn addresses(self) -> Result<Addresses, ExitCode> {
        let _ = console::start_program_log();
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
        // The words of an error do not repeat a password that is in an address.
        let wrong = |option: &'static str| {
            move |error: tombolo_storage::Error| console::wrong_usage(&format!("{option}: {error}"))
        };
        let database = self.database.map(|text| text.parse().map_err(wrong("--database")));
        let objects = self.objects.map(|text| text.parse().map_err(wrong("--objects")));
        Ok(Addresses {
            database: database.unwrap_or_else(|| Ok(config.database()))?,
            objects: objects.unwrap_or_else(|| Ok(config.objects()))?,
        })
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
    let Manifest { copied, objects, .. } = manifest;
    let database = format!("{} bytes of {}", copied.bytes(), copied.engine());
    match objects {
        Some(CopiedObjects::Here { files, bytes, .. }) => {
            format!("{database} and {files} files of {bytes} bytes")
        }
        _ => database,
    }
}
