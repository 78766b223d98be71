//! The parent's side: few children at once, each for one image and a limited time.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::content::ByteStream;
use crate::limits;

/// What is started as a child: this program, which is told what to be by one more argument.
#[derive(Clone, Debug)]
pub struct ChildProgram {
    /// Where it lies.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The whole of its environment. Its memory is bounded by what it may write to, so an allocator
    /// that takes more than it uses is to be told not to.
    pub environment: Vec<(OsString, OsString)>,
}

/// Makes small pictures of images.
#[derive(Debug)]
pub(crate) struct Thumbnails {
    program: Option<ChildProgram>,
    places: Semaphore,
}

/// What became of an image.
#[derive(Debug)]
pub(crate) enum Made {
    /// A small picture of it.
    Picture(Vec<u8>),
    /// None can be made of it, whoever tries.
    Impossible(String),
}

impl Thumbnails {
    /// None are made without a program.
    pub(crate) fn new(program: Option<ChildProgram>) -> Self {
        Self { program, places: Semaphore::new(limits::THUMBNAILERS) }
    }

    /// Whether any are made.
    pub(crate) fn are_made(&self) -> bool {
        self.program.is_some()
    }

    /// Makes a small picture of an image.
    ///
    /// # Errors
    /// When the image cannot be read, or no child can be started; it may be tried again.
    pub(crate) async fn make(&self, image: ByteStream) -> io::Result<Made> {
        let Some(program) = &self.program else {
            return Ok(Made::Impossible("no thumbnails are made".to_owned()));
        };
        let _place = self.places.acquire().await.map_err(io::Error::other)?;
        let mut child = program.start("--thumbnailer")?;
        match timeout(limits::THUMBNAIL_TIME, work(&mut child, image)).await {
            Ok(done) => done,
            // It is killed when it is dropped.
            Err(_) => Ok(Made::Impossible("it took too long".to_owned())),
        }
    }
}

impl ChildProgram {
    /// Starts it as this.
    pub(crate) fn start(&self, role: &str) -> io::Result<Child> {
        Command::new(&self.path)
            .args(&self.arguments)
            .arg(role)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The terminal's Ctrl+C drains us; children end by themselves.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }
}

/// Sends the image and takes the picture, at the same time: a child that ends early reads no more.
async fn work(child: &mut Child, mut image: ByteStream) -> io::Result<Made> {
    let streams = child.stdin.take().zip(child.stdout.take());
    let (mut input, mut output) = streams.ok_or(io::ErrorKind::BrokenPipe)?;
    let send = async move {
        while let Some(bytes) = image.next().await {
            let bytes = bytes.map_err(io::Error::other)?;
            if input.write_all(&bytes).await.is_err() {
                // What the child says counts.
                break;
            }
        }
        Ok::<_, io::Error>(())
    };
    let mut picture = Vec::new();
    let receive = async {
        let most = limits::THUMBNAIL_BYTES.saturating_add(1);
        (&mut output).take(most).read_to_end(&mut picture).await
    };
    let (sent, received) = tokio::join!(send, receive);
    sent?;
    received?;
    drop(output);
    let status = child.wait().await?;
    let length = u64::try_from(picture.len()).unwrap_or(u64::MAX);
    if !status.success() {
        return Ok(Made::Impossible(format!("the thumbnailer ended with {status}")));
    }
    if picture.is_empty() || length > limits::THUMBNAIL_BYTES {
        return Ok(Made::Impossible(format!("the picture would have {length} bytes")));
    }
    Ok(Made::Picture(picture))
}
