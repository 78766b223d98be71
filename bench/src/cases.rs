//! The kinds of load, and what is noted of each run.

use serde::Serialize;

use crate::{figures::Figures, origin, servers::Server};

/// A kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Case {
    /// 1 KiB bodies, logs off
    Plain,
    /// 1 KiB bodies, a JSON line for each request to a file
    Logged,
    /// 100 KiB bodies, logs off
    Medium,
    /// 10 MiB bodies, logs off
    Large,
    /// Memory of idle kept connections
    Idle,
    /// The gateway with one worker and with two, 1 KiB bodies
    Scaling,
    /// Memory under mixed load, for --soak-seconds
    Soak,
}

impl Case {
    /// The cases of a run that names none.
    pub(crate) const USUAL: [Case; 5] =
        [Case::Plain, Case::Logged, Case::Medium, Case::Large, Case::Idle];

    /// The heading in the report.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Case::Plain => "1 KiB bodies, logs off",
            Case::Logged => "1 KiB bodies, JSON access log to a file",
            Case::Medium => "100 KiB bodies, logs off",
            Case::Large => "10 MiB bodies, logs off",
            Case::Idle => "Idle kept connections",
            Case::Scaling => "Workers, 1 KiB bodies, logs off",
            Case::Soak => "Resident memory under mixed load",
        }
    }

    /// What is asked for.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Case::Plain | Case::Logged | Case::Idle | Case::Scaling | Case::Soak => "/1k",
            Case::Medium => "/100k",
            Case::Large => "/10m",
        }
    }

    /// The size of the body at that path.
    pub(crate) fn body_bytes(self) -> usize {
        let path = self.path();
        origin::SIZES.iter().find(|(of, _)| *of == path).map_or(0, |(_, size)| *size)
    }

    /// Splicing is tried where bodies are large; the relay neither logs nor keeps idle clients.
    pub(crate) fn takes(self, server: Server) -> bool {
        match self {
            Case::Plain => server != Server::HaproxySplice,
            Case::Logged | Case::Idle | Case::Soak => {
                !matches!(server, Server::HaproxySplice | Server::Relay)
            }
            Case::Medium | Case::Large => true,
            Case::Scaling => server == Server::Tombolo,
        }
    }
}

/// One server in one round of one case.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    pub(crate) case: Case,
    #[serde(serialize_with = "name_of")]
    pub(crate) server: Server,
    pub(crate) workers: usize,
    pub(crate) round: u32,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// Memory of idle connections.
#[derive(Debug, Serialize)]
pub(crate) struct Idle {
    #[serde(serialize_with = "name_of")]
    pub(crate) server: Server,
    pub(crate) connections: u32,
    pub(crate) resident_before: u64,
    pub(crate) resident_after: u64,
}

impl Idle {
    /// Bytes of resident memory that each connection added.
    pub(crate) fn bytes_per_connection(&self) -> f64 {
        (self.resident_after as f64 - self.resident_before as f64) / f64::from(self.connections)
    }
}

/// Memory under mixed load.
#[derive(Debug, Serialize)]
pub(crate) struct Soak {
    #[serde(serialize_with = "name_of")]
    pub(crate) server: Server,
    pub(crate) requests: u64,
    pub(crate) slice_seconds: u32,
    /// Resident bytes after each slice of the load.
    pub(crate) resident: Vec<u64>,
}

/// Everything that was measured, and on what.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// The command that was run.
    pub(crate) command: String,
    /// Lines about the machine.
    pub(crate) machine: Vec<String>,
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) idle: Vec<Idle>,
    pub(crate) soak: Vec<Soak>,
}

fn name_of<S: serde::Serializer>(server: &Server, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(server.name())
}
