//! What a server is made of: one place to connect to. The control plane makes these of what the
//! configuration names and of what names stand for just now; nothing else of the data plane knows
//! that there are names.

use super::Address;

/// One place to connect to, and its part of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The host and port, or the path, by which it was found.
    pub(crate) written: String,
    /// Where it listens; several only where a name means this machine. Empty: its name does not
    /// resolve.
    pub(crate) addresses: Vec<Address>,
    /// 1 to 1000.
    pub(crate) weight: u32,
    /// Servers of a higher rank get requests only while none of a lower one is up.
    pub(crate) rank: u16,
    /// No other target has been found by the same host and port, or path.
    pub(crate) is_only_one: bool,
}

impl Target {
    /// What it is called in logs, the status and `X-Served-By`.
    pub(super) fn name(&self) -> String {
        match self.addresses.first() {
            Some(Address::Ip(address)) if !self.is_only_one => {
                format!("{}/{}", self.written, address.ip())
            }
            _ => self.written.clone(),
        }
    }
}
