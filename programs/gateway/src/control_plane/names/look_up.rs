//! One look-up. The hosts file first, then DNS with the time its answers hold, and where that knows
//! nothing the system's own resolver, which may know more than DNS.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, Record};
use tokio::net::lookup_host;
use tokio::time::timeout;
use tombolo_daemon::config::{HostPort, Server};

use super::answers::{Answer, Found, Question};
use super::hosts;

/// For one look-up, however many servers are asked.
const LONGEST: Duration = Duration::from_secs(5);
/// For one query to one server.
const QUERY: Duration = Duration::from_secs(2);
/// What says nothing of how long it holds is looked up again after this: the hosts file and what the
/// system's resolver says.
const UNSAID: Duration = Duration::from_secs(5);
/// An answer holds at least, and at most, for so long, whatever it says.
const SHORTEST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60 * 60);
/// Addresses of one name, and records of one service, that are used; more are left out.
const FOUND_MAX: usize = 256;

/// Looks up what is asked, at most for [`LONGEST`]. `servers` are asked in place of those of the
/// system's configuration, if there are any.
///
/// # Errors
/// Why there is no answer, for people.
pub(super) async fn look_up(question: &Question, servers: &[SocketAddr]) -> Result<Answer, String> {
    let looking = async {
        match question {
            Question::Host(host) => of_host(host, servers).await,
            Question::Service(service) => of_service(service, servers).await,
        }
    };
    let answer = timeout(LONGEST, looking).await;
    let mut answer = answer.unwrap_or_else(|_| Err(format!("no answer within {LONGEST:?}")))?;
    answer.found.sort();
    answer.found.dedup();
    answer.found.truncate(FOUND_MAX);
    answer.lasts = answer.lasts.clamp(SHORTEST, MOST);
    if answer.found.is_empty() { Err("it has no address".to_owned()) } else { Ok(answer) }
}

async fn of_host(host: &HostPort, servers: &[SocketAddr]) -> Result<Answer, String> {
    let (addresses, lasts) = addresses(host.host(), servers).await?;
    let one = |addresses: Vec<SocketAddr>| Found {
        rank: 0,
        written: host.to_string(),
        addresses,
        weight: None,
    };
    let mut all: Vec<SocketAddr> =
        addresses.into_iter().map(|ip| SocketAddr::new(ip, host.port())).collect();
    // Several loopback addresses are one machine, and a server that listens on one of them.
    let found = if all.iter().all(|address| address.ip().is_loopback()) && is_localhost(host.host())
    {
        all.sort();
        all.dedup();
        vec![one(all)]
    } else {
        all.into_iter().map(|address| one(vec![address])).collect()
    };
    Ok(Answer { found, lasts })
}

/// Names that are this machine's by RFC 6761 section 6.3.
fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// The servers of a service (RFC 2782).
async fn of_service(service: &str, servers: &[SocketAddr]) -> Result<Answer, String> {
    let lookup = resolver(servers)?.srv_lookup(service).await.map_err(|error| error.to_string())?;
    let records: Vec<(u16, u16, u16, String)> = lookup
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            RData::SRV(srv) => Some((srv.priority, srv.weight, srv.port, srv.target.to_ascii())),
            _ => None,
        })
        .take(FOUND_MAX)
        .collect();
    let heaviest = records.iter().map(|record| record.1).max().unwrap_or(0);
    let mut answer = Answer { found: Vec::new(), lasts: ttl(lookup.answers()) };
    let mut failed = None;
    for (rank, weight, port, target) in records {
        let host = target.trim_end_matches('.');
        // The root as a target says that there is no such service.
        if host.is_empty() || port == 0 {
            continue;
        }
        // One target without an address does not keep the others from being known.
        let (addresses, lasts) = match addresses(host, servers).await {
            Ok(found) => found,
            Err(error) => {
                failed = failed.or(Some(format!("its target {host}: {error}")));
                answer.lasts = answer.lasts.min(UNSAID);
                continue;
            }
        };
        answer.lasts = answer.lasts.min(lasts);
        answer.found.extend(addresses.into_iter().map(|ip| Found {
            rank,
            written: format!("{host}:{port}"),
            addresses: vec![SocketAddr::new(ip, port)],
            weight: Some(scaled(weight, heaviest)),
        }));
    }
    match failed {
        Some(error) if answer.found.is_empty() => Err(error),
        _ => Ok(answer),
    }
}

/// A weight of an SRV record in the range of ours. 0 is "very small" there (RFC 2782): the least here.
fn scaled(weight: u16, heaviest: u16) -> u32 {
    let (weight, heaviest) = (u32::from(weight), u32::from(heaviest));
    let scaled = if heaviest > Server::WEIGHT_MAX {
        weight.saturating_mul(Server::WEIGHT_MAX).checked_div(heaviest).unwrap_or(1)
    } else {
        weight
    };
    scaled.max(1)
}

/// The addresses of a host, of one family: a machine with both would be two servers.
async fn addresses(host: &str, servers: &[SocketAddr]) -> Result<(Vec<IpAddr>, Duration), String> {
    if is_localhost(host) {
        return Ok((of_system(host).await?, UNSAID));
    }
    let known = hosts::find(host).await;
    if !known.is_empty() {
        return Ok((of_one_family(known), UNSAID));
    }
    match resolver(servers)?.lookup_ip(host).await {
        Ok(lookup) => {
            let lasts = ttl(lookup.as_lookup().answers());
            Ok((of_one_family(lookup.iter().collect()), lasts))
        }
        // Those that were named are asked and no others.
        Err(error) if !servers.is_empty() => Err(error.to_string()),
        Err(error) => match of_system(host).await {
            Ok(addresses) => Ok((of_one_family(addresses), UNSAID)),
            Err(_) => Err(error.to_string()),
        },
    }
}

async fn of_system(host: &str) -> Result<Vec<IpAddr>, String> {
    let found = lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
    Ok(found.map(|address| address.ip()).collect())
}

fn of_one_family(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let has_four = addresses.iter().any(IpAddr::is_ipv4);
    addresses.into_iter().filter(|address| address.is_ipv4() == has_four).collect()
}

/// How long these records hold: as long as the shortest of them.
fn ttl(records: &[Record]) -> Duration {
    let least = records.iter().map(|record| record.ttl).min();
    least.map_or(UNSAID, |seconds| Duration::from_secs(seconds.into()))
}

/// Made for each look-up, so that a change of /etc/resolv.conf is followed, and nothing is kept
/// beyond its time.
fn resolver(servers: &[SocketAddr]) -> Result<TokioResolver, String> {
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio().map_err(|error| format!("/etc/resolv.conf: {error}"))?
    } else {
        let named = servers.iter().map(name_server).collect();
        let config = ResolverConfig::from_parts(None, Vec::new(), named);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
    options.cache_size = 0;
    options.timeout = QUERY;
    options.attempts = 1;
    builder.build().map_err(|error| error.to_string())
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![on_port(ConnectionConfig::udp()), on_port(ConnectionConfig::tcp())];
    NameServerConfig::new(address.ip(), true, connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_records_are_brought_into_range() {
        assert_eq!([0, 5, 10].map(|weight| scaled(weight, 10)), [1, 5, 10]);
        assert_eq!([0, 1, 32_768, 65_535].map(|w| scaled(w, 65_535)), [1, 1, 500, 1000]);
        assert_eq!(scaled(0, 0), 1);
    }

    #[test]
    fn a_host_with_both_families_is_not_two_servers() {
        let of = |texts: &[&str]| {
            of_one_family(texts.iter().map(|text| text.parse().unwrap()).collect()).len()
        };
        assert_eq!(of(&["10.0.0.1", "fd00::1", "10.0.0.2"]), 2);
        assert_eq!(of(&["fd00::1", "fd00::2"]), 2);
    }
}
