//! From values as written to the configuration as meant: what they mean together. Names must
//! be had, nothing may be there twice, and what has to be there is.

mod access_log;
mod admin;
mod cache;
mod exchange;
mod gateway;
mod health;
mod limit;
mod listeners;
mod rate_limit;
mod route;
mod service;
mod storage;
mod tcp;
mod traces;
mod up;
mod upstream;

use std::net::SocketAddr;

use super::cache::Caching;
use super::mistake::Kind;
use super::overrides::Overrides;
use super::written::context::{At, Context};
use super::written::reader::Reader;
use super::{Config, FromEnvironment, Gateway};

/// Reads the whole file. The result is only meant if no mistakes were noted on the way, and once
/// the flags and what is said about caching were put over it.
pub(super) fn config(root: &Reader<'_>, overrides: &Overrides) -> (Config, Caching) {
    let services = service::services(root);
    let upstreams = upstream::upstreams(root, &services);
    let reader = root.table("gateway");
    let (mut gateway, mut listen) = reader.as_ref().map(gateway::gateway).unwrap_or_default();
    let tcp = tcp::tables(root, &upstreams, &gateway.trusted);
    let (routes, said) = route::routes(root, &upstreams, &tcp);
    let is_flagged = !overrides.upstreams.is_empty();
    if routes.is_empty() && !tcp.tables.is_empty() && !root.has("route") && !is_flagged {
        no_http(root.context, &listen);
        gateway.listen.clear();
    }
    let (admin, admin_listen) = admin::admin(root.context, reader.as_ref(), overrides.admin);
    listen.extend(admin_listen);
    listen.extend(tcp.listen);
    listeners::check(root.context, &listen, &services);
    let nothing = !root.has("upstream") && !root.has("service");
    if nothing && overrides.upstreams.is_empty() && !root.context.has_gaps() {
        root.context.whole(
            Kind::Missing,
            "there is nothing to send requests to",
            "add an [[upstream]] with a name and servers, or give --upstream ADDR to the gateway",
        );
    }
    let config = Config {
        gateway: Gateway { admin, ..gateway },
        access_log: access_log::access_log(root),
        cache: None,
        upstreams: upstreams.into_iter().filter_map(|named| named.upstream).collect(),
        routes,
        tcp: tcp.tables,
        traces: traces::traces(root),
        storage: storage::storage(root),
        up: up::up(root),
        services: services.into_iter().filter_map(|found| found.service).collect(),
        data_dir: root
            .text("data_dir")
            .map_or_else(|| Config::DEFAULT_DATA_DIR.into(), |path| path.value.into()),
        // Known once all is read.
        from_environment: FromEnvironment::default(),
    };
    (config, Caching { table: cache::cache(root), routes: said })
}

/// A gateway that balances TCP alone has no address for HTTP; tells one that is written.
fn no_http(context: &Context<'_>, listen: &[At<SocketAddr>]) {
    let Some(first) = listen.first() else { return };
    context.mistake(
        Kind::Missing,
        &first.span,
        "there is nothing to send HTTP requests to: every upstream belongs to a [[tcp]]",
        "add a [[route]], or remove \"listen\" from [gateway]",
    );
}
