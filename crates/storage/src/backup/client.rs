//! How PostgreSQL's own programs are found and told where the server is: through the environment,
//! which other users cannot read, never through the command line, which they can.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::error::BackupError;
use crate::url::DatabaseUrl;

/// A program of PostgreSQL's, for the server at `url`.
pub(super) fn program(name: &str, url: &DatabaseUrl) -> Result<Command, BackupError> {
    let mut command = Command::new(find(name)?);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG")) {
            command.env_remove(name);
        }
    }
    let unreadable = || BackupError::refused(format!("the address {url} cannot be read"));
    command.envs(environment(url.expose()).ok_or_else(unreadable)?);
    Ok(command)
}

/// From the path, else from where Debian keeps them: a folder for each version, the newest one.
fn find(name: &str) -> Result<PathBuf, BackupError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |name: &std::ffi::OsStr| name.to_str().and_then(|name| name.parse::<u32>().ok());
    let mut versions: Vec<_> = versions.map(|version| version.path()).collect();
    versions.sort_by_key(|path| std::cmp::Reverse(path.file_name().and_then(number)));
    let folders = std::env::split_paths(&path).chain(versions.into_iter().map(|v| v.join("bin")));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
        BackupError::refused(format!(
            "{name} is not installed; install PostgreSQL's client programs of the server's version \
             or newer (Debian: apt-get install postgresql-client)"
        ))
    })
}

/// The variables of libpq (PostgreSQL manual, 34.15) that say the same as the address.
fn environment(address: &str) -> Option<Vec<(&'static str, String)>> {
    let url = url::Url::parse(address).ok()?;
    let plain = |text: &str| percent_decoded(text);
    let mut variables = vec![("PGAPPNAME", "tombolo backup".to_owned())];
    let mut set = |name: &'static str, value: String| {
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
    };
    if let Some(host) = url.host_str().filter(|host| !host.is_empty()) {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        set("PGHOST", plain(bare.unwrap_or(host))?);
    }
    if let Some(port) = url.port() {
        set("PGPORT", port.to_string());
    }
    if !url.username().is_empty() {
        set("PGUSER", plain(url.username())?);
    }
    if let Some(password) = url.password() {
        set("PGPASSWORD", plain(password)?);
    }
    let name = url.path().trim_start_matches('/');
    if !name.is_empty() {
        set("PGDATABASE", plain(name)?);
    }
    for (key, value) in url.query_pairs() {
        let name = match &*key {
            "host" => "PGHOST",
            "hostaddr" => "PGHOSTADDR",
            "port" => "PGPORT",
            "user" => "PGUSER",
            "password" => "PGPASSWORD",
            "dbname" => "PGDATABASE",
            "sslmode" | "ssl-mode" => "PGSSLMODE",
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
            "sslcert" | "ssl-cert" => "PGSSLCERT",
            "sslkey" | "ssl-key" => "PGSSLKEY",
            "options" => "PGOPTIONS",
            // Of no meaning to a program that ends at once.
            _ => continue,
        };
        set(name, value.into_owned());
    }
    Some(variables)
}

/// `%XX` decoded; None if that is no text.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(address: &str) -> Vec<(&'static str, String)> {
        let mut variables = environment(address).unwrap();
        variables.retain(|(name, _)| *name != "PGAPPNAME");
        variables
    }

    #[test]
    fn every_part_of_an_address_is_passed_on() {
        let found = of("postgres://ann:a%2Fb@[::1]:5433/chat?sslmode=require");
        let expected = [
            ("PGHOST", "::1"),
            ("PGPORT", "5433"),
            ("PGUSER", "ann"),
            ("PGPASSWORD", "a/b"),
            ("PGDATABASE", "chat"),
            ("PGSSLMODE", "require"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name, value.to_owned())));
        let socket = of("postgres://tombolo@localhost/postgres?host=/run/pg&sslmode=disable");
        assert!(socket.contains(&("PGHOST", "/run/pg".to_owned())), "{socket:?}");
        assert!(!socket.contains(&("PGHOST", "localhost".to_owned())), "{socket:?}");
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text: String) {
            let _ = environment(&text);
            let _ = percent_decoded(&text);
        }
    }
}
