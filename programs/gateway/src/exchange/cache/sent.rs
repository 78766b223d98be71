//! What upstream is sent in the fields that the gateway writes itself: by that variants are told apart,
//! not by what the client wrote.

use std::net::IpAddr;

use tombolo_cache::credentials::cookies;
use tombolo_cache::message::Request;
use tombolo_cache::vary::Onward;
use tombolo_http1::FieldId;

use crate::exchange::forwarding::{is_forwarding, write_address};

/// How the fields of one request go upstream.
pub(super) struct Sent<'s> {
    /// The peer of the connection.
    pub(super) peer: IpAddr,
    /// Its forwarding fields are believed, and go on.
    pub(super) trusted: bool,
    /// Name of the cookie that does not go on.
    pub(super) own_cookie: Option<&'s str>,
}

impl Onward for Sent<'_> {
    fn write(&self, request: &Request<'_>, name: &[u8], id: FieldId, out: &mut Vec<u8>) -> bool {
        match id {
            FieldId::Cookie if self.own_cookie.is_some() => self.write_cookies(request, out),
            _ if !is_forwarding(id, name) => return false,
            FieldId::XRealIp if self.trusted && request.has(id) => return false,
            FieldId::XForwardedFor | FieldId::Forwarded | FieldId::XRealIp => {
                self.write_chain(request, id, out);
            }
            // Of a stranger they are not sent, or told as the key has them.
            _ => return !self.trusted,
        }
        true
    }
}

impl Sent<'_> {
    fn write_cookies(&self, request: &Request<'_>, out: &mut Vec<u8>) {
        let own = self.own_cookie.map(str::as_bytes);
        let mut sign = b':';
        for (cookie, name) in request.lines(FieldId::Cookie).flat_map(cookies) {
            if Some(name) != own {
                out.push(sign);
                out.extend_from_slice(cookie);
                sign = b';';
            }
        }
    }

    /// The addresses on the way of the request, of which what is sent is made.
    fn write_chain(&self, request: &Request<'_>, id: FieldId, out: &mut Vec<u8>) {
        let id = if id == FieldId::XRealIp { FieldId::XForwardedFor } else { id };
        out.push(b':');
        for line in request.lines(id).filter(|_| self.trusted) {
            out.extend_from_slice(line);
            out.push(b',');
        }
        write_address(out, self.peer);
    }
}
