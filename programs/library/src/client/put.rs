//! A file to the library.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use uuid::Uuid;

use super::connection::{Asked, Connection, Pieces};
use super::list;
use super::local::{self, Local, PIECE_BYTES, blocking};
use super::retry::Retry;
use super::{Client, Failure};

/// How often progress is told while bytes are sent.
const TELL_PERIOD: Duration = Duration::from_millis(200);

/// An upload that was begun and not finished.
#[derive(Clone, Debug)]
pub struct Unfinished {
    id: String,
    name: String,
    folder: String,
    length: u64,
    offset: u64,
    /// The digest of the bytes that are there.
    digest: String,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The item that it is.
    pub item: String,
    /// Its digest, here and there.
    pub sha256: String,
    /// Bytes that were there before: of an upload that was cut, or all of them.
    pub there: u64,
}

fn member<'v>(value: &'v Value, name: &str) -> Result<&'v str, Failure> {
    let text = value.get(name).and_then(Value::as_str);
    text.ok_or_else(|| Failure::Nonsense(format!("there is no {name} in it")))
}

/// The uploads that were begun and not finished, by whatever client.
///
/// # Errors
/// When the library cannot be reached, or the session is over.
pub async fn unfinished(client: &Client) -> Result<Vec<Unfinished>, Failure> {
    let mut connection = client.connection();
    let mut retry = client.retry();
    let all = loop {
        match list::all(&mut connection, "uploads?limit=200").await {
            Ok(all) => break all,
            Err(failure) => wait(client, "the library", &mut retry, failure).await?,
        }
    };
    let read = |one: &Value| {
        let number = |name: &str| one.get(name)?.as_u64();
        let is_going_on = one.get("state")?.as_str()? == "receiving";
        Some(Unfinished {
            id: one.get("id")?.as_str()?.to_owned(),
            name: one.get("name")?.as_str()?.to_owned(),
            folder: one.get("folder")?.as_str()?.to_owned(),
            length: number("length")?,
            offset: number("offset")?,
            digest: one.get("sha256")?.as_str()?.to_owned(),
        })
        .filter(|_| is_going_on)
    };
    Ok(all.iter().filter_map(read).collect())
}

/// Pauses before another try.
pub(super) async fn wait(
    client: &Client,
    name: &str,
    retry: &mut Retry,
    failure: Failure,
) -> Result<(), Failure> {
    let (failure, pause) = retry.pause(failure)?;
    client.observer.retrying(name, &failure, pause);
    tokio::time::sleep(pause).await;
    Ok(())
}

/// Sends a file, or the rest of it, until the library has all of it and its digest is the same.
///
/// # Errors
/// When it is refused, when the file cannot be read or changes meanwhile, or when there was no
/// progress for the client's patience.
pub async fn put(
    client: &Client,
    file: &Local,
    unfinished: &[Unfinished],
) -> Result<Upload, Failure> {
    let mut sending = Sending {
        client,
        file,
        shown: file.shown(),
        connection: client.connection(),
        retry: client.retry(),
        key: Uuid::new_v4().to_string(),
    };
    let digest = sending.digest(file.length).await?;
    if let Some(item) = sending.find_item(&digest).await? {
        client.observer.began(&sending.shown, file.length, file.length);
        return Ok(Upload { item, sha256: digest, there: file.length });
    }
    let mut begun = sending.find_begun(unfinished).await?;
    let there = begun.as_ref().map_or(0, |(_, offset)| *offset);
    client.observer.began(&sending.shown, file.length, there);
    loop {
        let step = sending.step(&mut begun).await;
        match step {
            Ok(Some(upload)) if member(&upload, "sha256")? == digest => {
                let item = member(&upload, "item")?.to_owned();
                return Ok(Upload { item, sha256: digest, there });
            }
            Ok(Some(upload)) => {
                let item = member(&upload, "item")?;
                return Err(Failure::Differs(format!(
                    "{} is not what was sent: the file changed meanwhile, or was damaged; the \
                     library has it as item {item}",
                    file.path.display()
                )));
            }
            Ok(None) => sending.retry.progress(),
            // The upload is gone: expired, or ended by somebody. Another one begins.
            Err(Failure::Refused { status: 404 | 410, .. }) if begun.is_some() => {
                begun = None;
                sending.key = Uuid::new_v4().to_string();
            }
            Err(failure) => wait(client, &sending.shown, &mut sending.retry, failure).await?,
        }
    }
}

/// A file on its way.
struct Sending<'c> {
    client: &'c Client,
    file: &'c Local,
    /// What people are told of.
    shown: String,
    connection: Connection,
    retry: Retry,
    /// The same for every try to begin the upload.
    key: String,
}

impl Sending<'_> {
    async fn digest(&self, length: u64) -> Result<String, Failure> {
        let path = self.file.path.clone();
        blocking(move || local::digest(&path, length)).await
    }

    /// The item of this user with this name, in this folder, and with these bytes.
    async fn find_item(&mut self, digest: &str) -> Result<Option<String>, Failure> {
        let query = format!("items?owner=me&limit=200&sha256={digest}");
        let target = self.client.server.target(&query);
        loop {
            let asked = Asked::new(Method::GET, target.clone(), &[]);
            let page = match self.connection.json(&asked, "").await {
                Ok(page) => page,
                Err(failure) => {
                    wait(self.client, &self.shown, &mut self.retry, failure).await?;
                    continue;
                }
            };
            let is_same = |one: &&Value| {
                let is =
                    |name: &str, text: &str| one.get(name).and_then(Value::as_str) == Some(text);
                is("name", &self.file.name) && is("folder", &self.file.folder)
            };
            let items = page.get("items").and_then(Value::as_array);
            let found = items.and_then(|items| items.iter().find(is_same));
            return found.map(|item| member(item, "id").map(str::to_owned)).transpose();
        }
    }

    /// The upload that has the beginning of this file, and how much of it.
    async fn find_begun(
        &self,
        unfinished: &[Unfinished],
    ) -> Result<Option<(String, u64)>, Failure> {
        for one in unfinished {
            let Local { name, folder, length, .. } = self.file;
            let is_like = one.name == *name && one.folder == *folder && one.length == *length;
            if is_like && self.digest(one.offset).await? == one.digest {
                return Ok(Some((one.id.clone(), one.offset)));
            }
        }
        Ok(None)
    }

    /// Does the next thing. The upload once it is whole; None after progress.
    async fn step(&mut self, begun: &mut Option<(String, u64)>) -> Result<Option<Value>, Failure> {
        let Some((id, _)) = begun else {
            *begun = Some((self.create().await?, 0));
            return Ok(None);
        };
        let id = id.clone();
        let target = self.client.server.target(&format!("uploads/{id}"));
        let asked = Asked::new(Method::GET, target.clone(), &[]);
        let upload = self.connection.json(&asked, "").await?;
        match member(&upload, "state")? {
            "complete" => return Ok(Some(upload)),
            "failed" => {
                return Err(Failure::Refused { status: 410, detail: "it failed".to_owned() });
            }
            _ => {}
        }
        let fields = [("tus-resumable", "1.0.0".to_owned())];
        let asked = Asked::new(Method::HEAD, target.clone(), &fields);
        let response = self.connection.ask(&asked, "").await?;
        let response = self.connection.success(response).await?;
        let offset = offset(response.headers())?;
        self.client.observer.moved(&self.shown, offset);
        if offset >= self.file.length && self.file.length > 0 {
            // It is being completed.
            let detail = "The library is still working on it.".to_owned();
            return Err(Failure::NotNow { status: 423, detail, after: None });
        }
        *begun = Some((id, offset));
        self.send_from(offset, target).await?;
        Ok(None)
    }

    /// Begins an upload. The same key makes the same upload, so a lost answer costs nothing.
    async fn create(&mut self) -> Result<String, Failure> {
        let mut metadata = format!("filename {}", STANDARD.encode(&self.file.name));
        if !self.file.folder.is_empty() {
            let _ = write!(metadata, ",relativePath {}", STANDARD.encode(&self.shown));
        }
        let fields = [
            ("tus-resumable", "1.0.0".to_owned()),
            ("upload-length", self.file.length.to_string()),
            ("upload-metadata", metadata),
            ("idempotency-key", self.key.clone()),
        ];
        let asked = Asked::new(Method::POST, self.client.server.target("uploads"), &fields);
        let response = self.connection.ask(&asked, "").await?;
        let response = self.connection.success(response).await?;
        let location = response.headers().get(http::header::LOCATION);
        let id = location.and_then(|place| place.to_str().ok()?.rsplit('/').next());
        let id = id.filter(|id| Uuid::try_parse(id).is_ok()).map(str::to_owned);
        id.ok_or_else(|| Failure::Nonsense("there is no Location of an upload".to_owned()))
    }

    /// Sends the bytes from `offset` to the end.
    async fn send_from(&mut self, offset: u64, target: String) -> Result<(), Failure> {
        let left = self.file.length.saturating_sub(offset);
        let pieces = pieces(&self.file.path, offset, left).await?;
        let fields = [
            ("tus-resumable", "1.0.0".to_owned()),
            ("upload-offset", offset.to_string()),
            ("content-type", "application/offset+octet-stream".to_owned()),
        ];
        let asked = Asked::new(Method::PATCH, target, &fields);
        let sent = Arc::new(AtomicU64::new(0));
        let response = {
            let sending = self.connection.send_pieces(&asked, pieces, left, &sent);
            tokio::pin!(sending);
            loop {
                tokio::select! {
                    response = &mut sending => break response?,
                    () = tokio::time::sleep(TELL_PERIOD) => {
                        let there = offset.saturating_add(sent.load(Ordering::Relaxed));
                        self.client.observer.moved(&self.shown, there);
                    }
                }
            }
        };
        let response = self.connection.success(response).await?;
        self.client.observer.moved(&self.shown, self::offset(response.headers())?);
        Ok(())
    }
}

fn offset(headers: &HeaderMap) -> Result<u64, Failure> {
    let offset = headers.get("upload-offset").and_then(|value| value.to_str().ok()?.parse().ok());
    offset.ok_or_else(|| Failure::Nonsense("there is no Upload-Offset".to_owned()))
}

/// The file's bytes from `offset` on, `left` of them. A file that has become shorter is an error of
/// reading, which cuts the request.
async fn pieces(path: &Path, offset: u64, left: u64) -> Result<Pieces, Failure> {
    let failed = Failure::of_file(path);
    let mut file = tokio::fs::File::open(path).await.map_err(&failed)?;
    file.seek(SeekFrom::Start(offset)).await.map_err(&failed)?;
    file.set_max_buf_size(PIECE_BYTES);
    let stream = futures_util::stream::unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let mut buffer = vec![0; most];
        let read = match file.read(&mut buffer).await {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter")),
            Ok(count) => {
                buffer.truncate(count);
                Ok(buffer.into())
            }
            Err(error) => Err(error),
        };
        let count = read.as_ref().map_or(left, |piece: &bytes::Bytes| piece.len() as u64);
        Some((read, (file, left.saturating_sub(count))))
    });
    Ok(Box::pin(stream))
}
