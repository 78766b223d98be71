//! `tombolo status`: what a running gateway does, as a table or as JSON.

mod replicas;
mod report;
mod table;
mod units;
mod watch;

use clap::Args;
use tombolo_daemon::exit::ExitCode;

use crate::admin::Access;
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo status
  tombolo status --watch
  tombolo status --admin 10.0.0.5:8081 --token-file admin.token
  tombolo status --json | jq '.upstreams[].backends[] | select(.state != \"up\")'

EXIT STATUS
  0  told
  1  no gateway could be asked";

/// Tell what a running gateway does: servers, requests, cache
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    access: Access,

    /// Print the gateway's answer as JSON in place of a table
    #[arg(long)]
    json: bool,

    /// Print it again every so many seconds, until Ctrl+C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=3600))]
    watch: Option<u16>,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    if let Some(seconds) = arguments.watch {
        let pause = std::time::Duration::from_secs(seconds.into());
        return watch::watch(&arguments.access, arguments.json, pause);
    }
    match arguments.access.get("/api/v1/status") {
        Ok(status) if arguments.json => console::json(&status),
        Ok(status) => console::result(report::report(&status).as_bytes()),
        Err(refused) => refused.tell(),
    }
}
