//! Replicas of the calculator behind a gateway's TCP balancing, as people run them.

use std::net::SocketAddr;
use std::sync::Mutex;

use tombolo_e2e::{Client, Tombolo};

use crate::replica::{replica, replica_at};

/// A gateway, and the replicas behind it.
pub(crate) struct Front {
    gateway: Tombolo,
    admin: SocketAddr,
    replicas: Mutex<Vec<Tombolo>>,
}

impl Front {
    /// So many replicas behind a gateway.
    pub(crate) fn before(count: usize) -> Self {
        let replicas: Vec<_> = (1..=count).map(|n| replica(&format!("calculator-{n}"))).collect();
        let servers: Vec<_> = replicas.iter().map(|it| it.address().to_string()).collect();
        let gateway = Tombolo::tcp_gateway(&format!(
            "[gateway]\nadmin = \"127.0.0.1:0\"\n[[upstream]]\nname = \"calculator\"\n\
             servers = {servers:?}\n[[tcp]]\nlisten = [\"127.0.0.1:0\"]\nupstream = \"calculator\"\n"
        ));
        let admin = gateway.admin();
        Self { gateway, admin, replicas: Mutex::new(replicas) }
    }

    /// Where clients find the calculator.
    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.tcp_address()
    }

    /// Kills a replica (-9) and starts another in its place.
    pub(crate) fn kill(&self, index: usize) {
        let mut replicas = self.replicas.lock().unwrap();
        let dying = &mut replicas[index];
        let address = dying.address();
        dying.kill();
        *dying = replica_at(&format!("calculator-{}", index + 1), address);
    }

    /// How much the replicas have answered, in bytes, by the gateway's own count.
    pub(crate) fn answered_bytes(&self) -> u64 {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", self.admin);
        let text = Client::connect(self.admin).exchange(request).text();
        let line = text.lines().find_map(|line| line.strip_prefix("tombolo_tcp_out_bytes_total{"));
        let value = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("no count of bytes in {text}")) as u64
    }
}
