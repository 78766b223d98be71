//! Prints a problem page, to look at it in a browser:
//! `cargo run -p tombolo-daemon --example problem_page -- 502 es > /tmp/502.html`

use std::env;
use std::io::{self, Write};

use tombolo_daemon::problem::{Problem, page};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let status = arguments.next().and_then(|status| status.parse().ok()).unwrap_or(502);
    let language = arguments.next().unwrap_or_else(|| "en".to_owned());
    let page = page(&Problem {
        status,
        detail: "None of the servers for this address could be reached.",
        request_id: "01890a5d-ac96-774b-bcce-b302099a8057",
        accept: Some(b"text/html"),
        accept_language: Some(language.as_bytes()),
    });
    io::stdout().write_all(&page.body)
}
