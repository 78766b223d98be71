//! Varnish's configuration: everything in memory, threads enough for the load started beforehand,
//! nothing written to its log.

use std::{net::SocketAddr, process::Command};

use anyhow::Result;

use super::Setup;
use crate::servers::write_configuration;

/// The program's name, as Debian installs it.
pub(crate) const PROGRAM: &str = "varnishd";

/// Log records of requests; masking them is what turns its log off.
const RECORDS: [&str; 42] = [
    "Begin",
    "End",
    "Link",
    "SessOpen",
    "SessClose",
    "ReqStart",
    "ReqMethod",
    "ReqURL",
    "ReqProtocol",
    "ReqHeader",
    "ReqUnset",
    "ReqAcct",
    "RespProtocol",
    "RespStatus",
    "RespReason",
    "RespHeader",
    "RespUnset",
    "Hit",
    "HitMiss",
    "VCL_call",
    "VCL_return",
    "VCL_use",
    "Timestamp",
    "Filters",
    "Length",
    "BereqMethod",
    "BereqURL",
    "BereqProtocol",
    "BereqHeader",
    "BereqUnset",
    "BereqAcct",
    "BerespProtocol",
    "BerespStatus",
    "BerespReason",
    "BerespHeader",
    "BerespUnset",
    "BackendOpen",
    "BackendClose",
    "TTL",
    "Storage",
    "Fetch_Body",
    "Gzip",
];

/// Threads that wait for work: twice the connections of the load, since each busy one has its own.
const THREADS: u32 = 128;

pub(super) fn command(setup: &Setup<'_>, address: SocketAddr) -> Result<Command> {
    let path = write_configuration(setup.folder, "varnish.vcl", &configuration(setup))?;
    let masked: Vec<String> = RECORDS.iter().map(|record| format!("-{record}")).collect();
    let mut command = Command::new(PROGRAM);
    command
        .args(["-F", "-j", "none", "-S", "none", "-T", "none"])
        .arg("-n")
        .arg(setup.folder.join("varnish"))
        .arg("-f")
        .arg(path)
        .args(["-a", &address.to_string(), "-s", "malloc,4G"])
        .args(["-p", "thread_pools=1"])
        .args(["-p", &format!("thread_pool_min={THREADS}")])
        .args(["-p", "listen_depth=4096"])
        // It would keep one response for all who take gzip; the others keep one for each spelling.
        .args(["-p", "http_gzip_support=off"])
        .args(["-p", &format!("vsl_mask={}", masked.join(","))]);
    Ok(command)
}

/// Adds what the others add. Via and Age it adds by itself, and its own number of the request,
/// which goes by the usual name here.
fn configuration(setup: &Setup<'_>) -> String {
    format!(
        "vcl 4.1;
backend origin {{ .host = \"{}\"; .port = \"{}\"; }}
sub vcl_deliver {{
    unset resp.http.X-Varnish;
    set resp.http.X-Request-Id = req.xid;
    if (obj.hits > 0) {{
        set resp.http.Cache-Status = \"varnish; hit\";
    }} else {{
        set resp.http.Cache-Status = \"varnish; fwd=miss\";
    }}
}}
",
        setup.origin.ip(),
        setup.origin.port(),
    )
}
