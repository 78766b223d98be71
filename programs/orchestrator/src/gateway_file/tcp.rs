//! Writes `[[tcp]]`.

use std::fmt::{self, Write};

use tombolo_daemon::config::{Tcp, Upstream};

use super::notation::{duration, list, quoted};

pub(super) fn write_tcp(out: &mut String, tcp: &Tcp, upstreams: &[Upstream]) -> fmt::Result {
    let Tcp { listen, upstream, idle, connect, proxy_protocol_in, proxy_protocol_out, connections } =
        tcp;
    // The index comes from the same checked configuration.
    let Some(upstream) = upstreams.get(*upstream) else { return Ok(()) };
    writeln!(out, "\n[[tcp]]")?;
    writeln!(out, "listen = {}", list(listen))?;
    writeln!(out, "upstream = {}", quoted(&upstream.name))?;
    writeln!(out, "idle = \"{}\"", duration(*idle))?;
    if let Some(time) = connect {
        writeln!(out, "connect = \"{}\"", duration(*time))?;
    }
    if let Some(count) = connections {
        writeln!(out, "connections = {count}")?;
    }
    writeln!(out, "proxy_protocol_in = {}", proxy_protocol_in.is_some())?;
    if let Some(trusted) = proxy_protocol_in {
        writeln!(out, "trusted = {}", list(trusted))?;
    }
    if let Some(version) = proxy_protocol_out {
        writeln!(out, "proxy_protocol_out = {}", quoted(version.name()))?;
    }
    Ok(())
}
