//! `tombolo restart`: a service's replicas anew, one after the other.

use clap::Args;
use serde_json::json;
use tombolo_daemon::exit::ExitCode;

use super::rollout::{self, Following};

const EXAMPLES: &str = "\
EXAMPLES
  tombolo restart site       its replicas, one after the other
  tombolo restart chat-2     one replica, also one that 'tombolo up' left alone for dying too often
  tombolo restart chat-2 --now
                             one that hangs: killed, and started again
  tombolo restart gateway    the gateway, by another process of the program in its place

HOW
  The gateway sends nothing new to a replica, what it is at ends (after 5 seconds at most the replica
  itself is told to finish), it ends, is started again, and gets requests once it serves; then comes
  the next. One that does not end is killed when the drain deadline and 2 seconds have passed, which is
  said; changes of other services do not wait for it. A service with a single replica gets a second one meanwhile. If one does not come
  back the others are left as they are. The gateway starts another process of the program with its
  listening sockets, and ends what it is at once that serves.

EXIT STATUS
  0  done, or begun (--no-wait)
  1  not done, and why
  2  wrong usage";

/// Start a service's replicas or the gateway anew, one after the other, without a failed request
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A service, one replica of it, as `tombolo status` calls them, or `gateway`
    #[arg(value_name = "NAME")]
    name: String,

    /// Kill each replica instead of asking it to end: for one that hangs. What it is at is lost; the
    /// gateway sends what can be repeated to another
    #[arg(long)]
    now: bool,

    #[command(flatten)]
    following: Following,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let Arguments { name, now, following } = arguments;
    rollout::begin(following, "/api/v1/restart", &json!({ "service": name, "now": now }))
}
