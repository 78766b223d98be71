//! Ctrl+C and SIGTERM: the servers end with this process, but its folder would stay.

use std::{io, path::PathBuf, thread};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit code of a program that a signal ended: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;
/// How often removing the folder is tried.
const TRIES: u32 = 20;

/// From now on a signal removes `folder` before it ends this process.
///
/// # Errors
/// When the system has no room for a signal handler.
pub(crate) fn remove_on_signal(folder: PathBuf) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::spawn(move || {
        runtime.block_on(either(&mut interrupt, &mut terminate));
        eprintln!("tombolo-bench: interrupted");
        // A server that is just being started may put a file into it meanwhile.
        let removed = (0..TRIES).any(|_| std::fs::remove_dir_all(&folder).is_ok());
        if !removed && folder.exists() {
            eprintln!("tombolo-bench: remove {} by hand", folder.display());
        }
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
