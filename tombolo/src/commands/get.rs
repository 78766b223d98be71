//! `tombolo get`: items of a library to files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueHint};
use serde_json::json;
use tombolo_daemon::exit::ExitCode;
use tombolo_library::client::{self, Download, Server};

use super::library::progress::Progress;
use super::library::{SERVER, block_on};
use super::put::{client, line, time, words};
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo get 0198c0de-0000-7000-8000-000000000000            into a file of its name
  tombolo get 0198c0de-0000-7000-8000-000000000000 -o film.mkv
  tombolo get ID ID ID --server https://files.example
  tombolo get photos/                                        your items in this folder, as they lay

FOLDERS
  A file is written into the folders that it lay in, below the present one, which are made. None is
  '..' or a path of its own, a link on the way is not followed, and the outermost name has no dot at
  its beginning.

WHEN IT IS CUT
  Run the same again: the parts that are here, in .NAME.part, are not fetched again. While it runs
  it tries again by itself. The file appears once its SHA-256 is that of the library, on the disk,
  and readable for you alone. A file that is there with other content is not touched.

EXIT STATUS
  0  every file is here
  1  some were refused or could not be fetched
  2  wrong usage";

/// Fetch items of the library, and go on where it was cut
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The items by their ids; a name with a slash at its end is a folder of yours
    #[arg(value_name = "ID|FOLDER/", required = true)]
    items: Vec<String>,

    /// The file to make, for one item [default: the item's name, in its folders]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,

    /// Where the library is
    #[arg(long, value_name = "URL", default_value = SERVER)]
    server: Server,

    /// Certificates to believe, in place of those that this system trusts (PEM)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca: Option<PathBuf>,

    /// Replace a file that is there with other content
    #[arg(long)]
    force: bool,

    /// Parts of a file that are fetched at once
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

pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { items, output, server, ca, force, at_once, give_up_after, json } = arguments;
    if output.is_some() && items.len() > 1 {
        return console::wrong_usage("--output names one file, and there are several items");
    }
    let is_id = |text: &String| {
        text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_folder = |text: &String| text.len() > 1 && text.ends_with('/');
    if let Some(odd) = items.iter().find(|text| !is_id(text) && !is_folder(text)) {
        let words = "is no id of an item; a folder has a slash at its end";
        return console::wrong_usage(&format!("{odd:?} {words}"));
    }
    if output.is_some() && items.iter().any(is_folder) {
        return console::wrong_usage("--output names one file, and a folder may have several");
    }
    let progress = Arc::new(Progress::new());
    let client = match client(server, ca.as_deref(), give_up_after, &progress) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let fetching = async {
        let mut code = ExitCode::Success;
        let mut all = Vec::new();
        for item in items {
            if !is_folder(&item) {
                all.push(item);
                continue;
            }
            match client::in_folder(&client, &item).await {
                Ok(found) if found.is_empty() => {
                    code = ExitCode::Failure;
                    progress.say(&format!("{item}: you have nothing in such a folder"));
                }
                Ok(found) => all.extend(found),
                Err(failure) => {
                    code = ExitCode::Failure;
                    progress.say(&format!("{item}: {}", words(&failure)));
                }
            }
        }
        for item in &all {
            let lines = usize::from(at_once);
            let done = client::get(&client, item, output.as_deref(), force, lines).await;
            progress.end_all();
            let written = match done {
                Ok(download) => tell(item, &download, json),
                Err(failure) => {
                    code = ExitCode::Failure;
                    progress.say(&format!("{item}: {}", words(&failure)));
                    match json {
                        true => line(&json!({"item": item, "error": failure.to_string()})),
                        false => ExitCode::Success,
                    }
                }
            };
            if written != ExitCode::Success {
                return written;
            }
        }
        code
    };
    match block_on(fetching) {
        Ok(code) => code,
        Err(error) => console::fail(&error),
    }
}

fn tell(item: &str, download: &Download, json: bool) -> ExitCode {
    let Download { path, length, sha256, there } = download;
    if json {
        return line(&json!({
            "item": item, "file": path.display().to_string(), "size": length, "sha256": sha256,
            "there_before": there,
        }));
    }
    console::result(format!("{}\n", path.display()).as_bytes())
}
