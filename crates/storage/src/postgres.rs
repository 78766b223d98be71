//! Connections to a PostgreSQL server: one round trip of settings, checked, each time.

use std::str::FromStr;
use std::sync::Once;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Executor, Row};

use crate::error::Error;
use crate::history::{self, history_columns};
use crate::url::DatabaseUrl;

/// How to connect. `service` is what the server's lists of connections show.
pub(crate) fn options(url: &DatabaseUrl, service: &str) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url.expose())
        .map_err(|_| Error::Url { words: "the address cannot be read".to_owned() })?;
    // The parser leaves the brackets of an IPv6 address on, and the resolver does not know them.
    let bare = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let options = match bare.map(str::to_owned) {
        Some(bare) => options.host(&bare),
        None => options,
    };
    // The driver's own words about slow statements repeat them; what is slow is told by deadlines.
    let options = options.disable_statement_logging();
    // Whether it arrives tells whether the server itself is at the other end (see `settings`).
    Ok(options.application_name(&format!("tombolo {service}")).options([("tombolo.direct", "1")]))
}

/// The settings of a connection, and what has to be known about it, in one round trip.
///
/// - `synchronous_commit`: always set, since a value of the server's configuration would follow
///   that when it is changed. `on`, or `remote_apply` where the server has it, which promises more.
/// - No `statement_timeout` for writers: PostgreSQL answers a commit that was cancelled while it
///   waited for a standby as if the standby had it (`SyncRepWaitForLSN`). Waits for locks and for
///   the next statement are bounded, and work whose client has gone is ended
///   (`client_connection_check_interval`, since PostgreSQL 14).
/// - Isolation `read committed`, whatever the server's default: what locks rows counts on that.
/// - Keepalive and `tcp_user_timeout` on the server's side: a replica that vanished leaves no lock.
///   On this side each wait has a deadline of its own, which is stricter.
macro_rules! settings {
    ($statement_timeout:literal) => {
        concat!(
            "SELECT count(set_config(name, CASE
                WHEN name = 'synchronous_commit' AND setting = 'remote_apply' THEN setting
                ELSE value END, false)) AS done,
                current_setting('fsync') AS fsync,
                COALESCE(current_setting('tombolo.direct', true), '') AS direct, ",
            history_columns!(),
            "
            FROM pg_settings JOIN (VALUES
                ('synchronous_commit', 'on'),
                ('statement_timeout', '",
            $statement_timeout,
            "'),
                ('default_transaction_isolation', 'read committed'),
                ('lock_timeout', '4s'),
                ('idle_in_transaction_session_timeout', '5s'),
                ('client_connection_check_interval', '2s'),
                ('tcp_keepalives_idle', '15'),
                ('tcp_keepalives_interval', '5'),
                ('tcp_keepalives_count', '3'),
                ('tcp_user_timeout', '20s')) AS wanted (name, value) USING (name)"
        )
    };
}

/// Connects; the settings hold when it returns. Tells the server's history too.
pub(crate) async fn connect(
    options: &PgConnectOptions,
    writes: bool,
) -> Result<(PgConnection, String), Error> {
    let mut connection = options.connect().await.map_err(Error::connecting)?;
    let settings = if writes { settings!("0") } else { settings!("10s") };
    // As a plain text: one round trip, and no prepared statement is left.
    let row = connection.fetch_one(settings).await.map_err(Error::connecting)?;
    let fsync: String = row.try_get("fsync").map_err(Error::driver)?;
    let direct: String = row.try_get("direct").map_err(Error::driver)?;
    if direct != "1" {
        return Err(Error::Pooler);
    }
    if fsync != "on" {
        SAID_FSYNC.call_once(|| {
            tracing::warn!(
                "PostgreSQL runs with fsync = off: a power failure may lose what it acknowledged"
            );
        });
    }
    let system: String = row.try_get("system").map_err(Error::driver)?;
    let timeline: String = row.try_get("timeline").map_err(Error::driver)?;
    Ok((connection, history::of_server(&system, &timeline)))
}

/// Said once, not for each connection.
static SAID_FSYNC: Once = Once::new();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_given_to_the_resolver_without_brackets() {
        for (url, host) in [
            ("postgres://ann@[::1]:5433/chat", "::1"),
            ("postgres://ann@127.0.0.1/chat", "127.0.0.1"),
            ("postgres://ann@db.example.org/chat", "db.example.org"),
        ] {
            let options = options(&url.parse().unwrap(), "test").unwrap();
            assert_eq!(options.get_host(), host, "{url}");
        }
    }
}
