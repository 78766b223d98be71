//! What a replica says when its database cannot be used: each cause by its name, and what to do. And
//! the ways to a PostgreSQL server that work.

use std::net::SocketAddr;
use std::process::Command;

use tombolo_e2e::{Link, Postgres, Refusing, Tombolo, eventually};

use crate::replica::{get, log, post, post_surely, start, start_at};

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A replica that ends by itself, with these words.
fn ends_with(mut replica: Tombolo, words: &[&str]) {
    assert!(!replica.wait_for_exit().success());
    let said = replica.stderr().text();
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_wrong_password_is_named_and_not_shown() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.query("CREATE ROLE ann LOGIN PASSWORD 'right'");
    postgres.require_password("ann");
    let link = Link::to(postgres.socket());
    let url = |password: &str| {
        format!("postgres://ann:{password}@{}/postgres?sslmode=disable", link.address())
    };
    let refused = start_at(&url("mistaken"), any());
    ends_with(refused, &["password authentication failed", "check user and password"]);
    let refused = start_at(&url("mistaken"), any());
    eventually("the end", || refused.stderr().text().contains("check user").then_some(()));
    assert!(!refused.stderr().text().contains("mistaken"));
    postgres.query("GRANT CREATE ON SCHEMA public TO ann");
    post_surely(start(&url("right")).address(), "one");
}

#[test]
fn nobody_who_listens_is_named_at_once() {
    let nobody = Refusing::new();
    let replica = start_at(&format!("postgres://ann@{}/chat", nobody.address()), any());
    // Long before it gives up.
    replica.stderr().wait_for("the cause", |line| {
        (line.contains("refused") && line.contains("nothing listens there")).then_some(())
    });
}

#[test]
fn too_many_connections_are_named() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.query("CREATE ROLE ann LOGIN; GRANT CREATE ON SCHEMA public TO ann");
    let url = postgres.url().replace("tombolo@", "ann@");
    let replica = start(&url);
    post_surely(replica.address(), "one");
    postgres.query("ALTER ROLE ann CONNECTION LIMIT 0");
    postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ann'");
    eventually("the cause in /health", || {
        let (status, health) = get(replica.address(), "/health")?;
        let fault = health["writes"]["fault"].as_str()?.to_owned();
        (status == 503 && fault.contains("too many connections")).then_some(())
    });
    postgres.query("ALTER ROLE ann CONNECTION LIMIT -1");
    post_surely(replica.address(), "two");
}

#[test]
fn a_dropped_database_and_missing_tables_end_a_replica_with_the_reason() {
    let Some(postgres) = Postgres::start() else { return };
    let url = postgres.new_database("other");
    let replica = start(&url);
    post_surely(replica.address(), "one");
    postgres.query("DROP DATABASE other WITH (FORCE)");
    ends_with(replica, &["\"other\" does not exist", "create the database first"]);
    ends_with(start_at(&url, any()), &["create the database first"]);
    let replica = start(&postgres.url());
    post_surely(replica.address(), "one");
    postgres.query("DROP TABLE chat_message");
    // Nobody reads or writes: the checks of health notice it.
    eventually("the end", || {
        get(replica.address(), "/health").is_none_or(|(status, _)| status == 503).then_some(())
    });
    ends_with(replica, &["chat_message", "restore them"]);
}

#[test]
fn ipv6_and_unix_sockets_lead_to_a_server() {
    let Some(postgres) = Postgres::start() else { return };
    let link = Link::on("[::1]:0".parse().unwrap(), postgres.socket());
    assert!(link.address().is_ipv6());
    let ipv6 = format!("postgres://tombolo@{}/postgres?sslmode=disable", link.address());
    post_surely(start(&ipv6).address(), "one");
    let socket = postgres.socket();
    let folder = socket.parent().unwrap().display().to_string().replace('/', "%2F");
    let replica = start(&format!("postgres://tombolo@{folder}/postgres"));
    post_surely(replica.address(), "two");
    assert_eq!(log(replica.address()), ["one", "two"]);
}

/// The disk fails at a sync: nothing is acknowledged by it, the cause is named, and what was
/// acknowledged before and after is there.
#[test]
fn a_failed_sync_is_named_and_never_acknowledged() {
    let is_traceable = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if !is_traceable.is_ok_and(|output| output.status.success()) {
        let words = "strace cannot trace here: apt-get install strace, and allow ptrace";
        assert!(std::env::var_os("CI").is_none(), "{words}");
        eprintln!("SKIPPED: {words}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("t.db").display());
    drop(start(&url));
    let program = Tombolo::path().display().to_string();
    let fails = "inject=fsync,fdatasync:error=EIO:when=20..24";
    let strace = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", fails];
    let serve = [&program, "serve", "chat", "--listen", "127.0.0.1:0", "--rate", "0"];
    let arguments = [&strace[..], &serve, &["--database", &url]].concat();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut replica = Tombolo::start_program_in(elsewhere, "strace", &arguments).listening();
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for number in 0..60 {
        let text = format!("text-{number}");
        match post(replica.address(), &text) {
            Some((201, _)) => acknowledged.push(text),
            Some((503, _)) => refused += 1,
            None if !replica.runs() => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 0, "no sync has failed");
    let said = replica.stderr().text();
    assert!(said.contains("disk I/O error"), "{said}");
    let ended = !replica.runs();
    assert!(ended || acknowledged.len() > 20, "it heals or ends: {}", acknowledged.len());
    replica.kill();
    let there = log(start(&url).address());
    for text in &acknowledged {
        assert_eq!(there.iter().filter(|one| *one == text).count(), 1, "{text}: {there:?}");
    }
}
