//! What an upstream or a route says of an exchange where `[gateway.timeouts]` and `[gateway.limits]`
//! say another thing: `timeouts` and `limits` of an `[[upstream]]` or a `[[route]]`.
//!
//! What a route says holds over what its upstream says, and that over what the gateway says, key by
//! key.

use std::time::Duration;

use tombolo_services::Descriptor;

/// How long an exchange may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExchangeTimeouts {
    /// For a connection to a server to be made.
    pub connect: Option<Duration>,
    /// From the request's end to the first byte of the answer, for each server that is tried.
    pub first_byte: Option<Duration>,
    /// From the first server that is asked to the first byte of an answer, over all tries. None
    /// anywhere: the greater of `first_byte` here and in `[gateway.timeouts]`.
    pub total: Option<Duration>,
    /// Between two pieces of a body, for whoever is to send or take it.
    pub body_gap: Option<Duration>,
    /// That a client may take nothing of a response while nobody needs its place.
    pub client_stall: Option<Duration>,
    /// Without a byte in either direction of an upgraded connection, or from the server of an event
    /// stream.
    pub tunnel_idle: Option<Duration>,
}

/// How much of an exchange is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExchangeLimits {
    /// Bytes of a request body; 0 for no limit.
    pub body_bytes: Option<u64>,
    /// Bytes of the trailer section after a chunked request body.
    pub trailer_bytes: Option<usize>,
    /// Interim (1xx) responses to one request.
    pub interim_responses: Option<usize>,
    /// Servers tried for one request once bytes of it were sent.
    pub attempts: Option<usize>,
    /// Bytes a second that a client has to move of a body, over `body_gap`; 0 for any.
    pub client_rate: Option<u64>,
}

impl ExchangeLimits {
    /// What holds for a service unless the file says otherwise: one that keeps files says itself how
    /// large they may be.
    #[must_use]
    pub fn of_service(service: &Descriptor) -> Self {
        Self { body_bytes: service.has_objects.then_some(0), ..Self::default() }
    }
}

impl ExchangeTimeouts {
    /// These, and what they leave open as `other` says it.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            connect: self.connect.or(other.connect),
            first_byte: self.first_byte.or(other.first_byte),
            total: self.total.or(other.total),
            body_gap: self.body_gap.or(other.body_gap),
            client_stall: self.client_stall.or(other.client_stall),
            tunnel_idle: self.tunnel_idle.or(other.tunnel_idle),
        }
    }

    /// Each key that is said, by its name.
    pub fn said(&self) -> impl Iterator<Item = (&'static str, Duration)> + use<> {
        let Self { connect, first_byte, total, body_gap, client_stall, tunnel_idle } = *self;
        [
            ("connect", connect),
            ("first_byte", first_byte),
            ("total", total),
            ("body_gap", body_gap),
            ("client_stall", client_stall),
            ("tunnel_idle", tunnel_idle),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl ExchangeLimits {
    /// These, and what they leave open as `other` says it.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            body_bytes: self.body_bytes.or(other.body_bytes),
            trailer_bytes: self.trailer_bytes.or(other.trailer_bytes),
            interim_responses: self.interim_responses.or(other.interim_responses),
            attempts: self.attempts.or(other.attempts),
            client_rate: self.client_rate.or(other.client_rate),
        }
    }

    /// Each key that is said, by its name.
    pub fn said(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let Self { body_bytes, trailer_bytes, interim_responses, attempts, client_rate } = *self;
        let wide = |value: Option<usize>| value.map(|value| value as u64);
        [
            ("body_bytes", body_bytes),
            ("trailer_bytes", wide(trailer_bytes)),
            ("interim_responses", wide(interim_responses)),
            ("attempts", wide(attempts)),
            ("client_rate", client_rate),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}
