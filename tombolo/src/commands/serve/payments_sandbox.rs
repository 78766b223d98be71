//! `tombolo serve payments-sandbox`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tombolo_daemon::exit::ExitCode;
use tombolo_library::{Manners, PaymentsSettings, SandboxSettings, run_sandbox};

use super::serve;
use crate::{address, console};

const SANDBOX_EXAMPLES: &str = "\
EXAMPLES
  tombolo serve payments-sandbox --payments payments.toml \\
    --webhook http://127.0.0.1:8080/library/api/payments/webhooks/sandbox
  tombolo serve payments-sandbox --payments payments.toml --duplicate --disorder --lose-every 3

The file names a provider \"sandbox\" whose url is this address; `tombolo serve library --payments`
reads the same one:
  [[provider]]
  name = \"sandbox\"
  url = \"http://127.0.0.1:9500\"
  key = \"any text\"
  webhook_secret = \"another text\"";

/// A payment provider to try the library's subscriptions with: no money moves
#[derive(Args)]
#[command(after_help = SANDBOX_EXAMPLES)]
pub(super) struct PaymentsSandbox {
    /// Where to listen: address and port, or a port of 127.0.0.1; port 0 lets the system choose
    #[arg(long, value_name = "ADDR", value_parser = address::listen)]
    #[arg(default_value = "127.0.0.1:9500")]
    listen: SocketAddr,

    /// The library's file about payments, for the key and the secret of its provider "sandbox"
    #[arg(long, value_name = "FILE")]
    payments: PathBuf,

    /// Where to send events; without it none are sent, and the library finds out by asking
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,

    /// Send each event so many milliseconds late
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u64,

    /// Send each event twice
    #[arg(long)]
    duplicate: bool,

    /// Send each pair of events in the wrong order
    #[arg(long)]
    disorder: bool,

    /// Never send every so many one
    #[arg(long, value_name = "N", default_value_t = 0)]
    lose_every: u32,
}

pub(super) fn run(sandbox: PaymentsSandbox) -> ExitCode {
    let PaymentsSandbox { listen, payments, webhook, delay, duplicate, disorder, lose_every } =
        sandbox;
    let (key, webhook_secret) = match secrets(&payments) {
        Ok(secrets) => secrets,
        Err(words) => return console::wrong_usage(&format!("--payments: {words}")),
    };
    let delay = Duration::from_millis(delay);
    let manners = Manners { delay, duplicate, disorder, lose_every };
    let settings = SandboxSettings { listen, key, webhook_secret, webhook, manners };
    serve(|shutdown| run_sandbox(settings, shutdown))
}

fn secrets(path: &Path) -> Result<(String, String), String> {
    let settings = PaymentsSettings::read(path).map_err(|error| error.to_string())?;
    let none = || format!("{}: it names no provider \"sandbox\"", path.display());
    settings.secrets("sandbox").ok_or_else(none)
}
