//! The admin API: what the gateway does, told to operators and their tools, and purges taken.
//!
//! An ordinary HTTP server on the control plane's runtime: the data plane does not know it. Owns who
//! may ask: with a token file, whoever has the token; without one only this machine, and then no web
//! page that a browser on it shows. Refuses to serve an address that is not loopback without a token.
//!
//! | file | one idea |
//! |---|---|
//! | `server.rs`, `limits.rs` | connections, within bounds |
//! | `router.rs` | the endpoints |
//! | `guard.rs`, `token.rs` | who may ask |
//! | `facts.rs` | what the endpoints can see |
//! | `status.rs`, `scrape.rs` | `GET /api/v1/status`, `GET /metrics` |
//! | `drain.rs` | `POST /api/v1/drain`, `/undrain` |
//! | `reload.rs` | `POST /api/v1/reload` |
//! | `requests.rs`, `rates.rs` | `GET /api/v1/requests`, `GET /api/v1/series` |
//! | `why/` | `GET /api/v1/why` |
//! | `told.rs` | an exchange of the past as JSON |
//! | `console.rs` | the console page |
//! | `purge/` | `POST /api/v1/purge` |
//! | `figures.rs` | `GET /api/v1/figures`: what services tell of themselves |
//! | `query.rs` | reading the parameters of a query |
//! | `orchestration/` | `POST /api/v1/scale`, `/restart`: passed on to `tombolo up` |
//! | `socket.rs` | the same for the gateway's own user |
//! | `body.rs` | reading a small body |
//! | `refusal.rs` | what went wrong, as `application/problem+json` |

mod body;
mod console;
mod deadline;
mod drain;
mod error;
mod facts;
mod figures;
mod guard;
mod limits;
mod orchestration;
mod places;
mod purge;
mod query;
mod rates;
mod refusal;
mod reload;
mod requests;
mod router;
mod scrape;
mod server;
mod socket;
mod status;
mod token;
mod told;
mod why;

#[cfg(test)]
mod tests;

pub use error::AdminError;
pub(crate) use facts::Facts;
pub(crate) use socket::AdminSocket;

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;

use tokio::net::TcpListener;
use tombolo_daemon::config;

use self::guard::Guard;
use self::token::Token;

/// What is said when the control plane does nothing for anybody any more.
fn ending() -> refusal::Refusal {
    let detail = "The gateway is ending; nothing is changed about it any more.";
    refusal::Refusal::new(http::StatusCode::SERVICE_UNAVAILABLE, detail)
}

/// The admin listener, bound and not yet served.
pub(crate) struct Admin {
    listener: TcpListener,
    guard: Guard,
    /// Where it listens, with the port the system chose where 0 was asked for.
    pub(crate) address: SocketAddr,
}

impl Admin {
    /// Reads the token and binds the address.
    ///
    /// # Errors
    /// [`AdminError`]: each says what to do.
    /// `given` is a socket at its address that another process had.
    pub(crate) async fn bind(
        settings: &config::Admin,
        given: Option<std::net::TcpListener>,
    ) -> Result<Self, AdminError> {
        let token = settings.token_file.as_deref().map(Token::read).transpose()?;
        let listen = settings.listen;
        if token.is_none() && !listen.ip().to_canonical().is_loopback() {
            return Err(AdminError::Unguarded { listen });
        }
        let cannot = |cause| AdminError::Bind { listen, cause };
        let listener = match given {
            Some(given) => TcpListener::from_std(given),
            None => tombolo_daemon::listener::listen(listen),
        };
        let listener = listener.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        Ok(Self { listener, guard: Guard::new(token), address })
    }

    /// Its socket, for the process that takes our place.
    pub(crate) fn socket(&self) -> std::io::Result<std::net::TcpListener> {
        Ok(self.listener.as_fd().try_clone_to_owned()?.into())
    }

    /// Answers for as long as it is awaited.
    pub(crate) async fn serve(self, facts: Arc<Facts>) {
        let router = router::router(facts, Arc::new(self.guard));
        server::serve(self.listener, router).await;
    }
}
