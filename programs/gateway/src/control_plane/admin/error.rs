//! Why the admin API cannot be served.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Each says what was being done and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address is not to be had.
    #[error(
        "cannot listen on {listen} for the admin API: {cause}; choose another address with --admin or `admin` in [gateway] (`ss -ltnp` shows what listens where)"
    )]
    Bind {
        /// The address asked for.
        listen: SocketAddr,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The socket is not to be had.
    #[error(
        "cannot listen on the socket {path} for the admin API: {cause}; its folder must be there and writable, the path shorter than 108 bytes, and nothing but a socket may be in its place (`admin_socket` in [gateway])"
    )]
    Socket {
        /// The path asked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Others could reach the admin API, and nothing would keep them out.
    #[error(
        "the admin API on {listen} would be open to every machine that reaches it: name a token file with `admin_token_file` in [gateway], or listen on 127.0.0.1"
    )]
    Unguarded {
        /// The address asked for.
        listen: SocketAddr,
    },
    /// The token file cannot be read.
    #[error(
        "cannot read the admin token from {path}: {cause}; make the file, for example with `head -c 32 /dev/urandom | base64 > {path}`, readable for the user of this program"
    )]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// What the file holds is no token.
    #[error(
        "the admin token in {path} cannot be used: {why}; make one with `head -c 32 /dev/urandom | base64 > {path}`"
    )]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; nothing of the token itself.
        why: &'static str,
    },
}
