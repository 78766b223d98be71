//! One range of content as it is read: exactly as many bytes as were promised, or an error that cuts
//! the connection. A response that is short never looks whole.

use std::io;
use std::ops::Range;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::content::{ByteStream, Content};
use crate::ids::ContentId;

/// A range that is being read.
pub(super) struct Read {
    id: ContentId,
    stream: ByteStream,
    left: u64,
}

impl Read {
    pub(super) fn begin(content: &dyn Content, id: ContentId, range: Range<u64>) -> Self {
        let left = range.end.saturating_sub(range.start);
        Self { id, stream: content.read(&id, range), left }
    }

    /// The next bytes; None once all have come.
    pub(super) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let bytes = match ready!(self.stream.as_mut().poll_next(context)) {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => {
                tracing::error!(content = %self.id, %error, "content cannot be read");
                return Poll::Ready(Some(Err(io::Error::other("content cannot be read"))));
            }
            None => {
                tracing::error!(content = %self.id, missing = self.left,
                    "content is shorter than its row says");
                return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
            }
        };
        // More than was promised would be taken for the next response.
        let Some(left) = self.left.checked_sub(length(&bytes)) else {
            return Poll::Ready(Some(Err(io::ErrorKind::InvalidData.into())));
        };
        self.left = left;
        Poll::Ready(Some(Ok(bytes)))
    }
}

/// How many bytes.
pub(super) fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
