//! Request methods. Owns their spelling and the properties of RFC 9110 section 9.2.

/// Request method. Names are case-sensitive; any other token is [`Method::Other`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Method {
    /// GET
    #[default]
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
    /// OPTIONS
    Options,
    /// PATCH (RFC 5789)
    Patch,
    /// TRACE
    Trace,
    /// CONNECT
    Connect,
    /// Any other token; its spelling is in the head.
    Other,
}

impl Method {
    /// Reads a method token.
    pub fn from_token(token: &[u8]) -> Self {
        match token {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"OPTIONS" => Self::Options,
            b"PATCH" => Self::Patch,
            b"TRACE" => Self::Trace,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }

    /// Safe: asks for no change on the server (RFC 9110 section 9.2.1).
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace)
    }

    /// Idempotent: repeating it has the effect of doing it once (RFC 9110 section 9.2.2).
    pub fn is_idempotent(self) -> bool {
        self.is_safe() || matches!(self, Self::Put | Self::Delete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_safety_and_idempotence() {
        for (token, method, safe, idempotent) in [
            ("GET", Method::Get, true, true),
            ("HEAD", Method::Head, true, true),
            ("OPTIONS", Method::Options, true, true),
            ("TRACE", Method::Trace, true, true),
            ("PUT", Method::Put, false, true),
            ("DELETE", Method::Delete, false, true),
            ("POST", Method::Post, false, false),
            ("PATCH", Method::Patch, false, false),
            ("CONNECT", Method::Connect, false, false),
            ("BREW", Method::Other, false, false),
            ("Get", Method::Other, false, false),
        ] {
            assert_eq!(Method::from_token(token.as_bytes()), method);
            assert_eq!((method.is_safe(), method.is_idempotent()), (safe, idempotent), "{token}");
        }
    }
}
