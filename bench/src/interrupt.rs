//! Ctrl+C and SIGTERM: the servers end with this process, but its folder would stay.

use std::{io, path::PathBuf, thread};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit code of a program that a signal ended: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

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
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            eprintln!("tombolo-bench: remove {} by hand: {error}", folder.display());
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
