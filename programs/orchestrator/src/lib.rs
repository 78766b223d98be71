//! `tombolo up`: starts, watches and drains what the configuration names.
//!
//! The gateway and every replica are child processes whose command lines a person could type.
//! Owned here: their order, their restarts, their output, their end. Not owned: anything they do.
//!
//! - The order: replicas first, and the gateway once each of them answers `/health`; the end goes
//!   the other way round, so that no request is cut.
//! - What dies is started again at once, and less and less often while it keeps dying.
//! - Nothing outlives the orchestrator, even if it is killed (Linux); unless it is to, and then the
//!   next one finds it again.
//! - Output that nobody reads any more (`tombolo up | head -1`) ends nothing: a service does not
//!   depend on its spectators. It is said on standard error, and the access log file goes on.

mod census;
mod control;
mod data_folder;
mod error;
mod fleet;
mod gateway_file;
mod hangup;
pub mod init;
mod ledger;
mod listeners;
mod output;
mod ports;
mod process;
mod rollout;
mod supervisor;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;

use tombolo_daemon::config::{self, Config, Overrides};
use tombolo_daemon::logging::{Form, journal};

use control::Control;
use data_folder::DataFolder;
pub use error::{CannotListen, Error};
use fleet::Fleet;
use output::Output;
use process::Launcher;
use rollout::Source;

/// What `tombolo up` was asked for; what is None comes from the configuration.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The configuration file. None: the built-in configuration.
    pub config_file: Option<PathBuf>,
    /// Where data lies.
    pub data_dir: Option<PathBuf>,
    /// Where the gateway listens, in place of what is configured. Port 0 lets the system choose.
    pub listen: Option<SocketAddr>,
    /// Without a configuration file: whether there is a payments sandbox too.
    pub payments_sandbox: bool,
    /// The form of program logs: ours, and those of all processes.
    pub log_form: Form,
}

/// Starts everything and watches over it until a signal ends it. Blocks; call it on the main
/// thread, because the kernel ends the children when the calling thread ends.
///
/// SIGINT and SIGTERM drain, a second one ends at once; SIGHUP has the gateway open its log files
/// anew and the configuration file read again, or drains if the terminal is gone.
///
/// # Errors
/// Whatever kept it from starting, and an end that was not orderly.
pub fn run(options: Options) -> Result<(), Error> {
    let is_written = options.config_file.is_some();
    let form = options.log_form;
    let (config, source) = configuration(options)?;
    let data = DataFolder::open(&config.data_dir)?;
    let socket = data.control_socket();
    let control =
        Control::bind(&socket).map_err(|source| Error::DataFolder { path: socket, source })?;
    let keep = config.up.keep;
    let fleet = Fleet::new(config, data, is_written);
    let system = |doing| move |source| Error::System { doing, source };
    let launcher =
        Launcher::from_this_program(keep, form).map_err(system("finding this program"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(system("starting the event loop"))?;
    let output = Output::start(form).map_err(system("starting the output threads"))?;
    let ended = runtime.block_on(watch::watch(fleet, launcher, output.clone(), control, source));
    output.close();
    ended
}

fn configuration(options: Options) -> Result<(Config, Source), Error> {
    let Options { config_file, data_dir, listen, payments_sandbox, log_form: _ } = options;
    let listen = listen.into_iter().collect();
    let in_journal = journal::is(&std::io::stdout());
    let flags =
        Overrides { listen, data_dir, payments_sandbox, in_journal, ..Overrides::default() };
    let config = match &config_file {
        Some(path) => config::load(path, &flags).map_err(Error::Configuration)?,
        None => config::builtin_up(&flags),
    };
    Ok((config, Source { file: config_file, flags }))
}
