//! How many connections one client may have, so that none can take all places.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use tokio::time::Instant;
use tombolo_daemon::clients::{Place, Places};

use crate::limits;

/// Admits connections by the client they are from.
#[derive(Debug)]
pub(crate) struct Admission {
    places: Places,
    gateways: Arc<[IpNet]>,
    /// When it was last told that somebody is refused, and how many were since.
    told: Option<Instant>,
    refused: u64,
}

/// A connection that is admitted; a gateway's takes no client's place.
#[derive(Debug)]
pub(crate) struct Admitted {
    _place: Option<Place>,
}

impl Admission {
    /// So many connections for each client. `gateways` carry the connections of many clients, as
    /// those of this machine do; they have any number.
    pub(crate) fn new(each: usize, gateways: Arc<[IpNet]>) -> Self {
        Self { places: Places::new(each), gateways, told: None, refused: 0 }
    }

    /// Admits a connection of this peer; None when its client has as many as it may have.
    pub(crate) fn admit(&mut self, peer: IpAddr) -> Option<Admitted> {
        let peer = peer.to_canonical();
        if peer.is_loopback() || self.gateways.iter().any(|net| net.contains(&peer)) {
            return Some(Admitted { _place: None });
        }
        let place = self.places.take(peer);
        if place.is_none() {
            self.tell(peer);
        }
        place.map(|place| Admitted { _place: Some(place) })
    }

    /// Tells the log, not more often than it helps.
    fn tell(&mut self, client: IpAddr) {
        self.refused += 1;
        let now = Instant::now();
        if self.told.is_none_or(|told| now >= told + limits::REFUSALS_PAUSE) {
            let refused = std::mem::take(&mut self.refused);
            tracing::warn!(%client, refused, "a client has too many connections, further ones are closed");
            self.told = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_share_and_gateways_have_any_number() {
        let gateways = Arc::from(["10.0.0.0/8".parse().unwrap()]);
        let mut admission = Admission::new(1, gateways);
        let mut admit = |peer: &str| admission.admit(peer.parse().unwrap());
        let held = [admit("2001:db8::1"), admit("192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(admit("2001:db8::2").is_none() && admit("::ffff:192.0.2.1").is_none());
        for gateway in ["127.0.0.1", "::1", "10.1.2.3", "::ffff:10.1.2.3"] {
            let many: Vec<_> = (0..3).map(|_| admit(gateway)).collect();
            assert!(many.iter().all(Option::is_some), "{gateway}");
        }
        drop(held);
        assert!(admit("2001:db8::2").is_some());
    }
}
