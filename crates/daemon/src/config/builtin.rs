//! The configurations there are without a file.

use super::{Config, HostPort, Overrides, Route, Server, Service, ServiceKind, Upstream};

/// What `tombolo up` runs without a file: the gateway on 127.0.0.1:8080 and three replicas of
/// the site behind it.
#[must_use]
pub fn builtin_up(overrides: &Overrides) -> Config {
    let service = Service {
        name: ServiceKind::Site,
        replicas: Service::REPLICAS_DEFAULT,
        listen: None,
        root: None,
    };
    let addresses = (0..service.replicas).filter_map(|index| service.address(index));
    let servers = addresses.map(|address| Server::new(HostPort::from(address))).collect();
    let upstream = Upstream { service: Some(0), ..Upstream::new(service.name.name(), servers) };
    let mut config = Config {
        upstreams: vec![upstream],
        routes: vec![Route::everything(0)],
        services: vec![service],
        ..Config::default()
    };
    overrides.apply(&mut config);
    config
}

/// What `tombolo gateway --upstream ADDR` runs without a file. None when the flags name no
/// upstream, since then there is nothing to send requests to.
#[must_use]
pub fn builtin_gateway(overrides: &Overrides) -> Option<Config> {
    if overrides.upstreams.is_empty() {
        return None;
    }
    let mut config = Config::default();
    overrides.apply(&mut config);
    Some(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_has_three_replicas_of_the_site_behind_8080() {
        let config = builtin_up(&Overrides::default());
        assert_eq!(config.gateway.listen, ["127.0.0.1:8080".parse().unwrap()]);
        let names: Vec<&str> =
            config.upstreams[0].servers.iter().map(|server| server.as_written.as_str()).collect();
        assert_eq!(names, ["127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9103"]);
    }

    #[test]
    fn the_gateway_needs_an_upstream_and_flags_say_the_rest() {
        assert_eq!(builtin_gateway(&Overrides::default()), None);
        let flags = Overrides {
            listen: vec!["[::1]:80".parse().unwrap(), "[::1]:80".parse().unwrap()],
            upstreams: vec!["a:1".parse().unwrap(), "b:2".parse().unwrap()],
            access_log: Some("x.log".into()),
            workers: Some(2),
            data_dir: None,
        };
        let config = builtin_gateway(&flags).unwrap();
        assert_eq!(config.gateway.listen, ["[::1]:80".parse().unwrap()]);
        assert_eq!(config.upstreams[0].servers.len(), 2);
        assert_eq!(config.routes, [Route::everything(0)]);
        assert_eq!(config.access_log.file, Some("x.log".into()));
        assert!(config.access_log.stdout);
    }
}
