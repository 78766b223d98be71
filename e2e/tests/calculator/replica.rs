//! A replica, and somebody who talks to it line by line.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use tombolo_e2e::{PATIENCE, Tombolo};

/// A replica of this name on a free port.
pub(crate) fn replica(name: &str) -> Tombolo {
    replica_at(name, SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// A replica of this name at an address.
pub(crate) fn replica_at(name: &str, address: SocketAddr) -> Tombolo {
    let listen = address.to_string();
    Tombolo::start(&["serve", "calculator", "--listen", &listen, "--replica", name]).listening()
}

/// One connection.
pub(crate) struct Talk {
    pub(crate) stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Talk {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::try_to(address).unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"))
    }

    pub(crate) fn try_to(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(3 * PATIENCE))?;
        stream.set_write_timeout(Some(3 * PATIENCE))?;
        let reader = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, reader })
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("what is sent is taken");
    }

    /// The next line without its end; None at the end of the stream.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).expect("a line in time");
        let whole = line.strip_suffix('\n');
        assert!(read == 0 || whole.is_some(), "cut off: {line:?}");
        whole.map(str::to_owned)
    }

    /// The next line, or how the connection ended.
    pub(crate) fn try_line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(_) if !line.ends_with('\n') => Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(line.trim_end_matches('\n').to_owned()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn ask(&mut self, request: &str) -> String {
        self.send(format!("{request}\n"));
        self.line().unwrap_or_else(|| panic!("no answer to {request}"))
    }

    /// Says that nothing more comes; all lines until the other side closes as well.
    pub(crate) fn finish(mut self) -> Vec<String> {
        self.stream.shutdown(Shutdown::Write).expect("the stream is there");
        std::iter::from_fn(|| self.line()).collect()
    }
}
