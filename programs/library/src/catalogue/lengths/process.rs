//! The parent's side: few children at once, each for one file, a limited time, and few of its bytes.

use std::io;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::catalogue::ChildProgram;
use crate::content::Content;
use crate::ids::ContentId;
use crate::limits;

/// Measures files.
#[derive(Debug)]
pub(crate) struct Lengths {
    program: Option<ChildProgram>,
    places: Semaphore,
}

impl Lengths {
    /// Nothing is measured without a program.
    pub(crate) fn new(program: Option<ChildProgram>) -> Self {
        Self { program, places: Semaphore::new(limits::THUMBNAILERS) }
    }

    /// Seconds; None if the file does not say, or cannot be understood within bounds.
    ///
    /// # Errors
    /// When the file cannot be read, or no child can be started; it may be tried again.
    pub(crate) async fn measure(
        &self,
        store: &dyn Content,
        content: &ContentId,
        size: u64,
    ) -> io::Result<Option<u64>> {
        let Some(program) = &self.program else { return Ok(None) };
        let _place = self.places.acquire().await.map_err(io::Error::other)?;
        let mut child = program.start("--measurer")?;
        // It is killed when it is dropped.
        let asked = timeout(limits::LENGTH_TIME, answer(&mut child, store, content, size)).await;
        asked.unwrap_or(Ok(None))
    }
}

/// Gives a child what it asks for, until it says the length or asks for too much.
async fn answer(
    child: &mut Child,
    store: &dyn Content,
    content: &ContentId,
    size: u64,
) -> io::Result<Option<u64>> {
    let streams = child.stdin.take().zip(child.stdout.take());
    let (mut input, mut output) = streams.ok_or(io::ErrorKind::BrokenPipe)?;
    if input.write_all(&size.to_le_bytes()).await.is_err() {
        return Ok(None);
    }
    let mut given = 0_u64;
    loop {
        // One that broke says nothing more.
        let Ok(number) = output.read_u64_le().await else { return Ok(None) };
        let Ok(count) = output.read_u32_le().await else { return Ok(None) };
        if count == 0 {
            return Ok((number != u64::MAX).then_some(number));
        }
        let end = number.saturating_add(u64::from(count));
        given = given.saturating_add(u64::from(count));
        if end > size || given > limits::LENGTH_BYTES {
            return Ok(None);
        }
        let mut bytes = store.read(content, number..end);
        while let Some(piece) = bytes.next().await {
            if input.write_all(&piece.map_err(io::Error::other)?).await.is_err() {
                return Ok(None);
            }
        }
    }
}
