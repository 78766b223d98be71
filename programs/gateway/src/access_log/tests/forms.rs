//! What a line looks like.

use std::net::{Ipv6Addr, SocketAddr};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::stamp::Stamp;
use super::super::{CHUNK, combined, json};
use super::record;
use crate::access_log::Record;

type Push = fn(&mut Vec<u8>, &mut Stamp, &Record<'_>);

fn line(push: Push, record: &Record<'_>) -> String {
    let mut line = Vec::new();
    push(&mut line, &mut Stamp::default(), record);
    String::from_utf8(line).unwrap()
}

/// Too broken a request to know anything of it.
fn unreadable() -> Record<'static> {
    Record {
        method: b"",
        host: b"",
        target: b"",
        status: 400,
        upstream_micros: None,
        backend: None,
        attempts: 0,
        user_agent: None,
        error: Some("bad request line"),
        ..record()
    }
}

#[test]
fn the_json_line() {
    assert_eq!(
        line(json::push, &record()),
        concat!(
            r#"{"time":"2025-11-21T00:50:12.345Z","#,
            r#""request_id":"0199f6a1-8f5e-7c31-b9f2-3c5d6e7f8091","#,
            r#""client":"203.0.113.9:51234","method":"GET","scheme":"http","host":"example.org","#,
            r#""target":"/list?page=2","protocol":"HTTP/1.1","status":200,"bytes_in":412,"#,
            r#""bytes_out":1337,"duration_ms":1.234,"upstream_ms":0.987,"#,
            r#""backend":"127.0.0.1:9001","attempts":1,"cache":null,"#,
            r#""user_agent":"curl/8.5.0","referer":null,"error":null,"route":"/","upstream":"app","#,
            r#""head_ms":null,"queue_ms":0.100,"collapsed_ms":null,"connect_ms":null,"#,
            r#""upload_ms":0.012,"first_byte_ms":0.975,"download_ms":0.050}"#,
            "\n"
        )
    );
}

#[test]
fn the_json_line_of_a_request_nothing_is_known_of() {
    let read: Value = serde_json::from_str(&line(json::push, &unreadable())).unwrap();
    for absent in ["method", "host", "target", "upstream_ms", "backend", "cache", "user_agent"] {
        assert_eq!(read[absent], Value::Null, "{absent}");
    }
    assert_eq!(read["error"], "bad request line");
}

#[test]
fn the_common_and_the_combined_line() {
    let common =
        r#"203.0.113.9 - - [21/Nov/2025:00:50:12 +0000] "GET /list?page=2 HTTP/1.1" 200 1337"#;
    assert_eq!(line(combined::push_common, &record()), format!("{common}\n"));
    assert_eq!(
        line(combined::push_combined, &record()),
        format!("{common} \"-\" \"curl/8.5.0\"\n")
    );
    let referred = Record { referer: Some(b"http://example.org/?q=\"x\""), ..record() };
    assert_eq!(
        line(combined::push_combined, &referred),
        format!("{common} \"http://example.org/?q=\\x22x\\x22\" \"curl/8.5.0\"\n")
    );
    assert_eq!(
        line(combined::push_combined, &unreadable()),
        "203.0.113.9 - - [21/Nov/2025:00:50:12 +0000] \"-\" 400 1337 \"-\" \"-\"\n"
    );
}

#[test]
fn clients_by_ipv6_and_by_ipv4_in_ipv6() {
    let v6 = SocketAddr::from((Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 80));
    let v6 = Record { client: v6, ..record() };
    assert!(line(json::push, &v6).contains(r#""client":"[2001:db8::1]:80""#));
    assert!(line(combined::push_common, &v6).starts_with("2001:db8::1 - - ["));
    let mapped = SocketAddr::from(("::ffff:192.0.2.7".parse::<Ipv6Addr>().unwrap(), 80));
    let mapped = Record { client: mapped, ..record() };
    assert!(line(json::push, &mapped).contains(r#""client":"192.0.2.7:80""#));
    assert!(line(combined::push_common, &mapped).starts_with("192.0.2.7 - - ["));
}

/// A client that tries to end its field and begin a line of its own.
#[test]
fn no_line_can_be_smuggled_in() {
    let forged =
        b"x\" 200 1\n203.0.113.1 - - [now] \"GET /admin HTTP/1.1\" 200 5\r\n{\"status\":200}";
    let record = Record { target: forged, user_agent: Some(forged), host: forged, ..record() };
    for push in [json::push as Push, combined::push_common, combined::push_combined] {
        let line = line(push, &record);
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.contains('\r') && !line.contains("\x1b"));
    }
    let common = line(combined::push_common, &record);
    assert_eq!(common.matches('"').count(), 2);
    assert_eq!(common.split(' ').count(), 10);
    let read: Value = serde_json::from_str(&line(json::push, &record)).unwrap();
    assert_eq!(read["target"], String::from_utf8_lossy(forged).as_ref());
    assert_eq!(read["status"], 200);
}

#[test]
fn long_fields_are_cut_and_marked_so_that_a_line_is_bounded() {
    let long = vec![b'"'; 60 * 1024];
    let record = Record {
        request_id: &long,
        method: &long,
        host: &long,
        target: &long,
        user_agent: Some(&long),
        referer: Some(&long),
        ..record()
    };
    let json = line(json::push, &record);
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["target"].as_str().unwrap(), "\"".repeat(8192) + "…");
    let combined = line(combined::push_combined, &record);
    assert!(combined.contains(r"\x22... HTTP/1.1"));
    assert!(json.len() < CHUNK && combined.len() < CHUNK);
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..60)
}

fn shown(bytes: &[u8]) -> Value {
    if bytes.is_empty() { Value::Null } else { json!(String::from_utf8_lossy(bytes)) }
}

proptest! {
    #[test]
    fn json_lines_read_back_whatever_the_client_sent(
        (id, method, host, target) in (bytes(), proptest::collection::vec(any::<u8>(), 0..32), bytes(), bytes()),
        (agent, referer) in (proptest::option::of(bytes()), proptest::option::of(bytes())),
        (error, backend) in (proptest::option::of(".{1,40}"), proptest::option::of(".{1,40}")),
        (unix_millis, duration_micros, upstream_micros) in any::<(u64, u64, Option<u32>)>(),
        (status, bytes_in, bytes_out, attempts) in any::<(u16, u64, u64, u32)>(),
        client in any::<SocketAddr>(),
    ) {
        let record = Record {
            unix_millis, request_id: &id, client, method: &method, host: &host, target: &target,
            status, bytes_in, bytes_out, duration_micros,
            upstream_micros: upstream_micros.map(u64::from), backend: backend.as_deref(), attempts,
            user_agent: agent.as_deref(), referer: referer.as_deref(), error: error.as_deref(),
            ..record()
        };
        let line = line(json::push, &record);
        prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
        let read: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(read.as_object().unwrap().len(), 28);
        prop_assert_eq!(&read["request_id"], &shown(&id));
        prop_assert_eq!(&read["method"], &shown(&method));
        prop_assert_eq!(&read["host"], &shown(&host));
        prop_assert_eq!(&read["target"], &shown(&target));
        prop_assert_eq!(&read["user_agent"], &shown(&agent.unwrap_or_default()));
        prop_assert_eq!(&read["referer"], &shown(&referer.unwrap_or_default()));
        prop_assert_eq!(&read["error"], &shown(error.unwrap_or_default().as_bytes()));
        prop_assert_eq!(&read["backend"], &shown(backend.unwrap_or_default().as_bytes()));
        prop_assert_eq!(&read["status"], status);
        prop_assert_eq!(&read["bytes_in"], bytes_in);
        prop_assert_eq!(&read["bytes_out"], bytes_out);
        prop_assert_eq!(&read["attempts"], attempts);
        match upstream_micros {
            None => prop_assert_eq!(&read["upstream_ms"], &Value::Null),
            Some(micros) => prop_assert_eq!(&read["upstream_ms"], f64::from(micros) / 1000.0),
        }
    }

    #[test]
    fn the_older_forms_keep_their_fields_apart(
        (method, target, agent) in (bytes(), bytes(), bytes()),
    ) {
        let record = Record { method: &method, target: &target, user_agent: Some(&agent), ..record() };
        let line = line(combined::push_combined, &record);
        prop_assert!(line.strip_suffix('\n').unwrap().bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        prop_assert_eq!(line.matches('"').count(), 6);
        let request = line.split('"').nth(1).unwrap();
        prop_assert!(request == "-" || request.split(' ').count() == 3, "{}", request);
    }
}
