//! From values as written to the configuration as meant: what they mean together. Names must
//! be had, nothing may be there twice, and what has to be there is.

mod access_log;
mod gateway;
mod listeners;
mod route;
mod service;
mod upstream;

use super::Config;
use super::mistake::Kind;
use super::overrides::Overrides;
use super::written::reader::Reader;

/// Reads the whole file. The result is only meant if no mistakes were noted on the way.
pub(super) fn config(root: &Reader<'_>, overrides: &Overrides) -> Config {
    let services = service::services(root);
    let upstreams = upstream::upstreams(root, &services);
    let routes = route::routes(root, &upstreams);
    let (gateway, listen) =
        root.table("gateway").map(|reader| gateway::gateway(&reader)).unwrap_or_default();
    listeners::check(root.context, &listen, &services);
    let nothing = !root.has("upstream") && !root.has("service");
    if nothing && overrides.upstreams.is_empty() && !root.context.has_gaps() {
        root.context.whole(
            Kind::Missing,
            "there is nothing to send requests to",
            "add an [[upstream]] with a name and servers, or give --upstream ADDR to the gateway",
        );
    }
    Config {
        gateway,
        access_log: access_log::access_log(root),
        upstreams: upstreams.into_iter().filter_map(|named| named.upstream).collect(),
        routes,
        services: services.into_iter().filter_map(|found| found.service).collect(),
        data_dir: root
            .text("data_dir")
            .map_or_else(|| Config::DEFAULT_DATA_DIR.into(), |path| path.value.into()),
    }
}
