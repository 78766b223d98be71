//! `tombolo calc`: asks a calculator, once, line by line, or at a prompt.

mod output;
mod piped;
mod prompt;
mod request;

use std::io::IsTerminal;

use clap::Args;
use tokio::runtime::Runtime;
use tombolo_calculator::client::Client;
use tombolo_daemon::exit::ExitCode;

use crate::console;
use output::Output;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo calc '2+3*4'                  14
  tombolo calc '5 km to miles'          approx. 3.1068559612 miles
  tombolo calc -- -3 + 5                what begins with a hyphen comes after --
  tombolo calc                          a prompt, with history and completion (Tab)
  tombolo calc < sums.txt               a line of answer for each line of input
  tombolo calc --json 1/3               {\"request\":\"EVAL 1/3\",\"ok\":true,...}

WHAT TO WRITE
  2+3*4, (1/3)*3, 2^100, 5!, sqrt 2     exact where there is an exact value
  5 km / (20 minutes) to km/hour        units; '1/3 to fraction', '255 to hex', 'pi to 30 dp'
  x = 5                                 a variable, for as long as this command runs
  vars, clear, who, ping, quit          commands; also EVAL and LET as the protocol has them

WHEN A REPLICA GOES AWAY
  The next one is asked what has no answer yet, with the same variables; standard error says so.

EXIT STATUS
  0  every answer is good
  1  a request was refused, or no calculator answered
  2  wrong usage";

/// Ask the calculator: an expression, or a prompt
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Where the calculator is: a host and a port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070", value_parser = server)]
    server: String,

    /// One JSON object a line: request, ok, answer, or code and message
    #[arg(long)]
    json: bool,

    /// What to work out; without it, standard input
    #[arg(value_name = "EXPR")]
    expression: Vec<String>,
}

/// Reads a host and a port.
fn server(text: &str) -> Result<String, String> {
    let example = "127.0.0.1:7070, [::1]:7070, calculator.example:7070";
    match text.rsplit_once(':') {
        Some((host, port))
            if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) =>
        {
            Ok(text.to_owned())
        }
        Some((_, port)) => Err(format!("'{port}' is not a port (examples: {example})")),
        None => Err(format!("the port is missing (examples: {example})")),
    }
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return console::fail(&error),
    };
    let client = Client::new(arguments.server.as_str());
    let ended = if !arguments.expression.is_empty() {
        let output = Output::one(arguments.json);
        once(&runtime, client, &arguments.expression.join(" "), &output)
    } else if std::io::stdin().is_terminal() && !arguments.json {
        prompt::run(&runtime, client, &arguments.server)
    } else {
        runtime.block_on(piped::run(client, &Output::lines(arguments.json)))
    };
    // Standard input may still be read by a thread that cannot be interrupted.
    runtime.shutdown_background();
    ended
}

fn once(runtime: &Runtime, mut client: Client, expression: &str, output: &Output) -> ExitCode {
    let Some(request) = request::of(expression) else {
        return console::wrong_usage(
            "the expression is empty: write, for example, tombolo calc '2+3*4'",
        );
    };
    let line = request.to_string();
    client.ask(&line);
    let answered = runtime.block_on(client.next());
    output::tell(&mut client);
    match answered {
        Ok(Some(exchange)) => output.show(&exchange),
        Ok(None) => ExitCode::Failure,
        Err(error) => console::fail(&error),
    }
}
