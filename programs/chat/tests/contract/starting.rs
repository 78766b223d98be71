//! A replica whose database does not answer says that it is starting, and heeds an end.

use std::net::TcpListener;
use std::time::Instant;

use tombolo_chat::{Options, migrate};
use tombolo_e2e::eventually;

use crate::replicas::{PATIENCE, Replica, Store};

#[test]
fn a_replica_that_waits_for_its_database_says_so_and_can_be_ended() {
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://ann@{}/chat?sslmode=disable", silent.local_addr().unwrap());
    let options = Options::new("127.0.0.1:0".parse().unwrap(), url.parse().unwrap());
    let replica = Replica::start(options);
    let health = replica.get("/health");
    assert_eq!((health.status, health.json()["status"].as_str()), (503, Some("starting")));
    let rooms = replica.get("/chat/rooms");
    assert_eq!((rooms.status, rooms.field("Retry-After")), (503, Some("1")));
    let start = Instant::now();
    replica.trigger.drain();
    replica.ended().unwrap();
    assert!(start.elapsed() < PATIENCE / 4, "{:?}", start.elapsed());
}

#[test]
fn starters_wait_while_another_changes_the_tables() {
    let Some(store) = Store::postgres() else { return };
    let server = store.server.as_ref().unwrap();
    // Holds the lock of those who change tables, as a long step would.
    let hold = "SELECT pg_advisory_lock(x'746f6d626f6c6f'::bigint); SELECT pg_sleep(60)";
    let mut holder = server.query_in_background(hold);
    eventually("the lock", || {
        let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted";
        (server.query(held) == "1").then_some(())
    });
    let options = Options::new("127.0.0.1:0".parse().unwrap(), store.url());
    let replica = Replica::start(options);
    eventually("one that waits for the lock", || {
        let asked = "SELECT count(*) FROM pg_stat_activity
            WHERE application_name = 'tombolo chat' AND query LIKE '%pg_try_advisory_lock%'";
        (server.query(asked) == "1").then_some(())
    });
    assert_eq!(replica.get("/health").json()["status"], "starting");
    holder.kill().unwrap();
    holder.wait().unwrap();
    server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'
            AND pid <> pg_backend_pid()",
    );
    eventually("a replica that serves", || (replica.get("/health").status == 200).then_some(()));
}

#[test]
fn a_role_that_may_not_create_tables_can_serve() {
    let Some(store) = Store::postgres() else { return };
    let server = store.server.as_ref().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    server.query("CREATE ROLE humble LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let url = store.url().expose().replace("tombolo@", "humble@").parse().unwrap();
    let refused = runtime.block_on(migrate(&url)).unwrap_err().to_string();
    assert!(refused.contains("tombolo migrate"), "{refused}");
    runtime.block_on(migrate(&store.url())).unwrap();
    server.query("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO humble");
    let replica = store.replica_with(|options| options.database = url);
    replica.say("lobby", ["hello".into()]);
}

/// Both ways in which pgbouncer treats the settings of a session: refused, or dropped.
#[test]
fn a_pooler_is_refused_in_words() {
    let Some(store) = Store::postgres() else { return };
    let is_there = std::process::Command::new("pgbouncer").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("\n!!! NOT TESTED behind pgbouncer. apt-get install pgbouncer\n");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for ignore in ["", "ignore_startup_parameters = extra_float_digits, options"] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display();
        let server = store.server.as_ref().unwrap().socket();
        let server = server.parent().unwrap().display().to_string();
        let ini = folder.path().join("pgbouncer.ini");
        std::fs::write(
            &ini,
            format!(
                "[databases]\n* = host={server} user=tombolo\n[pgbouncer]\nlisten_addr =\n\
                 listen_port = 6432\nunix_socket_dir = {place}\nauth_type = any\n\
                 pool_mode = transaction\n{ignore}\n"
            ),
        )
        .unwrap();
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(folder.path(), all).unwrap();
        let mut pooler = std::process::Command::new("setpriv");
        if rustix::process::geteuid().is_root() {
            pooler.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        }
        pooler.args(["--pdeathsig", "KILL", "pgbouncer", "-q"]).arg(&ini);
        let mut pooler = pooler.stderr(std::process::Stdio::null()).spawn().unwrap();
        let socket = folder.path().join(".s.PGSQL.6432");
        eventually("pgbouncer", || std::os::unix::net::UnixStream::connect(&socket).ok().map(drop));
        let url = format!("postgres://tombolo@localhost:6432/postgres?host={place}");
        let error = runtime.block_on(migrate(&url.parse().unwrap())).unwrap_err().to_string();
        pooler.kill().unwrap();
        pooler.wait().unwrap();
        assert!(error.contains("pgbouncer"), "{ignore}: {error}");
    }
}
