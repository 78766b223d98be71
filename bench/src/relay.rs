//! The bare byte relay: for each client one connection to the target, bytes copied both ways on
//! one thread, nothing parsed. What a proxy cannot beat, except by needing fewer copies.

use std::{io::Write as _, net::SocketAddr};

use anyhow::{Context as _, Result};
use tokio::{
    io::copy_bidirectional_with_sizes,
    net::{TcpListener, TcpStream},
};

/// Buffer for each direction, the size the gateway uses for its own.
const BUFFER_BYTES: usize = 64 * 1024;

/// Command line of the relay.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Address to listen on; port 0 takes a free one and prints it
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the bytes go
    #[arg(long)]
    to: SocketAddr,
}

/// Relays until killed. Prints `listening on http://ADDR` when it listens.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen)
            .await
            .with_context(|| format!("listening on {}", arguments.listen))?;
        println!("listening on http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        loop {
            let (client, _) = listener.accept().await.context("accepting a connection")?;
            let to = arguments.to;
            tokio::spawn(async move {
                if let Err(error) = relay(client, to).await {
                    // Clients that go away in the middle are the end of each measurement.
                    if error.kind() == std::io::ErrorKind::ConnectionRefused {
                        eprintln!("tombolo-bench: connecting to {to}: {error}");
                    }
                }
            });
        }
    })
}

async fn relay(mut client: TcpStream, to: SocketAddr) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut upstream = TcpStream::connect(to).await?;
    upstream.set_nodelay(true)?;
    copy_bidirectional_with_sizes(&mut client, &mut upstream, BUFFER_BYTES, BUFFER_BYTES).await?;
    Ok(())
}
