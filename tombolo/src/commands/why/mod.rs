//! `tombolo why`: what became of a request, or would become of one, and why.

mod report;

use clap::Args;
use tombolo_daemon::exit::ExitCode;

use crate::admin::Access;
use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  tombolo why http://example.org/page                      what would become of GET /page
  tombolo why http://example.org/page --method POST
  tombolo why http://example.org/ --header 'Cookie: a=b' --header 'Accept-Language: es'
  tombolo why 01936f0e-5d1c-7a3f-8c2b-9d1e0f3a4b5c         what became of a request, by its
                                                           X-Request-Id
OUTPUT
  Which route takes it and why others do not, whether it is refused, what the cache does and by
  which clause, and which server is asked. Of a request of the past also the attempts with their
  errors and times. Nothing is sent, counted or stored, and no server loses its turn.

EXIT STATUS
  0  told
  1  no gateway could be asked, or the request is not remembered any more
  2  the URL, method or header is not understood";

/// Tell what became of a request, or would become of one, and why
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A whole URL, or the id of a request of the past
    #[arg(value_name = "URL|ID")]
    what: String,

    /// The method of the request
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,

    /// A header field of the request, `Name: value`; may be given again
    #[arg(long = "header", value_name = "FIELD")]
    headers: Vec<String>,

    /// Whose request it would be
    #[arg(long, value_name = "IP")]
    client: Option<std::net::IpAddr>,

    #[command(flatten)]
    access: Access,

    /// Print the gateway's answer as JSON in place of words
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match arguments.access.get(&path(arguments)) {
        Ok(answer) if arguments.json => console::json(&answer),
        Ok(answer) => console::result(report::report(&answer).as_bytes()),
        Err(refused) => refused.tell(),
    }
}

fn path(arguments: &Arguments) -> String {
    let Arguments { what, method, headers, client, .. } = arguments;
    let mut query = form_urlencoded::Serializer::new(String::new());
    // An id has no slash, a URL has two.
    if what.contains('/') {
        query.append_pair("url", what).append_pair("method", method);
        for header in headers {
            query.append_pair("header", header);
        }
        if let Some(client) = client {
            query.append_pair("client", &client.to_string());
        }
    } else {
        query.append_pair("request", what);
    }
    format!("/api/v1/why?{}", query.finish())
}
