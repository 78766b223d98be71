//! The payments sandbox: a provider to try the library's plans with, and the file of secrets that both
//! are given. No money moves, so the secrets only keep strangers on this machine from telling the
//! library of payments; they are those of the data folder, and the same at every start.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tombolo_daemon::config::Payments;
use tombolo_services::{Argument, Descriptor};

use super::Fleet;
use super::member::Role;
use crate::supervisor::Id;

/// The name of the generated file in the data folder.
const FILE: &str = "payments.toml";
/// Where the library is told what happened.
const WEBHOOK: &str = "/library/api/payments/webhooks/sandbox";

impl Fleet {
    /// What a replica's command line says of payments.
    pub(super) fn payments(&self, kind: &Descriptor, service: usize) -> Vec<OsString> {
        let generated = || self.data.generated(FILE).into();
        if kind.takes(Argument::PaymentEvents) {
            let mut arguments = vec!["--payments".into(), generated()];
            // A port that the system is to choose is not known yet: the library asks by itself then.
            if let Some(gateway) = self.config.gateway.listen.first().filter(|at| at.port() > 0) {
                let url = format!("http://{}{WEBHOOK}", here(*gateway));
                arguments.extend(["--webhook".into(), url.into()]);
            }
            return arguments;
        }
        let payments = self.config.services.get(service).and_then(|one| one.payments.as_ref());
        match payments.filter(|_| kind.takes(Argument::Payments)) {
            Some(Payments::Sandbox) => vec!["--payments".into(), generated()],
            Some(Payments::File(path)) => vec!["--payments".into(), path.into()],
            None => Vec::new(),
        }
    }

    /// Writes the sandbox's address and secrets down for a process that is given them.
    ///
    /// # Errors
    /// What the system said, in words.
    pub(super) fn write_payments_file(&self, id: Id) -> Result<(), String> {
        let Some(Role::Replica { kind, service, .. }) = self.members.get(id).map(|one| &one.role)
        else {
            return Ok(());
        };
        let payments = self.config.services.get(*service).and_then(|one| one.payments.as_ref());
        let is_given = kind.takes(Argument::PaymentEvents) || payments == Some(&Payments::Sandbox);
        let sandbox = self.members.iter().find(|member| {
            let takes = |kind: &Descriptor| kind.takes(Argument::PaymentEvents);
            matches!(&member.role, Role::Replica { kind, .. } if takes(kind))
        });
        let address = sandbox.and_then(|member| member.addresses().first().copied());
        let Some(address) = address.filter(|_| is_given) else { return Ok(()) };
        let identity = self.identity();
        let text = format!(
            "# Written by 'tombolo up': changes made here are lost. No money moves.\n\
             seller = \"A trial: this is no invoice\"\n\n[[provider]]\nname = \"sandbox\"\n\
             url = \"http://{}\"\nkey = \"sandbox-key-{identity}\"\n\
             webhook_secret = \"sandbox-secret-{identity}\"\n",
            here(address)
        );
        let written = self.data.write_generated(FILE, &text);
        written.map(drop).map_err(|error| format!("could not be told of payments: {error}"))
    }
}

/// An address by which this machine reaches what listens there.
fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
