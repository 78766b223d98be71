//! How many purges each client has caused lately: one that causes many does not take the places of
//! others.

use crate::store::settings::{CLIENT_SHARES, CLIENT_WINDOW};

#[derive(Clone, Copy, Default)]
struct Share {
    client: u64,
    /// Microseconds since 1970.
    since: u64,
    taken: u32,
}

/// Counts of the clients of the last seconds, in a table of fixed size: two clients that meet in one
/// place begin to count anew each time. The limit for all of them together holds in any case.
#[derive(Default)]
pub(super) struct Shares {
    places: Vec<Share>,
}

impl Shares {
    /// Counts one more at `now`, in microseconds. False: the client has had its share of `most`.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn take(&mut self, client: u64, now: u64, most: u32) -> bool {
        if self.places.is_empty() {
            self.places.resize(CLIENT_SHARES, Share::default());
        }
        let window = CLIENT_WINDOW.as_micros() as u64;
        let at = client as usize % CLIENT_SHARES;
        let Some(share) = self.places.get_mut(at) else { return false };
        if share.client != client || now.saturating_sub(share.since) > window {
            *share = Share { client, since: now, taken: 0 };
        }
        share.taken = share.taken.saturating_add(1);
        share.taken <= most
    }
}
