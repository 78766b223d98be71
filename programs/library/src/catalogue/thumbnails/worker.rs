//! The child: reads one image, writes one small picture, ends. It gives up all it can before it
//! reads, so that an image that breaks a decoder breaks this process and nothing else.

use std::io::{self, Read, Write};

use tombolo_confinement::{Resources, confine, limit_resources};
use tombolo_daemon::process_name;

use super::picture::small;
use crate::limits;

/// Works on standard input and output.
///
/// # Errors
/// When it cannot be confined, or its streams fail.
pub(crate) fn run() -> io::Result<()> {
    // What breaks a decoder is no news.
    std::panic::set_hook(Box::new(|_| {}));
    limit_resources(Resources {
        memory_bytes: limits::THUMBNAILER_MEMORY_BYTES,
        files: 16,
        processor_seconds: Some(limits::THUMBNAILER_SECONDS),
    })?;
    process_name::set("thumbnail");
    // The parent tells the log where that is not to be had.
    let _ = confine()?;
    let mut bytes = Vec::new();
    io::stdin().lock().take(limits::PICTURE_FILE_BYTES).read_to_end(&mut bytes)?;
    let picture = small(&bytes).map_err(io::Error::other)?;
    let mut out = io::stdout().lock();
    out.write_all(&picture)?;
    out.flush()
}
