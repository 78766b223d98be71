//! The gateway's configuration as a cache.

use std::process::Command;

use anyhow::Result;

use super::{STORED_GIB, Setup};
use crate::servers::write_configuration;

/// Where the responses lie, in the server's folder.
pub(crate) const DIRECTORY: &str = "cache";

pub(super) fn command(setup: &Setup<'_>) -> Result<Command> {
    let path = write_configuration(setup.folder, "tombolo.toml", &configuration(setup))?;
    let mut command = Command::new(setup.tombolo);
    command.arg("gateway").arg("-c").arg(path);
    Ok(command)
}

/// `served_by` is off because neither rival names the backend to its clients.
fn configuration(setup: &Setup<'_>) -> String {
    format!(
        "[gateway]\n\
         listen = [\"127.0.0.1:0\"]\n\
         workers = 1\n\
         served_by = false\n\
         \n\
         [access_log]\n\
         stdout = false\n\
         \n\
         [cache]\n\
         dir = \"{}\"\n\
         max_size = \"{STORED_GIB}GiB\"\n\
         memory = \"{}KiB\"\n\
         \n\
         [[upstream]]\n\
         name = \"origin\"\n\
         servers = [\"{}\"]\n\
         \n\
         [[route]]\n\
         path = \"/\"\n\
         upstream = \"origin\"\n\
         cache = true\n",
        setup.folder.join(DIRECTORY).display(),
        setup.memory / 1024,
        setup.origin,
    )
}
