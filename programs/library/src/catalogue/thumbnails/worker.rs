//! The child: reads one image, writes one small picture, ends. It gives up all it can before it
//! reads, so that an image that breaks a decoder breaks this process and nothing else.

use std::io::{self, Read, Write};

use super::super::child::give_up_all;
use super::picture::small;
use crate::limits;

/// Works on standard input and output.
///
/// # Errors
/// When it cannot be confined, or its streams fail.
pub(crate) fn run() -> io::Result<()> {
    give_up_all("thumbnail")?;
    let mut bytes = Vec::new();
    io::stdin().lock().take(limits::PICTURE_FILE_BYTES).read_to_end(&mut bytes)?;
    let picture = small(&bytes).map_err(io::Error::other)?;
    let mut out = io::stdout().lock();
    out.write_all(&picture)?;
    out.flush()
}
