//! The address of a database, and how it may be shown: never with its password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::Error;
use crate::limits;

/// Which kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file, shared by the processes of one machine.
    Sqlite,
    /// A server, shared by several machines.
    Postgres,
}

/// A checked address: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME`.
///
/// Shown without the password; [`DatabaseUrl::expose`] gives it whole.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    written: String,
    engine: Engine,
}

const FORMS: &str = "write sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME";

impl DatabaseUrl {
    /// The environment variable that holds one for a program that is not told on its command line.
    pub const VARIABLE: &'static str = "TOMBOLO_DATABASE";

    /// The address of a SQLite file.
    #[must_use]
    pub fn of_file(path: &Path) -> Self {
        Self { written: format!("sqlite:{}", path.display()), engine: Engine::Sqlite }
    }

    /// Which kind of database it names.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The whole address, password and all: for the program that connects, and nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.written
    }

    /// The file of a SQLite database.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        (self.engine == Engine::Sqlite).then(|| sqlite_path(&self.written).into())
    }
}

/// `sqlite:a/b`, `sqlite:/a/b`, `sqlite://a/b` and `sqlite:///a/b` are all in use.
fn sqlite_path(written: &str) -> &str {
    let rest = written.strip_prefix("sqlite:").unwrap_or_default();
    rest.strip_prefix("//").unwrap_or(rest)
}

impl FromStr for DatabaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |words: String| Err(Error::Url { words });
        if text.len() > limits::URL_BYTES {
            return refuse(format!("the address has more than {} bytes", limits::URL_BYTES));
        }
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        let engine = match scheme {
            Some("sqlite") => Engine::Sqlite,
            Some("postgres" | "postgresql") => Engine::Postgres,
            // What stands there may be a password; it is not repeated.
            _ => return refuse(format!("this is no address of a database; {FORMS}")),
        };
        match engine {
            Engine::Sqlite => match sqlite_path(text) {
                "" => return refuse("the path of the file is missing; write sqlite:PATH".into()),
                path if path.contains([':', '?']) => {
                    return refuse(
                        "a path with ':' or '?', or a database in memory, cannot be shared by \
                         replicas; write sqlite:PATH"
                            .into(),
                    );
                }
                path if path.contains('\0') => return refuse("the path holds a NUL".into()),
                _ => {}
            },
            Engine::Postgres => {
                // The parser's own words could repeat a part of the password.
                if !text.contains("://") || PgConnectOptions::from_str(text).is_err() {
                    return refuse(
                        "this address of a PostgreSQL database cannot be read; write \
                         postgres://USER:PASSWORD@HOST:PORT/NAME, with %XX for what is special \
                         in user and password"
                            .into(),
                    );
                }
            }
        }
        Ok(Self { written: text.to_owned(), engine })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.engine {
            Engine::Sqlite => out.write_str(&self.written),
            Engine::Postgres => match PgConnectOptions::from_str(&self.written) {
                Ok(options) => {
                    let (user, port) = (options.get_username(), options.get_port());
                    let name = options.get_database().unwrap_or_default();
                    match options.get_socket() {
                        // As libpq names the socket.
                        Some(folder) => {
                            let folder = folder.display();
                            write!(out, "postgres://{user}@/{name} ({folder}/.s.PGSQL.{port})")
                        }
                        None => {
                            write!(out, "postgres://{user}@{}:{port}/{name}", options.get_host())
                        }
                    }
                }
                Err(_) => out.write_str("postgres://***"),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_are_read() {
        for (text, path) in [
            ("sqlite:data/tombolo.db", "data/tombolo.db"),
            ("sqlite:/var/tombolo.db", "/var/tombolo.db"),
            ("sqlite:///var/tombolo.db", "/var/tombolo.db"),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.file(), Some(path.into()), "{text}");
        }
        let url: DatabaseUrl = "postgres://ann:secret@db:5433/chat".parse().unwrap();
        assert_eq!((url.engine(), url.file()), (Engine::Postgres, None));
    }

    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "postgres://ann:secret@db:5433/chat",
            "postgresql://ann@db:5433/chat?password=secret&sslmode=disable",
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), "postgres://ann@db:5433/chat");
            assert!(!format!("{url:?}").contains("secret"));
            assert_eq!(url.expose(), text);
        }
        for bad in ["postgres://ann:secret@db:port/chat", "secret", "mysql://ann:secret@db/x"] {
            let words = bad.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(!words.contains("secret") && words.contains("postgres://"), "{words}");
        }
    }

    #[test]
    fn sockets_and_ipv6_are_shown_as_they_are() {
        let socket: DatabaseUrl = "postgres://ann@%2Frun%2Fpg:5433/chat".parse().unwrap();
        assert_eq!(socket.to_string(), "postgres://ann@/chat (/run/pg/.s.PGSQL.5433)");
        let ipv6: DatabaseUrl = "postgres://ann:secret@[::1]:5433/chat".parse().unwrap();
        assert_eq!(ipv6.to_string(), "postgres://ann@[::1]:5433/chat");
    }

    #[test]
    fn what_replicas_cannot_share_is_refused() {
        for bad in ["sqlite::memory:", "sqlite:", "sqlite:a?mode=memory", "postgres:db", ""] {
            assert!(bad.parse::<DatabaseUrl>().is_err(), "{bad}");
        }
    }
}
