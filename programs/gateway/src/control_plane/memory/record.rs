//! The form in which what is known of servers is written: JSON with times by the wall clock.
//!
//! Whoever wrote it may have been another version, another program or a broken disk. What is read is
//! checked here; what it may do is bounded by the rules of the configuration, where it is recalled.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tombolo_balance::{EjectionStage, PastEjection, Remembered};

use crate::upstream::ServerMemory;

/// Bytes of a record; one of 4096 servers that are all down is about 2 MiB.
pub(in crate::control_plane) const BYTES_MAX: usize = 4 << 20;

/// What every record begins with, in this version and others.
pub(super) const BEGINNING: &str = "{\"format\":\"tombolo-gateway-state\",";

const FORMAT: &str = "tombolo-gateway-state";
const VERSION: u32 = 1;

/// Characters of a foreign format's name that are told.
const NAME_MAX: usize = 50;

/// Characters of a reason that are kept.
const WHY_MAX: usize = 500;

/// All that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// When all of it was so.
    pub(super) written: SystemTime,
    /// The gateway itself drains.
    pub(super) leaving: bool,
    pub(super) upstreams: Vec<UpstreamRecord>,
}

/// What is known of one upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UpstreamRecord {
    pub(super) name: String,
    pub(super) drained: bool,
    /// Servers of which there is anything to tell, by their addresses as configured.
    pub(super) servers: Vec<(String, ServerMemory)>,
}

/// Why a text is no record.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("it has more than {BYTES_MAX} bytes")]
    Huge,
    #[error("it is not what a gateway writes: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("its \"format\" is {0:?} and not {FORMAT:?}")]
    Format(String),
    #[error("it is of version {0}, and this program reads version {VERSION}")]
    Version(u32),
}

impl Record {
    /// True when there is nothing to tell: all servers are well.
    pub(super) fn is_nothing(&self) -> bool {
        self.upstreams.is_empty()
    }

    /// Reads what [`Record::to_text`] wrote.
    ///
    /// # Errors
    /// [`Broken`]: it is of no use.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Broken> {
        if text.len() > BYTES_MAX {
            return Err(Broken::Huge);
        }
        // Another version may mean anything by what follows.
        let heading: Heading = serde_json::from_slice(text)?;
        if heading.format != FORMAT {
            return Err(Broken::Format(heading.format.chars().take(NAME_MAX).collect()));
        }
        if heading.version != VERSION {
            return Err(Broken::Version(heading.version));
        }
        Ok(serde_json::from_slice::<Written>(text)?.meant())
    }

    /// As it is written.
    ///
    /// # Errors
    /// [`Broken::Huge`]: nobody would read it.
    pub(super) fn to_text(&self) -> Result<String, Broken> {
        let mut text = serde_json::to_string(&Written::of(self))?;
        text.push('\n');
        if text.len() > BYTES_MAX { Err(Broken::Huge) } else { Ok(text) }
    }
}

// ---------------------------------------------------------------------------------------- as written

/// The members that every version has.
#[derive(Deserialize)]
struct Heading {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Written {
    // First, so that a record is known by its beginning.
    format: String,
    version: u32,
    written: Moment,
    #[serde(default)]
    draining: bool,
    upstreams: Vec<WrittenUpstream>,
}

#[derive(Serialize, Deserialize)]
struct WrittenUpstream {
    name: String,
    #[serde(default)]
    drained: bool,
    servers: Vec<WrittenServer>,
}

#[derive(Serialize, Deserialize)]
struct WrittenServer {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Moment>,
    /// When it was so for sure, if that was before `written`.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    draining: Option<WrittenDrain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    down: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ejection: Option<WrittenEjection>,
    /// When it was back, while its share grows.
    #[serde(skip_serializing_if = "Option::is_none")]
    returned: Option<Moment>,
}

#[derive(Serialize, Deserialize)]
struct Reason {
    why: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WrittenDrain {
    why: Option<String>,
    lasting: bool,
}

#[derive(Serialize, Deserialize)]
struct WrittenEjection {
    why: Option<String>,
    length_ms: u64,
    #[serde(flatten)]
    stage: WrittenStage,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "lowercase")]
enum WrittenStage {
    Out { until: Moment },
    Probing,
    Over { ended: Moment },
}

/// A moment in RFC 3339, in milliseconds.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Moment(SystemTime);

impl TryFrom<String> for Moment {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self(SystemTime::from(text.parse::<jiff::Timestamp>()?)))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        // A clock that is set to the year 10000 has told nothing true.
        let at = jiff::Timestamp::try_from(moment.0).unwrap_or_default();
        format!("{at:.3}")
    }
}

// --------------------------------------------------------------------------------- written and meant

impl Written {
    fn of(record: &Record) -> Self {
        let of_upstream = |upstream: &UpstreamRecord| WrittenUpstream {
            name: upstream.name.clone(),
            drained: upstream.drained,
            servers: upstream
                .servers
                .iter()
                .map(|(address, memory)| WrittenServer::of(address, memory, record.written))
                .collect(),
        };
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            written: Moment(record.written),
            draining: record.leaving,
            upstreams: record.upstreams.iter().map(of_upstream).collect(),
        }
    }

    fn meant(self) -> Record {
        let written = self.written.0;
        let upstream = |WrittenUpstream { name, drained, servers }| UpstreamRecord {
            name,
            drained,
            servers: servers
                .into_iter()
                .map(|server: WrittenServer| (server.address.clone(), server.meant(written)))
                .collect(),
        };
        let upstreams = self.upstreams.into_iter().map(upstream).collect();
        Record { written, leaving: self.draining, upstreams }
    }
}

impl WrittenServer {
    fn of(address: &str, memory: &ServerMemory, written: SystemTime) -> Self {
        let ServerMemory { condition, whys, since, as_of, drain_lasts } = memory.clone();
        let Remembered { draining, down, ejection, returned } = condition;
        Self {
            address: address.to_owned(),
            since: since.map(Moment),
            as_of: as_of.map(Moment),
            draining: draining
                .then(|| WrittenDrain { why: words(whys.draining), lasting: drain_lasts }),
            down: down.then(|| Reason { why: words(whys.down) }),
            ejection: ejection.map(|PastEjection { length, stage }| WrittenEjection {
                why: words(whys.ejected),
                length_ms: u64::try_from(length.as_millis()).unwrap_or(u64::MAX),
                stage: match stage {
                    EjectionStage::Out { left } => WrittenStage::Out {
                        until: Moment(written.checked_add(left).unwrap_or(written)),
                    },
                    EjectionStage::Probing => WrittenStage::Probing,
                    EjectionStage::Over { ago } => {
                        WrittenStage::Over { ended: before(written, ago) }
                    }
                },
            }),
            returned: returned.map(|ago| before(written, ago)),
        }
    }

    /// What is meant by it, its times counted from `written`.
    fn meant(self, written: SystemTime) -> ServerMemory {
        let ago = |Moment(at): Moment| written.duration_since(at).unwrap_or_default();
        let Self { address: _, since, as_of, draining, down, ejection, returned } = self;
        let mut memory = ServerMemory {
            since: since.map(|Moment(at)| at.min(written)),
            as_of: as_of.map(|Moment(at)| at.min(written)),
            ..ServerMemory::default()
        };
        memory.condition.returned = returned.map(ago);
        if let Some(WrittenDrain { why, lasting }) = draining {
            memory.condition.draining = true;
            (memory.whys.draining, memory.drain_lasts) = (words(why), lasting);
        }
        if let Some(Reason { why }) = down {
            memory.condition.down = true;
            memory.whys.down = words(why);
        }
        if let Some(WrittenEjection { why, length_ms, stage }) = ejection {
            let stage = match stage {
                WrittenStage::Out { until: Moment(until) } => {
                    EjectionStage::Out { left: until.duration_since(written).unwrap_or_default() }
                }
                WrittenStage::Probing => EjectionStage::Probing,
                WrittenStage::Over { ended } => EjectionStage::Over { ago: ago(ended) },
            };
            let length = Duration::from_millis(length_ms);
            memory.condition.ejection = Some(PastEjection { length, stage });
            memory.whys.ejected = words(why);
        }
        memory
    }
}

fn before(at: SystemTime, ago: Duration) -> Moment {
    Moment(at.checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH))
}

/// A reason as far as it is one: it comes to terminals and logs.
fn words(why: Option<String>) -> Option<String> {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    Some(why?.chars().take(WHY_MAX).map(plain).collect())
}

#[cfg(test)]
mod tests;
