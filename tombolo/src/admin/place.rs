//! Where a gateway's admin API answers: an address or a Unix socket; and where it is looked for when
//! the command line does not say.

use std::fmt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tombolo_daemon::config::HostPort;

use crate::address;

/// The folder of `tombolo up` when its `--data` is not given.
pub(super) const DATA: &str = "tombolo-data";
/// Where the socket of `up` lies in its data folder.
const SOCKET_OF_UP: &str = "run/gateway.sock";
/// The socket of a gateway that the service manager runs.
const SOCKET_OF_SYSTEM: &str = "/run/tombolo/gateway.sock";
/// Where the admin API listens unless the configuration says otherwise.
const PORT: u16 = 8081;

/// Where an admin API answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Over TCP.
    Address(HostPort),
    /// A Unix socket: whoever may connect needs no token.
    Socket(PathBuf),
}

impl Place {
    /// The places to try, best first: the socket of the `up` with this data folder, that of the
    /// system's gateway, the usual address. A socket counts if it is ours or root's: a token must
    /// not go to a stranger's.
    pub(super) fn likely(data: &Path) -> Vec<Place> {
        let sockets = [data.join(SOCKET_OF_UP), PathBuf::from(SOCKET_OF_SYSTEM)];
        let sockets = sockets.into_iter().filter(|path| is_trusted_socket(path));
        let usual = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, PORT));
        sockets.map(Place::Socket).chain([Place::Address(usual.into())]).collect()
    }
}

fn is_trusted_socket(path: &Path) -> bool {
    let ours = [0, rustix::process::geteuid().as_raw()];
    std::fs::symlink_metadata(path)
        .is_ok_and(|it| it.file_type().is_socket() && ours.contains(&it.uid()))
}

impl FromStr for Place {
    type Err = String;

    /// Reads `unix:PATH`, a path with a slash, or what [`address::ask`] reads.
    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("unix:").or_else(|| {
            (text.starts_with('/') || text.starts_with("./") || text.ends_with(".sock"))
                .then_some(text)
        });
        match path {
            Some("") => {
                Err("the path of the socket is missing (example: unix:/run/tombolo/gateway.sock)"
                    .to_owned())
            }
            Some(path) => Ok(Place::Socket(PathBuf::from(path))),
            None => address::ask(text).map(Place::Address),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Address(address) => address.fmt(f),
            Place::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_sockets_are_read_and_written() {
        for (text, written) in [
            ("8081", "127.0.0.1:8081"),
            ("http://gateway.example:8081/", "gateway.example:8081"),
            ("unix:run/gateway.sock", "unix:run/gateway.sock"),
            ("/run/a", "unix:/run/a"),
            ("./a", "unix:./a"),
            ("gateway.sock", "unix:gateway.sock"),
        ] {
            let place = text.parse::<Place>().map(|place| place.to_string());
            assert_eq!(place, Ok(written.to_owned()), "{text}");
        }
        for text in ["", "unix:", "host", "https://a:1"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_socket_of_ours_goes_before_the_usual_address() {
        let data = tempfile::tempdir().unwrap();
        let usual = || Place::likely(data.path()).pop().map(|place| place.to_string());
        let first = || Place::likely(data.path()).first().cloned();
        let path = data.path().join(SOCKET_OF_UP);
        std::fs::create_dir(data.path().join("run")).unwrap();
        std::fs::write(&path, "no socket").unwrap();
        assert_ne!(first(), Some(Place::Socket(path.clone())));
        std::fs::remove_file(&path).unwrap();
        let _listening = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert_eq!(first(), Some(Place::Socket(path)));
        assert_eq!(usual().as_deref(), Some("127.0.0.1:8081"));
    }
}
