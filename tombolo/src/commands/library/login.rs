//! `tombolo library login` and `logout`: a session for `tombolo put` and `get`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueHint};
use tombolo_daemon::exit::ExitCode;
use tombolo_library::client::{self, Client, Server, Trust};

use super::progress::Progress;
use super::{password, tokens};
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo library login ana@example.org
  tombolo library login ana@example.org --server https://files.example < password-file
  tombolo library logout

WHERE
  The session's token is kept in ~/.config/tombolo/library-sessions.json, which only you can read,
  until you log out or 30 days have passed. TOMBOLO_LIBRARY_TOKEN goes before it.";

/// Log in for put and get
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LogIn {
    /// The account's address
    #[arg(value_name = "EMAIL")]
    email: String,

    /// Where the library is
    #[arg(long, value_name = "URL", default_value = super::SERVER)]
    server: Server,

    /// Certificates to believe, in place of those that this system trusts (PEM)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca: Option<PathBuf>,
}

/// End that session
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LogOut {
    /// Where the library is
    #[arg(long, value_name = "URL", default_value = super::SERVER)]
    server: Server,

    /// Certificates to believe, in place of those that this system trusts (PEM)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca: Option<PathBuf>,
}

/// For the library to answer.
const PATIENCE: Duration = Duration::from_secs(10);

fn client(server: Server, ca: Option<&Path>, token: Option<String>) -> Result<Client, ExitCode> {
    let trust = Trust::of(&server, ca).map_err(|failure| console::fail(&failure))?;
    Ok(Client { server, trust, token, patience: PATIENCE, observer: Arc::new(Progress::new()) })
}

pub(super) fn log_in(arguments: LogIn) -> ExitCode {
    let LogIn { email, server, ca } = arguments;
    let client = match client(server, ca.as_deref(), None) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let password = match password::once() {
        Ok(password) => password,
        Err(error) => return console::fail(&error),
    };
    let token = match super::block_on(client::log_in(&client, &email, &password)) {
        Ok(Ok(token)) => token,
        Ok(Err(failure)) => return console::fail(&failure),
        Err(error) => return console::fail(&error),
    };
    match tokens::keep(&client.server, Some(&token)) {
        Ok(()) => {
            console::result(format!("{email} is logged in at {}\n", client.server).as_bytes())
        }
        Err(error) => console::fail(&error),
    }
}

pub(super) fn log_out(arguments: LogOut) -> ExitCode {
    let LogOut { server, ca } = arguments;
    let token = match tokens::find(&server) {
        Ok(Some(token)) => token,
        Ok(None) => return console::result(b"there was no session\n"),
        Err(error) => return console::fail(&error),
    };
    let client = match client(server, ca.as_deref(), Some(token)) {
        Ok(client) => client,
        Err(code) => return code,
    };
    match super::block_on(client::log_out(&client)) {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => return console::fail(&failure),
        Err(error) => return console::fail(&error),
    }
    match tokens::keep(&client.server, None) {
        Ok(()) => console::result(format!("logged out of {}\n", client.server).as_bytes()),
        Err(error) => console::fail(&error),
    }
}
