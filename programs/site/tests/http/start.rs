//! Starting a replica: what is wrong is said in words that tell the next step.

use std::net::TcpListener;
use std::time::Duration;

use tombolo_daemon::shutdown::Shutdown;
use tombolo_site::{Error, Options, run};

fn options() -> Options {
    Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        root: None,
        replica: None,
        drain: Duration::from_secs(5),
    }
}

/// Runs with a shutdown that has already been asked for, so that a good start ends at once.
fn start(options: Options) -> Result<(), Error> {
    let (trigger, shutdown) = Shutdown::by_hand();
    trigger.drain();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(options, shutdown))
}

#[test]
fn nothing_needs_to_be_told() {
    start(options()).unwrap();
}

#[test]
fn an_address_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let error = start(Options { listen, ..options() }).unwrap_err();
    assert!(matches!(error, Error::Listen { .. }));
    let text = error.to_string();
    assert!(text.contains(&listen.to_string()) && text.contains("--listen"), "{text}");
}

#[test]
fn a_root_that_cannot_be_served_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for root in [file.path().to_owned(), "/nonexistent/public".into()] {
        let error = start(Options { root: Some(root.clone()), ..options() }).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&*root.to_string_lossy()) && text.contains("--root"), "{text}");
    }
}

#[test]
fn a_name_that_cannot_stand_in_a_field_is_refused() {
    let long = "x".repeat(65);
    for name in ["", "two words", "a\r\nSet-Cookie: x", "ñ", "<b>", long.as_str()] {
        let error = start(Options { replica: Some(name.into()), ..options() }).unwrap_err();
        assert!(matches!(&error, Error::Replica(told) if told == name), "{error}");
    }
    start(Options { replica: Some("site-1.eu_west".into()), ..options() }).unwrap();
}
