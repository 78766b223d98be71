//! What every child does before it reads what a stranger sent: it gives up all that it can.

use std::io;

use tombolo_confinement::{Resources, confine, limit_resources};
use tombolo_daemon::process_name;

use crate::limits;

/// Limits and confines this process, and gives it its name.
///
/// # Errors
/// When it cannot be confined.
pub(super) fn give_up_all(name: &'static str) -> io::Result<()> {
    // What breaks a decoder is no news.
    std::panic::set_hook(Box::new(|_| {}));
    limit_resources(Resources {
        memory_bytes: limits::THUMBNAILER_MEMORY_BYTES,
        files: 16,
        processor_seconds: Some(limits::THUMBNAILER_SECONDS),
    })?;
    process_name::set(name);
    // The parent tells the log where that is not to be had.
    let _ = confine()?;
    Ok(())
}
