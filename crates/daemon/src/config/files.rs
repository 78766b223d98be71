//! Files and folders that a configuration names: whether this user could open them, found out
//! without making or changing any.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use rustix::fs::{Access, access};
use tombolo_cache::store::examine;

use super::mistake::{Kind, Mistake, Mistakes};
use super::{AccessLog, Config, StateFile};

/// Looks at every file and folder that `config` names. `name` is what mistakes call its file. Paths
/// are relative to the directory that this process runs in; defaults that no file says are left out.
///
/// # Errors
/// Each that cannot be opened, and why.
pub fn check_files(name: &str, config: &Config) -> Result<(), Mistakes> {
    let mut found = Vec::new();
    let mut look = |key: &str, path: &Path, outcome: io::Result<()>, hint: &str| {
        if let Err(error) = outcome {
            found.push(Mistake {
                kind: Kind::File,
                words: format!("{key} {:?} cannot be opened: {error}", path.display().to_string()),
                hint: hint.to_owned(),
                file: name.to_owned(),
                spot: None,
                related: None,
            });
        }
    };
    let usual = AccessLog::default();
    if let Some(path) = config.access_log.file.as_deref().filter(|_| config.access_log != usual) {
        look("access_log.file", path, appended(path), WRITTEN);
    }
    if let Some(path) = config.gateway.admin.as_ref().and_then(|one| one.token_file.as_deref()) {
        let hint = "create it with the token in it, readable for the user that the gateway runs as";
        look("gateway.admin_token_file", path, tombolo_files::open_readable(path).map(drop), hint);
    }
    if let StateFile::At(path) = &config.gateway.state_file {
        look("gateway.state_file", path, appended(path), WRITTEN);
    }
    if let Some(cache) = &config.cache {
        let usable = made(&cache.dir).and_then(|()| examine(&cache.dir));
        look("cache.dir", &cache.dir, usable, WRITTEN);
    }
    for root in config.services.iter().filter_map(|service| service.root.as_deref()) {
        let hint = "name a folder with the files to serve";
        look("service.root", root, fs::read_dir(root).map(drop), hint);
    }
    Mistakes::of_files(found).map_or(Ok(()), Err)
}

const WRITTEN: &str =
    "create its folder, writable for the user that the program runs as, or name another";

/// Whether lines could be added to this file.
fn appended(path: &Path) -> io::Result<()> {
    match OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            writable(folder.unwrap_or(Path::new(".")))
        }
        opened => opened.map(drop),
    }
}

/// Whether this folder is there to be written to, or could be made.
fn made(folder: &Path) -> io::Result<()> {
    let there = folder.ancestors().find(|folder| folder.exists());
    writable(there.filter(|there| !there.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

fn writable(folder: &Path) -> io::Result<()> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Overrides, parse};
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let nothing: BTreeMap<String, String> = BTreeMap::new();
        let text = format!("{text}\n[[upstream]]\nname = \"a\"\nservers = [\"a:1\"]\n");
        let config = parse(&text, "t.toml", &nothing, &Overrides::default()).unwrap();
        check_files("t.toml", &config).map_or_else(
            |mistakes| mistakes.iter().map(ToString::to_string).collect(),
            |()| Vec::new(),
        )
    }

    #[test]
    fn what_cannot_be_opened_is_told_and_nothing_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(folder.path().join("file"), "x").unwrap();
        let bad = format!(
            "[gateway]\nadmin = \"127.0.0.1:0\"\nadmin_token_file = \"{}\"\nstate_file = \"{}\"\n\
             [access_log]\nfile = \"{}\"\n[cache]\ndir = \"{}\"\n[[service]]\nname = \"site\"\nroot = \"{}\"\n\
             [[route]]\nupstream = \"a\"",
            path("no/token"),
            path("no/state"),
            path("no/access.log"),
            path("file/cache"),
            path("no"),
        );
        let told_of = told(&bad);
        for key in
            ["admin_token_file", "state_file", "access_log.file", "cache.dir", "service.root"]
        {
            assert!(told_of.iter().any(|line| line.contains(key)), "{key}: {told_of:?}");
        }
        assert_eq!(told_of.len(), 5, "{told_of:?}");
        let good = format!(
            "[gateway]\nstate_file = \"{}\"\n[access_log]\nfile = \"{}\"\n[cache]\ndir = \"{}\"",
            path("state"),
            path("file"),
            path("deep/cache"),
        );
        assert_eq!(told(&good), Vec::<String>::new());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
    }
}
