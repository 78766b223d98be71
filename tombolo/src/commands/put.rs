//! `tombolo put`: files and folders to a library.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueHint};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tombolo_daemon::config;
use tombolo_daemon::exit::ExitCode;
use tombolo_library::client::{self, Client, Failure, Local, Server, Trust, Unfinished, Upload};

use super::library::progress::Progress;
use super::library::{SERVER, block_on, tokens};
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo put film.mkv                       to the library of this machine; tells the item's id
  tombolo put photos/ notes.txt --server https://files.example
  tombolo put --json *.iso > items.json      one JSON object a line

FOLDERS
  A folder is sent with all that is in it, links left out, and the library keeps where each file
  lay: photos/2026/a.jpg has the folder photos/2026. 'tombolo get photos/' writes it back.

WHEN IT IS CUT
  Run the same again, here or on another machine: what the library has of a file is not sent again,
  and what it has whole is not sent at all. While it runs it tries again by itself. A file is done
  once its SHA-256 is the same there and here.

FIRST
  tombolo library login EMAIL

EXIT STATUS
  0  the library has every file
  1  some were refused or could not be sent
  2  wrong usage";

/// Send files and folders to the library, and go on where it was cut
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files, and folders with all that is in them
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,

    /// Where the library is
    #[arg(long, value_name = "URL", default_value = SERVER)]
    server: Server,

    /// Certificates to believe, in place of those that this system trusts (PEM)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca: Option<PathBuf>,

    /// Files that are sent at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=16))]
    at_once: u8,

    /// How long to try again without progress
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time)]
    give_up_after: Duration,

    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// A time as configurations have it.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    config::duration(text).ok_or_else(|| "write a time such as 30s or 5m".to_owned())
}

/// A client for a command, with this user's session.
pub(super) fn client(
    server: Server,
    ca: Option<&Path>,
    patience: Duration,
    progress: &Arc<Progress>,
) -> Result<Client, ExitCode> {
    let token = tokens::find(&server).map_err(|error| console::fail(&error))?;
    let trust = Trust::of(&server, ca).map_err(|failure| console::fail(&failure))?;
    let observer = Arc::clone(progress) as Arc<dyn client::Observer>;
    Ok(Client { server, trust, token, patience, observer })
}

/// Adds what to do to a failure that a session mends.
pub(super) fn words(failure: &Failure) -> String {
    match failure {
        Failure::Refused { status: 401, .. } => {
            format!("{failure}; run 'tombolo library login EMAIL'")
        }
        failure => failure.to_string(),
    }
}

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { files, server, ca, at_once, give_up_after, json } = arguments;
    let files = match client::files(&files) {
        Ok(files) => files,
        Err(failure) => return console::fail(&failure),
    };
    let progress = Arc::new(Progress::new());
    let client = match client(server, ca.as_deref(), give_up_after, &progress) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let sent = block_on(send(client, files, usize::from(at_once), Arc::clone(&progress), json));
    match sent {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => {
            console::say(&words(&failure));
            ExitCode::Failure
        }
        Err(error) => console::fail(&error),
    }
}

async fn send(
    client: Client,
    files: Vec<Local>,
    at_once: usize,
    progress: Arc<Progress>,
    json: bool,
) -> Result<ExitCode, Failure> {
    let unfinished: Arc<[Unfinished]> = client::unfinished(&client).await?.into();
    let (places, mut tasks) = (Arc::new(Semaphore::new(at_once)), JoinSet::new());
    for file in files {
        let (client, unfinished) = (client.clone(), Arc::clone(&unfinished));
        let places = Arc::clone(&places);
        tasks.spawn(async move {
            let _place = places.acquire().await;
            let done = client::put(&client, &file, &unfinished).await;
            (file, done)
        });
    }
    let mut code = ExitCode::Success;
    while let Some(Ok((file, done))) = tasks.join_next().await {
        progress.end(&file.shown());
        let written = match &done {
            Ok(upload) => tell(&file, upload, json),
            Err(failure) => {
                code = ExitCode::Failure;
                progress.say(&format!("{}: {}", file.path.display(), words(failure)));
                if json {
                    let file = file.path.display().to_string();
                    line(&json!({"file": file, "error": failure.to_string()}))
                } else {
                    ExitCode::Success
                }
            }
        };
        if written != ExitCode::Success {
            return Ok(written);
        }
    }
    Ok(code)
}

fn tell(file: &Local, upload: &Upload, json: bool) -> ExitCode {
    let Upload { item, sha256, there } = upload;
    if json {
        return line(&json!({
            "file": file.path.display().to_string(), "folder": file.folder, "item": item, "size": file.length,
            "sha256": sha256, "there_before": there,
        }));
    }
    let was_there = if *there == file.length && file.length > 0 { "  (was there)" } else { "" };
    console::result(format!("{item}  {}{was_there}\n", file.path.display()).as_bytes())
}

/// One line of JSON.
pub(super) fn line(value: &serde_json::Value) -> ExitCode {
    console::styled(&tombolo_daemon::terminal::json(&format!("{value}\n")))
}
