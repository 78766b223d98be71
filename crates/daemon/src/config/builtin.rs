//! The configurations there are without a file.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tombolo_services::{ALL, Argument, Entry};

use super::cache::Caching;
use super::{
    Admin, Config, ExchangeLimits, Gateway, HealthCheck, Overrides, Payments, ProxyProtocol, Route,
    Server, Service, Tcp, Upstream,
};

/// What `tombolo up` runs without a file: the gateway on 127.0.0.1:8080, its admin listener on
/// 127.0.0.1:8081, and behind it the replicas of every service, below a path of their own or, over
/// TCP, at a port of their own.
#[must_use]
pub fn builtin_up(overrides: &Overrides) -> Config {
    let wanted = ALL.iter().filter(|kind| !kind.is_optional || overrides.payments_sandbox);
    let mut services: Vec<Service> = wanted.map(|kind| Service::new(kind)).collect();
    if overrides.payments_sandbox {
        let library = services.iter_mut().find(|service| service.kind.takes(Argument::Payments));
        library.into_iter().for_each(|library| library.payments = Some(Payments::Sandbox));
    }
    let upstream = |(index, service): (usize, &Service)| {
        let addresses = (0..service.replicas).filter_map(|index| service.address(index));
        let servers = addresses.map(|address| Server::new(address.into())).collect();
        let health = Some(HealthCheck::of_service(service.kind));
        let limits = ExchangeLimits::of_service(service.kind);
        let upstream = Upstream::new(service.kind.name, servers);
        Upstream { service: Some(index), health, limits, ..upstream }
    };
    let (mut routes, mut tcp) = (Vec::new(), Vec::new());
    for (index, service) in services.iter().enumerate() {
        match service.kind.entry {
            Entry::Path(path) => {
                routes.push(Route { path: path.to_owned(), ..Route::everything(index) });
            }
            Entry::Port(port) => {
                let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
                // So that each of its clients has turns of its own.
                let proxy_protocol_out = Some(ProxyProtocol::V2);
                tcp.push(Tcp { proxy_protocol_out, ..Tcp::new(vec![listen], index) });
            }
            Entry::Nowhere => {}
        }
    }
    let admin = Admin { listen: Admin::DEFAULT_LISTEN, token_file: None };
    let mut config = Config {
        gateway: Gateway { admin: Some(admin), ..Gateway::default() },
        upstreams: services.iter().enumerate().map(upstream).collect(),
        routes,
        tcp,
        services,
        ..Config::default()
    };
    overrides.apply(&mut config, Caching::default());
    config
}

/// Why there is no configuration that consists of these flags alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFlags {
    /// There is nothing to send requests to.
    #[error("there is no server to pass requests to")]
    NoUpstream,
    /// The admin listener would be open to other machines, and only a file can name a token.
    #[error("{0} can be reached from other machines, and there is no admin token")]
    AdminWithoutToken(SocketAddr),
}

/// What `tombolo gateway --upstream ADDR` runs without a file.
///
/// # Errors
/// What is wrong with the flags, or missing.
pub fn builtin_gateway(overrides: &Overrides) -> Result<Config, BadFlags> {
    if overrides.upstreams.is_empty() {
        return Err(BadFlags::NoUpstream);
    }
    if let Some(listen) = overrides.admin.filter(|listen| !Admin::is_private(*listen)) {
        return Err(BadFlags::AdminWithoutToken(listen));
    }
    let mut config = Config::default();
    overrides.apply(&mut config, Caching::default());
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Cache;
    use super::*;

    #[test]
    fn up_has_three_replicas_of_the_site_behind_8080() {
        let config = builtin_up(&Overrides::default());
        assert_eq!(config.gateway.listen, ["127.0.0.1:8080".parse().unwrap()]);
        let admin = config.gateway.admin.unwrap();
        assert_eq!((admin.listen, admin.token_file), (Admin::DEFAULT_LISTEN, None));
        assert_eq!(config.cache, None);
        let names: Vec<&str> =
            config.upstreams[0].servers.iter().map(|server| server.as_written.as_str()).collect();
        assert_eq!(names, ["127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9103"]);
        let calculator = &config.tcp[0];
        assert_eq!(calculator.listen, ["127.0.0.1:7070".parse().unwrap()]);
        assert_eq!(config.upstreams[calculator.upstream].name, "calculator");
    }

    #[test]
    fn the_payments_sandbox_is_there_when_it_is_asked_for() {
        let names = |config: &Config| -> Vec<&str> {
            config.services.iter().map(|service| service.kind.name).collect()
        };
        let plain = builtin_up(&Overrides::default());
        assert_eq!(names(&plain), ["site", "calculator", "chat", "library"]);
        assert!(plain.services.iter().all(|service| service.payments.is_none()));
        let asked = Overrides { payments_sandbox: true, ..Overrides::default() };
        let config = builtin_up(&asked);
        assert_eq!(names(&config).last(), Some(&"payments-sandbox"));
        assert_eq!(config.services[3].payments, Some(Payments::Sandbox));
        assert_eq!(config.routes.len(), plain.routes.len(), "it is behind no route");
    }

    #[test]
    fn the_gateway_needs_an_upstream_and_flags_say_the_rest() {
        assert_eq!(builtin_gateway(&Overrides::default()), Err(BadFlags::NoUpstream));
        let flags = Overrides {
            listen: vec!["[::1]:80".parse().unwrap(), "[::1]:80".parse().unwrap()],
            upstreams: vec!["a:1".parse().unwrap(), "b:2".parse().unwrap()],
            access_log: Some("x.log".into()),
            workers: Some(2),
            admin: Some("127.0.0.1:99".parse().unwrap()),
            ..Overrides::default()
        };
        let config = builtin_gateway(&flags).unwrap();
        assert_eq!(config.gateway.listen, ["[::1]:80".parse().unwrap()]);
        assert_eq!(config.upstreams[0].servers.len(), 2);
        assert_eq!(config.routes, [Route::everything(0)]);
        assert_eq!(config.access_log.file, Some("x.log".into()));
        assert!(config.access_log.stdout);
        assert_eq!(config.gateway.admin.unwrap().listen, "127.0.0.1:99".parse().unwrap());
    }

    #[test]
    fn flags_alone_open_no_admin_listener_to_other_machines() {
        let admin = "0.0.0.0:8081".parse().unwrap();
        let flags = Overrides {
            upstreams: vec!["a:1".parse().unwrap()],
            admin: Some(admin),
            ..Overrides::default()
        };
        assert_eq!(builtin_gateway(&flags), Err(BadFlags::AdminWithoutToken(admin)));
    }

    #[test]
    fn a_flag_for_the_cache_turns_it_on() {
        let upstreams = vec!["a:1".parse().unwrap()];
        let plain = Overrides { upstreams, ..Overrides::default() };
        assert_eq!(builtin_gateway(&plain).unwrap().cache, None);
        let ttl = Overrides { cache_ttl: Some(Duration::from_secs(5)), ..plain.clone() };
        let config = builtin_gateway(&ttl).unwrap();
        assert_eq!(config.cache.unwrap().policy.default_lifetime, Some(5));
        assert!(config.routes[0].cache.is_some());
        let dir = Overrides { cache_dir: Some("elsewhere".into()), ..plain };
        let cache = builtin_gateway(&dir).unwrap().cache.unwrap();
        assert_eq!(cache, Cache { dir: "elsewhere".into(), ..Cache::default() });
    }
}
