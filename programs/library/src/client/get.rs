//! An item of the library to a file.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{Method, StatusCode};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::connection::{Asked, Connection, piece};
use super::local::{self, blocking};
use super::names::{below, make_folders};
use super::parts::Parts;
use super::{Client, Failure};

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub length: u64,
    /// Its digest, there and here.
    pub sha256: String,
    /// Bytes that were here before.
    pub there: u64,
}

/// What the library says of an item.
struct Item {
    id: String,
    name: String,
    folder: String,
    length: u64,
    digest: String,
}

/// Fetches an item: into `output`, or into a file of its name in its folders, below the present one.
/// `lines` connections fetch parts of it at once.
///
/// # Errors
/// When there is no such item, when the file is there already with other content and `replace` does
/// not say to replace it, or when there was no progress for the client's patience.
pub async fn get(
    client: &Client,
    id: &str,
    output: Option<&Path>,
    replace: bool,
    lines: usize,
) -> Result<Download, Failure> {
    let item = find(client, id).await?;
    let path = match output {
        Some(path) => path.to_owned(),
        None => {
            let path = below(&item.folder, &item.name);
            make_folders(&path)?;
            path
        }
    };
    let done = |there| Download {
        path: path.clone(),
        length: item.length,
        sha256: item.digest.clone(),
        there,
    };
    if is_there(&path, &item, replace).await? {
        client.observer.began(&item.name, item.length, item.length);
        return Ok(done(item.length));
    }
    let (partial, note) = (beside(&path, ".part"), beside(&path, ".parts"));
    let mut there = None;
    // Once more when what was here is not what it was noted to be.
    for is_last in [false, true] {
        let before = fetch(client, &item, &partial, &note, lines).await?;
        there.get_or_insert(before);
        let (whole, length) = (partial.clone(), item.length.saturating_add(1));
        if blocking(move || local::digest(&whole, length)).await? == item.digest {
            keep(&partial, &note, &path)?;
            return Ok(done(there.unwrap_or_default()));
        }
        for path in [&note, &partial] {
            std::fs::remove_file(path).map_err(Failure::of_file(path))?;
        }
        if is_last || before == 0 {
            break;
        }
    }
    let words = "what arrived is not what the library says it sent: its digest differs";
    Err(Failure::Differs(format!("{}: {words}", path.display())))
}

/// What the library says of an item.
async fn find(client: &Client, id: &str) -> Result<Item, Failure> {
    let (mut connection, mut retry) = (client.connection(), client.retry());
    let target = client.server.target(&format!("items/{id}"));
    let told = loop {
        let asked = Asked::new(Method::GET, target.clone(), &[]);
        match connection.json(&asked, "").await {
            Ok(told) => break told,
            Err(failure) => {
                let (failure, pause) = retry.pause(failure)?;
                client.observer.retrying(id, &failure, pause);
                tokio::time::sleep(pause).await;
            }
        }
    };
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let length = told.get("size").and_then(Value::as_u64);
    match (text("name"), length, text("sha256")) {
        (Some(name), Some(length), Some(digest)) => {
            let folder = text("folder").unwrap_or_default();
            Ok(Item { id: id.to_owned(), name, folder, length, digest })
        }
        _ => Err(Failure::Nonsense("it is no item".to_owned())),
    }
}

/// Whether the file is there with this content; refuses one with another unless it is replaced.
async fn is_there(path: &Path, item: &Item, replace: bool) -> Result<bool, Failure> {
    let Ok(about) = std::fs::metadata(path) else { return Ok(false) };
    if about.is_file() && about.len() == item.length {
        let (whole, length) = (path.to_owned(), item.length);
        if blocking(move || local::digest(&whole, length)).await? == item.digest {
            return Ok(true);
        }
    }
    if replace && about.is_file() {
        return Ok(false);
    }
    let words =
        "it is there already, with other content; name another file with -o, or say --force";
    Err(Failure::Differs(format!("{}: {words}", path.display())))
}

/// Fetches what is missing of the partial file; the bytes that were there before.
async fn fetch(
    client: &Client,
    item: &Item,
    partial: &Path,
    note: &Path,
    lines: usize,
) -> Result<u64, Failure> {
    let failed = Failure::of_file(partial);
    // Without the file the note of it means nothing.
    if !partial.exists() {
        let _ = std::fs::remove_file(note);
    }
    let options = File::options().write(true).create(true).truncate(false).open(partial);
    let file = Arc::new(options.map_err(&failed)?);
    file.set_len(item.length).map_err(&failed)?;
    let parts = Parts::open(note, &item.digest, item.length)?;
    let before = parts.bytes();
    client.observer.began(&item.name, item.length, before);
    let missing = parts.missing();
    let mut tasks = JoinSet::new();
    let lines = lines.clamp(1, missing.len().max(1));
    let shared = Arc::new(Shared {
        client: client.clone(),
        target: client.server.target(&format!("items/{}/content", item.id)),
        name: item.name.clone(),
        length: item.length,
        path: partial.to_owned(),
        file,
        parts: Mutex::new(parts),
        todo: Mutex::new(missing.into_iter().rev().collect()),
        there: AtomicU64::new(before),
    });
    for _ in 0..lines {
        tasks.spawn(Arc::clone(&shared).work());
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| Failure::Line(error.to_string()))??;
    }
    Ok(before)
}

/// What the connections of a download share.
struct Shared {
    client: Client,
    target: String,
    name: String,
    length: u64,
    path: PathBuf,
    file: Arc<File>,
    parts: Mutex<Parts>,
    /// Parts to fetch, the next one last.
    todo: Mutex<Vec<(u64, u64, u64)>>,
    there: AtomicU64,
}

impl Shared {
    /// Fetches parts until none is left.
    async fn work(self: Arc<Self>) -> Result<(), Failure> {
        let (mut connection, mut retry) = (self.client.connection(), self.client.retry());
        loop {
            let next = self.todo.lock().await.pop();
            let Some((part, first, bytes)) = next else { return Ok(()) };
            let mut done = 0;
            while done < bytes {
                let before = done;
                let fetched = self.fetch(&mut connection, first, bytes, &mut done).await;
                if done > before {
                    retry.progress();
                }
                if let Err(failure) = fetched {
                    connection = self.client.connection();
                    let (failure, pause) = retry.pause(failure)?;
                    self.client.observer.retrying(&self.name, &failure, pause);
                    tokio::time::sleep(pause).await;
                }
            }
            self.parts.lock().await.note(part)?;
        }
    }

    /// Fetches the rest of a part; `done` are its bytes that are there.
    async fn fetch(
        &self,
        connection: &mut Connection,
        first: u64,
        bytes: u64,
        done: &mut u64,
    ) -> Result<(), Failure> {
        let from = first.saturating_add(*done);
        let last = first.saturating_add(bytes).saturating_sub(1);
        let fields = [("range", format!("bytes={from}-{last}"))];
        let asked = Asked::new(Method::GET, self.target.clone(), &fields);
        let response = connection.ask(&asked, "").await?;
        let mut response = connection.success(response).await?;
        let range = response.headers().get(http::header::CONTENT_RANGE);
        let range = range.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_ours = match response.status() {
            StatusCode::PARTIAL_CONTENT => range == format!("bytes {from}-{last}/{}", self.length),
            // All of it, where all of it was asked for.
            _ => from == 0 && last.saturating_add(1) == self.length,
        };
        if !is_ours {
            return Err(Failure::Nonsense(format!("bytes {from}-{last} came as {range:?}")));
        }
        while let Some(piece) = piece(&mut response).await? {
            let place = first.saturating_add(*done);
            let length = piece.len() as u64;
            if done.saturating_add(length) > bytes {
                return Err(Failure::Nonsense("more bytes came than were asked for".to_owned()));
            }
            let (file, path) = (Arc::clone(&self.file), self.path.clone());
            let write = move || file.write_all_at(&piece, place).map_err(Failure::of_file(&path));
            blocking(write).await?;
            *done = done.saturating_add(length);
            let there = self.there.fetch_add(length, Ordering::Relaxed).saturating_add(length);
            self.client.observer.moved(&self.name, there);
        }
        if *done < bytes {
            return Err(Failure::Line("the answer ended too early".to_owned()));
        }
        Ok(())
    }
}

/// Puts the whole file in its place, for good.
fn keep(partial: &Path, note: &Path, path: &Path) -> Result<(), Failure> {
    let failed = Failure::of_file(path);
    File::open(partial).and_then(|file| file.sync_all()).map_err(&failed)?;
    std::fs::rename(partial, path).map_err(&failed)?;
    std::fs::remove_file(note).map_err(Failure::of_file(note))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    folder.and_then(|folder| folder.sync_all()).map_err(&failed)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{ending}"))
}
