//! From a request's body to batches of bytes: waits for pieces no longer than it may, keeps to the
//! length, and looks at the rate.

use std::pin::pin;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::limits;

/// Why no more bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The body came to its end.
    Whole,
    /// The client is gone.
    Cut,
    /// The client sends too few bytes.
    Slow,
    /// There were more bytes than the upload has.
    Long,
}

/// What comes: bytes, then why there are no more.
#[derive(Debug)]
pub(super) enum Taken {
    /// Bytes, in the pieces in which they came.
    Batch(Vec<Bytes>),
    /// The end.
    End(End),
}

/// Takes a body's bytes, up to `room` of them, until its end or until nobody wants them.
pub(super) async fn take(body: Body, room: Option<u64>, batches: mpsc::Sender<Taken>) {
    let mut intake = Intake { room, batch: Vec::new(), size: 0, batches };
    let end = intake.run(body).await;
    if intake.flush().await.is_ok() {
        let _ = intake.batches.send(Taken::End(end)).await;
    }
}

struct Intake {
    /// Bytes that the upload may still have.
    room: Option<u64>,
    batch: Vec<Bytes>,
    size: usize,
    batches: mpsc::Sender<Taken>,
}

/// Nobody takes the batches any more.
struct Unwanted;

impl Intake {
    async fn run(&mut self, body: Body) -> End {
        let mut body = pin!(body);
        let mut rate = Rate::new();
        loop {
            let waited_since = Instant::now();
            let frame = if self.batch.is_empty() {
                timeout(limits::BODY_GAP, body.frame()).await
            } else {
                // What came is not held back while the client is slow.
                match timeout(limits::BATCH_WAIT, body.frame()).await {
                    Err(_) if self.flush().await.is_err() => return End::Cut,
                    Err(_) => timeout(limits::BODY_GAP, body.frame()).await,
                    Ok(frame) => Ok(frame),
                }
            };
            let bytes = match frame {
                Err(_) => return End::Slow,
                Ok(None) => return End::Whole,
                Ok(Some(Err(_))) => return End::Cut,
                // Trailers say nothing of interest.
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            if !rate.count(bytes.len(), waited_since) {
                return End::Slow;
            }
            if let Err(end) = self.add(bytes).await {
                return end;
            }
        }
    }

    async fn add(&mut self, bytes: Bytes) -> Result<(), End> {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(count).ok_or(End::Long)?;
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.size = self.size.saturating_add(bytes.len());
        self.batch.push(bytes);
        if self.size >= limits::BATCH_BYTES {
            self.flush().await.map_err(|Unwanted| End::Cut)?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Unwanted> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.size = 0;
        let batch = Taken::Batch(std::mem::take(&mut self.batch));
        self.batches.send(batch).await.map_err(|_| Unwanted)
    }
}

/// What the client sent while it was waited for: time in which we did not read does not count.
struct Rate {
    waited: std::time::Duration,
    bytes: u64,
}

impl Rate {
    fn new() -> Self {
        Self { waited: std::time::Duration::ZERO, bytes: 0 }
    }

    /// Counts a piece; false if too few bytes came.
    fn count(&mut self, bytes: usize, waited_since: Instant) -> bool {
        self.waited = self.waited.saturating_add(waited_since.elapsed());
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.waited < limits::RATE_TIME {
            return true;
        }
        let is_enough = self.bytes >= limits::RATE_BYTES;
        *self = Self::new();
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::stream;

    use super::*;

    async fn taken(body: Body, room: Option<u64>) -> (Vec<u8>, End) {
        let (sender, mut receiver) = mpsc::channel(limits::BATCHES_AHEAD);
        let taking = tokio::spawn(take(body, room, sender));
        let mut all = Vec::new();
        let end = loop {
            match receiver.recv().await.expect("an end") {
                Taken::Batch(batch) => all.extend(batch.concat()),
                Taken::End(end) => break end,
            }
        };
        taking.await.unwrap();
        (all, end)
    }

    fn drip(pieces: usize, pause: Duration) -> Body {
        Body::from_stream(stream::unfold(0, move |sent| async move {
            tokio::time::sleep(pause).await;
            let piece = Ok::<_, std::io::Error>(Bytes::from_static(b"0123456789"));
            (sent < pieces).then_some((piece, sent + 1))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_end_in_four_ways() {
        assert_eq!(taken(Body::from("abc"), Some(3)).await, (b"abc".to_vec(), End::Whole));
        assert_eq!(taken(Body::empty(), None).await, (Vec::new(), End::Whole));
        assert_eq!(taken(Body::from("abcd"), Some(3)).await, (Vec::new(), End::Long));
        let second = drip(5, Duration::from_secs(1));
        assert_eq!(taken(second, None).await.1, End::Whole);
        assert_eq!(taken(drip(5, limits::BODY_GAP * 2), None).await.1, End::Slow);
        let (all, end) = taken(drip(1000, Duration::from_secs(10)), None).await;
        assert_eq!(end, End::Slow, "ten bytes now and then hold no place");
        assert!(!all.is_empty(), "what came is kept");
        let cut = stream::iter([Ok(Bytes::from_static(b"ab")), Err(std::io::Error::other("x"))]);
        assert_eq!(taken(Body::from_stream(cut), None).await, (b"ab".to_vec(), End::Cut));
    }

    #[tokio::test]
    async fn it_ends_when_nobody_wants_the_bytes() {
        let (sender, receiver) = mpsc::channel(1);
        drop(receiver);
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![0; 65_536])));
        take(Body::from_stream(endless), None, sender).await;
    }
}
