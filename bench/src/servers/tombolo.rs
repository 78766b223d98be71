//! The gateway's configuration.

use std::process::Command;

use anyhow::Result;

use super::{LOG, Setup, write_configuration};

pub(super) fn command(setup: &Setup<'_>) -> Result<Command> {
    let configuration = configuration(setup);
    let path = write_configuration(setup.folder, "tombolo.toml", &configuration)?;
    let mut command = Command::new(setup.tombolo);
    command.arg("gateway").arg("-c").arg(path);
    Ok(command)
}

/// `served_by` is off because neither rival names the backend to its clients.
fn configuration(setup: &Setup<'_>) -> String {
    let Setup { workers, origin, .. } = setup;
    let log = if setup.log {
        format!("file = \"{}\"\nformat = \"json\"\n", setup.folder.join(LOG).display())
    } else {
        String::new()
    };
    format!(
        "[gateway]\n\
         listen = [\"127.0.0.1:0\"]\n\
         workers = {workers}\n\
         served_by = false\n\
         \n\
         [access_log]\n\
         stdout = false\n\
         {log}\
         \n\
         [[upstream]]\n\
         name = \"origin\"\n\
         servers = [\"{origin}\"]\n\
         \n\
         [[route]]\n\
         path = \"/\"\n\
         upstream = \"origin\"\n"
    )
}
