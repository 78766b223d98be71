//! What each service is, as plain data: one entry for each, read by the configuration, by the
//! orchestrator and by the command line.
//!
//! Owned here: the list, and what its entries say. Not owned: how a service works. The programs
//! under `programs/` cannot say this themselves: a configuration is checked, and its schema is
//! written, by `crates/daemon`, which stands below all programs and knows none. So the descriptions
//! stand below both. A further service is a further constant in [`ALL`], beside its program and its
//! subcommand of `tombolo serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its name in the configuration file and after `tombolo serve`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// How it is asked.
    pub protocol: Protocol,
    /// Where clients of the built-in configuration reach it.
    pub entry: Entry,
    /// Whether it runs only where somebody asks for it.
    pub is_optional: bool,
    /// How many replicas there are unless something else is said.
    pub replicas: usize,
    /// The port of its first replica; the others take those that follow.
    pub first_port: u16,
    /// Cookies by which its users are known: for it alone, and not sent to other upstreams.
    pub cookies: &'static [&'static str],
    /// Whether it keeps something in the database of `[storage]`.
    pub has_database: bool,
    /// Whether it keeps something among the objects of `[storage]`.
    pub has_objects: bool,
    /// What a replica is asked for the service's own numbers, which the gateway's console shows.
    pub statistics: Option<&'static str>,
    /// What its command line takes beside `--listen`, `--replica` and where its data is.
    pub arguments: &'static [Argument],
}

/// How a service is asked, and how it shows that it is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP, so that a route can lead to it. It answers `GET /health` as soon as it can serve.
    Http {
        /// What a gateway asks whether it is well.
        health: &'static str,
        /// What a gateway asks whether it can store, if that can be told apart.
        writes: Option<&'static str>,
    },
    /// Lines over TCP.
    Lines {
        /// What it is asked.
        asked: &'static [u8],
        /// What it answers when it is well.
        answer: &'static [u8],
    },
}

/// Where clients of the built-in configuration reach a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Below this path of the gateway.
    Path(&'static str),
    /// At this port, over TCP.
    Port(u16),
    /// Nowhere: who asks it is told its address.
    Nowhere,
}

/// What a service's command line takes besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `--root`: the folder whose files it serves, the key `root`.
    Root,
    /// `--trust` for each network that the gateway trusts: it finds its clients in
    /// `X-Forwarded-For`, behind the gateway's own entries.
    TrustGateways,
    /// `--payments`: by whom its users pay, the key `payments`.
    Payments,
    /// `--payments` and `--webhook`: the secrets that it shares with the library, and where that is
    /// told what happened.
    PaymentEvents,
    /// `--distrust-loopback` unless every way to it names its clients in a PROXY protocol header.
    ClientsInHeader,
}

/// Replicas of a service of which nothing else is said: one may fail while another is replaced.
pub const REPLICAS: usize = 3;

/// The static web application.
pub const SITE: Descriptor = Descriptor {
    name: "site",
    about: "the static web application",
    protocol: Protocol::Http { health: "/health", writes: None },
    entry: Entry::Path("/"),
    is_optional: false,
    replicas: REPLICAS,
    first_port: 9101,
    cookies: &[],
    has_database: false,
    has_objects: false,
    statistics: None,
    arguments: &[Argument::Root],
};

/// The calculator.
pub const CALCULATOR: Descriptor = Descriptor {
    name: "calculator",
    about: "exact arithmetic over TCP",
    protocol: Protocol::Lines { asked: b"PING\n", answer: b"OK pong\n" },
    entry: Entry::Port(7070),
    is_optional: false,
    replicas: REPLICAS,
    first_port: 9201,
    cookies: &[],
    has_database: false,
    has_objects: false,
    statistics: None,
    arguments: &[Argument::ClientsInHeader],
};

/// The group chat.
pub const CHAT: Descriptor = Descriptor {
    name: "chat",
    about: "the group chat",
    protocol: Protocol::Http { health: "/health/reads", writes: Some("/health") },
    entry: Entry::Path("/chat"),
    is_optional: false,
    replicas: REPLICAS,
    first_port: 9301,
    cookies: &[],
    has_database: true,
    has_objects: false,
    statistics: None,
    arguments: &[Argument::TrustGateways],
};

/// The session of the library's page, where it is not sent over TLS.
pub const LIBRARY_COOKIE: &str = "library_session";

/// The same over TLS: browsers take and send a name that begins so over TLS only.
pub const LIBRARY_COOKIE_SECURE: &str = "__Secure-library_session";

/// The library.
pub const LIBRARY: Descriptor = Descriptor {
    name: "library",
    about: "files up and down with resumption",
    protocol: Protocol::Http { health: "/health/reads", writes: Some("/health") },
    entry: Entry::Path("/library"),
    is_optional: false,
    replicas: REPLICAS,
    first_port: 9401,
    cookies: &[LIBRARY_COOKIE, LIBRARY_COOKIE_SECURE],
    has_database: true,
    has_objects: true,
    statistics: Some("/statistics"),
    arguments: &[Argument::TrustGateways, Argument::Payments],
};

/// The payment provider to try the library's plans with.
pub const PAYMENTS_SANDBOX: Descriptor = Descriptor {
    name: "payments-sandbox",
    about: "a payment provider to try things with: no money moves",
    protocol: Protocol::Http { health: "/health", writes: None },
    entry: Entry::Nowhere,
    is_optional: true,
    replicas: 1,
    first_port: 9500,
    cookies: &[],
    has_database: false,
    has_objects: false,
    statistics: None,
    arguments: &[Argument::PaymentEvents],
};

/// Every service, in the order the documentation lists them.
pub static ALL: &[&Descriptor] = &[&SITE, &CALCULATOR, &CHAT, &LIBRARY, &PAYMENTS_SANDBOX];

impl Descriptor {
    /// Whether it is asked by HTTP, so that a route can lead to it.
    #[must_use]
    pub const fn speaks_http(&self) -> bool {
        matches!(self.protocol, Protocol::Http { .. })
    }

    /// Whether its command line takes this.
    #[must_use]
    pub fn takes(&self, argument: Argument) -> bool {
        self.arguments.contains(&argument)
    }

    /// Where its first replica listens unless something else is said.
    #[must_use]
    pub const fn first_address(&self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.first_port)
    }
}

/// The service of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Descriptor> {
    ALL.iter().copied().find(|one| one.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_services_meet() {
        let names: HashSet<_> = ALL.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), ALL.len());
        let mut ports = HashSet::new();
        for one in ALL {
            assert_eq!(named(one.name), Some(*one));
            let replicas = u16::try_from(one.replicas).unwrap();
            let own = (one.first_port..one.first_port + replicas).chain(match one.entry {
                Entry::Port(port) => Some(port),
                Entry::Path(_) | Entry::Nowhere => None,
            });
            assert!(own.into_iter().all(|port| ports.insert(port)), "{}", one.name);
        }
    }

    #[test]
    fn services_by_path_speak_http() {
        for one in ALL {
            let is_by_port = matches!(one.entry, Entry::Port(_));
            assert_eq!(one.speaks_http(), !is_by_port, "{}", one.name);
        }
    }
}
