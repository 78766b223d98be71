//! The ceiling of a cache: a loop that answers every read with the same bytes. One read and one
//! write for each request, nothing parsed, nothing looked up.

use std::{io::Write as _, net::SocketAddr, rc::Rc};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::LocalSet,
};

/// What one read takes at most: a request of the load, which sends one at a time.
const READ_BYTES: usize = 4 * 1024;

/// Command line of the ceiling.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Address to listen on; port 0 takes a free one and prints it
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Bytes of the body
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(..=64 * 1024 * 1024))]
    body: u32,
}

/// Answers until killed. Prints `listening on http://ADDR` when it listens.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let answer: Rc<[u8]> = answer(arguments.body as usize).into();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind(arguments.listen)
            .await
            .with_context(|| format!("listening on {}", arguments.listen))?;
        println!("listening on http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        loop {
            let (client, _) = listener.accept().await.context("accepting a connection")?;
            // Clients that go away in the middle are the end of each measurement.
            let serving = serve(client, Rc::clone(&answer));
            drop(tokio::task::spawn_local(async move { drop(serving.await) }));
        }
    })
}

async fn serve(mut client: TcpStream, answer: Rc<[u8]>) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut buffer = [0_u8; READ_BYTES];
    while client.read(&mut buffer).await? > 0 {
        client.write_all(&answer).await?;
    }
    Ok(())
}

/// The fields a cache sends with a hit, so that as many bytes leave.
fn answer(body: usize) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\n\
         Server: origin\r\n\
         Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         ETag: {}\r\n\
         Cache-Control: {}\r\n\
         Content-Length: {body}\r\n\
         Age: 10\r\n\
         Via: 1.1 constant\r\n\
         X-Request-Id: 0123456789abcdef0123456789abcdef\r\n\
         Cache-Status: constant; hit; ttl=863990\r\n\r\n",
        crate::origin::ETAG,
        crate::origin::MAX_AGE,
    )
    .into_bytes();
    bytes.extend_from_slice(&crate::origin::body(body));
    bytes
}
