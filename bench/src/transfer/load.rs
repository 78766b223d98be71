//! Connections that send or fetch files, each its next one after the last one's end.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::{Case, client::Connection, servers::Protocol};

/// A case with a server.
pub(super) struct Load<'a> {
    pub(super) address: SocketAddr,
    pub(super) protocol: &'a Protocol,
    pub(super) case: Case,
    pub(super) connections: usize,
    pub(super) bytes: u64,
}

/// Connections before the first request.
pub(super) struct Ready {
    connections: Vec<Connection>,
    /// What is fetched.
    target: String,
}

/// What was done.
pub(super) struct Done {
    /// How long each file took, in seconds.
    pub(super) waits: Vec<f64>,
    /// How long it took in all.
    pub(super) seconds: f64,
}

impl Load<'_> {
    /// Connects, and puts the file there that is fetched.
    pub(super) fn prepare(&self) -> Result<Ready> {
        let open = |_| Connection::open(self.address);
        let mut connections = (0..self.connections).map(open).collect::<Result<Vec<_>>>()?;
        let mut target = String::new();
        if self.case == Case::Download {
            let first = connections.first_mut().context("a connection")?;
            target = self.send(first, 0, "fetched")?;
            // Once, so that it lies in the kernel's memory.
            self.fetch(first, 0, &target)?;
        }
        Ok(Ready { connections, target })
    }

    /// Does it for so long. A file that was begun is counted, and the time until its end.
    pub(super) fn run(&self, ready: Ready, time: Duration) -> Result<Done> {
        let start = Instant::now();
        let Ready { connections, target } = ready;
        let each: Vec<Result<Vec<f64>>> = thread::scope(|scope| {
            let target = target.as_str();
            let one = |(number, mut connection): (usize, Connection)| {
                scope.spawn(move || {
                    let mut waits = Vec::new();
                    while start.elapsed() < time {
                        let begun = Instant::now();
                        match self.case {
                            Case::Download => self.fetch(&mut connection, 0, target)?,
                            Case::Upload | Case::Small => {
                                let name = format!("{:?}-{number}-{}", self.case, waits.len());
                                self.send(&mut connection, number, &name)?;
                            }
                        }
                        waits.push(begun.elapsed().as_secs_f64());
                    }
                    Ok(waits)
                })
            };
            let running: Vec<_> = connections.into_iter().enumerate().map(one).collect();
            let ended = |one: thread::ScopedJoinHandle<'_, Result<Vec<f64>>>| {
                one.join().unwrap_or_else(|_| Err(anyhow!("a client panicked")))
            };
            running.into_iter().map(ended).collect()
        });
        let seconds = start.elapsed().as_secs_f64();
        let mut waits = Vec::new();
        for one in each {
            waits.extend(one?);
        }
        Ok(Done { waits, seconds })
    }

    /// Sends a file; where it can be fetched.
    fn send(&self, connection: &mut Connection, number: usize, name: &str) -> Result<String> {
        match self.protocol {
            Protocol::Dav => {
                let target = format!("/files/{name}");
                let answer = connection.ask(&format!("PUT {target} HTTP/1.1\r\n"), self.bytes)?;
                ensure!(answer.status == 201, "a PUT was refused: {answer:?}");
                Ok(target)
            }
            Protocol::Tus { path, tokens } => {
                let user = authorization(tokens, number);
                let create = format!(
                    "POST {path} HTTP/1.1\r\nTus-Resumable: 1.0.0\r\n{user}Upload-Length: {}\r\n",
                    self.bytes
                );
                let kind = "Content-Type: application/offset+octet-stream\r\n";
                if self.case == Case::Small {
                    let answer = connection.ask(&format!("{create}{kind}"), self.bytes)?;
                    ensure!(answer.status == 201, "a creation was refused: {answer:?}");
                    return Ok(String::new());
                }
                let created = connection.ask(&create, 0)?;
                ensure!(created.status == 201, "a creation was refused: {created:?}");
                let upload = created.location.context("an upload without an address")?;
                let add = format!(
                    "PATCH {upload} HTTP/1.1\r\nTus-Resumable: 1.0.0\r\n{user}Upload-Offset: 0\r\n{kind}"
                );
                let added = connection.ask(&add, self.bytes)?;
                ensure!(added.status == 204, "bytes were refused: {added:?}");
                let item = added.item.unwrap_or_default();
                Ok(format!("/library/api/items/{item}/content"))
            }
        }
    }

    fn fetch(&self, connection: &mut Connection, number: usize, target: &str) -> Result<()> {
        let user = match self.protocol {
            Protocol::Dav => String::new(),
            Protocol::Tus { tokens, .. } => authorization(tokens, number),
        };
        let answer = connection.ask(&format!("GET {target} HTTP/1.1\r\n{user}"), 0)?;
        ensure!(answer.status == 200 && answer.length == self.bytes, "not fetched: {answer:?}");
        Ok(())
    }
}

/// The field that says which user a connection is of. Number 0 is the one whose file is fetched.
fn authorization(tokens: &[String], number: usize) -> String {
    let turn = number.checked_rem(tokens.len()).and_then(|turn| tokens.get(turn));
    turn.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"))
}
