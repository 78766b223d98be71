//! `tombolo scale`: more or fewer replicas of a service, while it serves.

use clap::Args;
use serde_json::json;
use tombolo_daemon::config::Service;
use tombolo_daemon::exit::ExitCode;

use super::rollout::{self, Following};

const EXAMPLES: &str = "\
EXAMPLES
  tombolo scale site 6
  tombolo scale chat 2 --no-wait

HOW
  New replicas get requests once they serve; those that go get none any more, finish what they are
  at, and end. No request fails. Without enough new ones that serve, everything stays as it was.
  The number holds until 'tombolo up' ends: [[service]] replicas says how many the next one starts.

EXIT STATUS
  0  there are so many now, or it has begun (--no-wait)
  1  not done, and why
  2  no such number";

/// Have more or fewer replicas of a service
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The service, as `tombolo status` calls it
    #[arg(value_name = "SERVICE")]
    service: String,

    /// How many replicas there are to be
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..=Service::REPLICAS_MAX as u64))]
    replicas: u64,

    #[command(flatten)]
    following: Following,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let Arguments { service, replicas, following } = arguments;
    let order = json!({ "service": service, "replicas": replicas });
    rollout::begin(following, "/api/v1/scale", &order)
}
