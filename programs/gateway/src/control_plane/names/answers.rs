//! What names stand for, and the servers that follow from it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use tombolo_daemon::config::{self, Config, HostPort, ServerAddress};

use crate::upstream::{Address, Target};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// The addresses of a host, for this port.
    Host(HostPort),
    /// The servers of a service, by its SRV records.
    Service(String),
}

/// A server that was found by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// Lower ranks come first: the priority of SRV records.
    pub(super) rank: u16,
    /// Host and port.
    pub(super) written: String,
    /// Where it listens: several are one server.
    pub(super) addresses: Vec<SocketAddr>,
    /// Its weight by its SRV record, 1 to 1000; none: that of the configuration.
    pub(super) weight: Option<u32>,
}

impl Found {
    /// Where it listens, for the data plane.
    fn places(&self) -> Vec<Address> {
        self.addresses.iter().copied().map(Address::Ip).collect()
    }
}

/// What was found, in an order that does not depend on that of the answer, and for how long it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) found: Vec<Found>,
    pub(super) lasts: Duration,
}

/// The last good answer for each question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(HashMap<Question, Answer>);

impl Answers {
    pub(super) fn get(&self, question: &Question) -> Option<&Answer> {
        self.0.get(question)
    }

    pub(super) fn insert(&mut self, question: Question, answer: Answer) {
        self.0.insert(question, answer);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These, and what is newer.
    pub(in crate::control_plane) fn with(&self, newer: &Self) -> Self {
        let mut all = self.clone();
        all.0.extend(newer.0.iter().map(|(one, answer)| (one.clone(), answer.clone())));
        all
    }

    /// Only those that this configuration asks for.
    pub(in crate::control_plane) fn of(&self, config: &Config) -> Self {
        let known = |question: Question| Some((question.clone(), self.0.get(&question)?.clone()));
        Self(questions(config).into_iter().filter_map(known).collect())
    }

    /// The servers of an upstream, as names stand.
    pub(crate) fn targets(&self, upstream: &config::Upstream) -> Vec<Target> {
        let mut targets = match &upstream.srv {
            Some(service) => self.of_service(service),
            None => upstream.servers.iter().flat_map(|server| self.of_server(server)).collect(),
        };
        targets.truncate(config::Upstream::SERVERS_MAX);
        targets
    }

    fn of_server(&self, server: &config::Server) -> Vec<Target> {
        let known = match &server.address {
            ServerAddress::Host(host) => host.socket_addr().map(Address::Ip),
            ServerAddress::Unix(path) => Some(Address::Unix(path.clone())),
        };
        let question = server.address.name_to_resolve().cloned().map(Question::Host);
        let found = question.and_then(|question| self.0.get(&question));
        let found = found.map(|answer| answer.found.as_slice()).unwrap_or_default();
        let target = |addresses: Vec<Address>| Target {
            written: server.as_written.clone(),
            addresses,
            weight: server.weight,
            rank: 0,
            is_only_one: found.len() < 2,
        };
        if let Some(address) = known {
            return vec![target(vec![address])];
        }
        if found.is_empty() {
            return vec![target(Vec::new())];
        }
        found.iter().map(|one| target(one.places())).collect()
    }

    fn of_service(&self, service: &str) -> Vec<Target> {
        let found = self.0.get(&Question::Service(service.to_owned()));
        let found = found.map(|answer| answer.found.as_slice()).unwrap_or_default();
        if found.is_empty() {
            return vec![Target {
                written: service.to_owned(),
                addresses: Vec::new(),
                weight: 1,
                rank: 0,
                is_only_one: true,
            }];
        }
        let target = |one: &Found| Target {
            written: one.written.clone(),
            addresses: one.places(),
            weight: one.weight.unwrap_or(1),
            rank: one.rank,
            is_only_one: found.iter().filter(|other| other.written == one.written).count() < 2,
        };
        found.iter().map(target).collect()
    }
}

/// Everything that a configuration needs to know.
pub(super) fn questions(config: &Config) -> Vec<Question> {
    let of_upstream = |upstream: &config::Upstream| {
        let hosts = upstream.servers.iter().filter_map(|one| one.address.name_to_resolve());
        let hosts = hosts.cloned().map(Question::Host);
        let services = upstream.srv.clone().map(Question::Service);
        hosts.chain(services).collect::<Vec<_>>()
    };
    config.upstreams.iter().flat_map(of_upstream).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tombolo_daemon::config::{Server, Upstream};

    fn found(written: &str, address: &str) -> Found {
        let addresses = vec![address.parse().unwrap()];
        Found { rank: 0, written: written.into(), addresses, weight: None }
    }

    fn names(answers: &Answers, upstream: &Upstream) -> Vec<(String, u32, usize)> {
        let targets = answers.targets(upstream);
        let told = |one: &Target| (one.written.clone(), one.weight, one.addresses.len());
        targets.iter().map(told).collect()
    }

    #[test]
    fn a_name_is_as_many_servers_as_it_has_addresses_each_of_its_weight() {
        let mut named = Server::new("app.test:80".parse().unwrap());
        named.weight = 3;
        let upstream =
            Upstream::new("app", vec![named, Server::new("10.0.0.9:1".parse().unwrap())]);
        let mut answers = Answers::default();
        let last = ("10.0.0.9:1".to_owned(), 1, 1);
        assert_eq!(names(&answers, &upstream), [("app.test:80".to_owned(), 3, 0), last.clone()]);
        let question = Question::Host("app.test:80".parse().unwrap());
        let found = vec![found("app.test:80", "10.0.0.1:80"), found("app.test:80", "10.0.0.2:80")];
        answers.insert(question, Answer { found, lasts: Duration::ZERO });
        let one = ("app.test:80".to_owned(), 3, 1);
        assert_eq!(names(&answers, &upstream), [one.clone(), one, last]);
        assert!(answers.targets(&upstream).iter().take(2).all(|target| !target.is_only_one));
    }
}
