//! A connection from its acceptance to its end.

use tokio::net::TcpStream;
use tombolo_daemon::listener::plain;
use tombolo_proxy_protocol::{Header, write};

use super::both::{Both, Ended};
use super::chunk::Chunk;
use super::reach::{Reached, Unreached, reach};
use super::tally::Place;
use crate::data_plane::{Connection, reset_on_close, try_read};

/// Passes a client's connection on to a server, both ways, until it has ended.
pub(crate) async fn serve(mut connection: Connection, client: TcpStream, place: Place) {
    let proxy = &*place.proxy;
    let worker = connection.core.index;
    let mut destination = client.local_addr().ok().map(plain);
    if let Some(proxies) = &proxy.proxies {
        match connection.introduce(&client, proxies, proxy.head).await {
            Some(Header::Proxied { destination: named, .. }) => destination = Some(named),
            Some(Header::Own) => {}
            None => return proxy.tally.refused(worker),
        }
    }
    let Reached { stream, server, .. } = &match reach(&connection, &client, proxy).await {
        Ok(reached) => reached,
        Err(error) => {
            match error {
                Unreached::Full | Unreached::Waited => proxy.tally.refused(worker),
                Unreached::Left => {}
                _ => proxy.tally.unreached(worker),
            }
            let is_ours = !matches!(error, Unreached::Left);
            if is_ours && connection.core.unreached.is_due(connection.core.timers.now()) {
                tracing::warn!(
                    client = %connection.client,
                    %error,
                    "no server of a [[tcp]] could be reached and its client was disconnected (told at most every ten seconds)"
                );
            }
            return reset_on_close(&client);
        }
    };
    tracing::debug!(client = %connection.client, server = %server.name, "connected");
    let mut first = connection.core.chunks.take();
    if let (Some(version), Some(destination)) = (proxy.header, destination) {
        let mut header = Vec::with_capacity(128);
        write(version, connection.client, destination, &mut header);
        first.append(&header);
        // What the client has already sent leaves in the same write.
        first_bytes(&client, &mut first);
    }
    let mut both = Both::new(&connection, proxy, &client, stream, first);
    let ended = both.run().await;
    let (bytes_in, bytes_out) = both.moved();
    tracing::debug!(client = %connection.client, server = %server.name, bytes_in, bytes_out, %ended, "ended");
    if matches!(ended, Ended::Failed(_)) || both.holds_bytes() {
        // What was cut short must not look whole.
        reset_on_close(&client);
        reset_on_close(stream);
    }
}

/// Reads what is there, if anything is; an end or a failure is met again by who reads next.
fn first_bytes(client: &TcpStream, chunk: &mut Chunk) {
    if let Some(count) = try_read(client, chunk.room()) {
        chunk.read(count);
    }
}
