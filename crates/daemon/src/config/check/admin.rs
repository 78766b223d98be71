//! `[gateway] admin` and `admin_token_file`, and `--admin` over them: nobody from elsewhere may
//! administer the gateway without a token.

use std::net::SocketAddr;

use super::super::Admin;
use super::super::mistake::Kind;
use super::super::written::context::{At, Context};
use super::super::written::reader::Reader;
use super::gateway::listen_address;

/// The admin listener, and where its address stands in the file. The flag goes before the file.
pub(super) fn admin(
    context: &Context<'_>,
    gateway: Option<&Reader<'_>>,
    flag: Option<SocketAddr>,
) -> (Option<Admin>, Option<At<SocketAddr>>) {
    let written = gateway
        .and_then(|reader| reader.text("admin").and_then(|text| listen_address(reader, text)));
    let token_file = gateway.and_then(|reader| reader.text("admin_token_file"));
    let has_token = gateway.is_some_and(|reader| reader.has("admin_token_file"));
    if let Some(address) = written.as_ref().filter(|at| !has_token && !Admin::is_private(at.value))
    {
        context.mistake(
            Kind::Missing,
            &address.span,
            format!("{} can be reached from other machines, and there is no token", address.value),
            "write \"127.0.0.1:8081\", or add admin_token_file = \"/etc/tombolo/admin.token\"",
        );
    }
    if let Some(address) = flag.filter(|address| !has_token && !Admin::is_private(*address)) {
        context.whole(
            Kind::Missing,
            &format!("--admin {address} can be reached from other machines, and there is no token"),
            "add admin_token_file = \"/etc/tombolo/admin.token\" to [gateway], or give --admin \
             127.0.0.1:8081",
        );
    }
    let is_there = flag.is_some() || gateway.is_some_and(|reader| reader.has("admin"));
    if let Some(path) = token_file.as_ref().filter(|_| !is_there) {
        // Who names a token believes that there is something it guards.
        context.mistake(
            Kind::Conflict,
            &path.span,
            "\"admin_token_file\" means nothing without \"admin\"",
            "add admin = \"127.0.0.1:8081\", or remove it",
        );
    }
    let listen = flag.or(written.as_ref().map(|address| address.value));
    let token_file = token_file.map(|path| path.value.into());
    (listen.map(|listen| Admin { listen, token_file }), written)
}
