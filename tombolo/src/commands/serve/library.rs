//! `tombolo serve library`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;
use tombolo_daemon::config::DatabaseUrl;
use tombolo_daemon::exit::ExitCode;
use tombolo_daemon::process_name;
use tombolo_daemon::resources::raise_open_files;
use tombolo_library::{ChildProgram, PaymentsSettings, PublicUrl, Settings};
use tombolo_storage::ObjectsUrl;

use super::{DRAIN, serve};
use crate::{address, console};

const LIBRARY_EXAMPLES: &str = "\
EXAMPLES
  tombolo serve library                            on 127.0.0.1:9401, all data in tombolo-data
  tombolo serve library --listen 9402              a second replica of the same library
  TOMBOLO_DATABASE=postgres://... tombolo serve library --objects 's3://files?endpoint=http://...'

SIGNALS
  Ctrl+C or SIGTERM drains: /health answers 503, what was acknowledged is safe, clients go on at
  another replica, all within 30 seconds. The same signal again ends at once.";

/// The library: large files up and down with resumption, users, catalogue, plans and reports
#[derive(Args)]
#[command(after_help = LIBRARY_EXAMPLES)]
pub(super) struct Library {
    /// Where to listen: address and port, or a port of 127.0.0.1; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    #[arg(default_value = "127.0.0.1:9401")]
    listen: SocketAddr,

    /// The database that all replicas share: sqlite:PATH on one machine, or
    /// postgres://USER@HOST/NAME. An address with a password belongs in the environment
    #[arg(long, value_name = "URL", env = DatabaseUrl::VARIABLE, hide_env_values = true)]
    #[arg(default_value = "sqlite:tombolo-data/tombolo.db")]
    database: String,

    /// Where the files' content lies, for all replicas: file:PATH, or
    /// s3://BUCKET?endpoint=URL with its keys in the environment
    #[arg(long, value_name = "URL", env = ObjectsUrl::VARIABLE)]
    #[arg(default_value = "file:tombolo-data/objects")]
    objects: ObjectsUrl,

    /// Name of this replica, told in X-Replica [default: library- and the process id]
    #[arg(long, value_name = "NAME")]
    replica: Option<String>,

    /// Where clients reach the library, for absolute links, as in https://files.example.org
    /// [default: what the gateway says]
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,

    /// By whom users pay: a file of yours alone (mode 600) that names payment providers, see
    /// docs/library.md; without it nobody can subscribe
    #[arg(long, value_name = "FILE")]
    payments: Option<std::path::PathBuf>,

    /// A network of gateways whose X-Forwarded-For, -Proto and -Host are believed; may be given
    /// several times
    #[arg(long = "trust", value_name = "CIDR")]
    trusted: Vec<IpNet>,

    /// Do not believe those fields from this machine: other programs than a gateway connect from
    /// there
    #[arg(long)]
    distrust_loopback: bool,

    /// Transfers under way at once at this replica; further ones wait in line
    #[arg(long, value_name = "N", default_value_t = Settings::TRANSFERS)]
    #[arg(value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    transfers: usize,

    /// Bytes per second that the transfers of this replica share, the same for each user
    /// [default: no limit]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(10_000..))]
    bandwidth: Option<u64>,

    /// Make one thumbnail, for a replica that started it
    #[arg(long, hide = true)]
    pub(super) thumbnailer: bool,

    /// Read the length of one file, for a replica that started it
    #[arg(long, hide = true)]
    pub(super) measurer: bool,
}

pub(super) fn run(library: Library) -> ExitCode {
    process_name::set("library");
    let Library { listen, database, objects, replica, public_url, trusted, .. } = library;
    let (transfers, bandwidth) = (library.transfers, library.bandwidth);
    let trust_loopback = !library.distrust_loopback;
    let payments = match library.payments.as_deref().map(PaymentsSettings::read).transpose() {
        Ok(payments) => payments.unwrap_or_default(),
        Err(error) => return console::wrong_usage(&format!("--payments: {error}")),
    };
    // Not read by the reader of arguments, which would repeat a password that is in it.
    let database: DatabaseUrl = match database.parse() {
        Ok(database) => database,
        Err(error) => return console::wrong_usage(&format!("--database: {error}")),
    };
    let settings = Settings {
        replica,
        public_url,
        payments,
        trusted,
        trust_loopback,
        drain: DRAIN,
        transfers,
        bandwidth,
        child: child(),
        ..Settings::new(listen, database, objects)
    };
    let _ = raise_open_files();
    serve(|shutdown| tombolo_library::run(settings, shutdown))
}

/// This program, found by the kernel even if its file was replaced or removed since.
fn child() -> Option<ChildProgram> {
    let itself = PathBuf::from("/proc/self/exe");
    let path = if itself.exists() { itself } else { std::env::current_exe().ok()? };
    Some(ChildProgram {
        path,
        arguments: ["serve", "library"].map(Into::into).into(),
        environment: vec![("MIMALLOC_ARENA_EAGER_COMMIT".into(), "0".into())],
    })
}

/// Is a child that makes one thumbnail.
pub(super) fn make_thumbnail() -> ExitCode {
    match tombolo_library::thumbnail() {
        Ok(()) => ExitCode::Success,
        // Its standard error leads nowhere; the parent tells the log.
        Err(error) => console::fail(&error),
    }
}

/// Is a child that reads the length of one file.
pub(super) fn read_length() -> ExitCode {
    match tombolo_library::length() {
        Ok(()) => ExitCode::Success,
        Err(error) => console::fail(&error),
    }
}
