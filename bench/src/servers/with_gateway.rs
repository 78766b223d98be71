//! A service that is measured alone or with the gateway before it: what each of the two costs.

use std::{net::SocketAddr, path::Path, process::Command};

use anyhow::Result;

use super::{Running, announced, write_configuration};
use crate::process::Process;

/// A running service, and the gateway before it if there is one.
pub(crate) struct WithGateway {
    service: Running,
    gateway: Option<Running>,
}

/// Processor time, in seconds.
pub(crate) struct Cost {
    pub(crate) service: f64,
    pub(crate) gateway: f64,
}

impl WithGateway {
    /// Starts the gateway with this configuration before a service that runs, if there is one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(
        service: Running,
        configuration: Option<&str>,
        (tombolo, folder): (&Path, &Path),
        cores: &[usize],
    ) -> Result<Self> {
        let start = |text: &str| -> Result<Running> {
            let path = write_configuration(folder, "tombolo.toml", text)?;
            let mut command = Command::new(tombolo);
            command.arg("gateway").arg("-c").arg(path);
            announced(Process::start("the gateway", &command, cores)?)
        };
        let gateway = configuration.map(start).transpose()?;
        Ok(Self { service, gateway })
    }

    /// Where clients go.
    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.as_ref().unwrap_or(&self.service).address
    }

    /// What they have cost so far.
    pub(crate) fn cost(&self) -> Result<Cost> {
        let of = |process: &Process| process.cpu_time().map(|time| time.user + time.system);
        let gateway = self.gateway.as_ref().map(|gateway| of(&gateway.process)).transpose()?;
        Ok(Cost { service: of(&self.service.process)?, gateway: gateway.unwrap_or_default() })
    }

    /// Their memory.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let gateway = self.gateway.as_ref().map(|gateway| gateway.process.resident_bytes());
        Ok(self.service.process.resident_bytes()? + gateway.transpose()?.unwrap_or_default())
    }
}
