//! The families of `[[tcp]]`.

use super::exposition::{Exposition, Kind};
use crate::tcp::{TcpProxy, Totals};

/// Writes the families of connections that are passed on as they are; none without a `[[tcp]]`.
pub(crate) fn write_tcp<'p>(out: &mut Exposition, proxies: impl Iterator<Item = &'p TcpProxy>) {
    let told: Vec<(&TcpProxy, Totals)> =
        proxies.map(|proxy| (proxy, proxy.tally.totals())).collect();
    if told.is_empty() {
        return;
    }
    let help = "Connections that are open.";
    let mut family = out.family("tombolo_tcp_connections_open", Kind::Gauge, "", help);
    for (proxy, totals) in &told {
        family.sample(&labels(proxy), totals.open);
    }
    type Value = fn(&Totals) -> u64;
    let families: [(&'static str, &str, &str, Value); 5] = [
        ("tombolo_tcp_connections", "", "Connections taken in.", |totals| totals.connections),
        (
            "tombolo_tcp_refused",
            "",
            "Connections closed at once for a limit, or for want of a header that is believed.",
            |totals| totals.refused,
        ),
        ("tombolo_tcp_unreached", "", "Connections for which no server could be reached.", |it| {
            it.unreached
        }),
        ("tombolo_tcp_in_bytes", "bytes", "Bytes from clients to servers.", |it| it.bytes_in),
        ("tombolo_tcp_out_bytes", "bytes", "Bytes from servers to clients.", |it| it.bytes_out),
    ];
    for (name, unit, help, value) in families {
        let mut family = out.family(name, Kind::Counter, unit, help);
        for (proxy, totals) in &told {
            family.sample(&labels(proxy), value(totals));
        }
    }
}

fn labels(proxy: &TcpProxy) -> [(&'static str, &str); 2] {
    [("listen", &proxy.listen), ("upstream", &proxy.upstream.name)]
}
