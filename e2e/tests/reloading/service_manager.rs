//! What systemd is told, and sockets that it hands over; played by the test, since no systemd is here.

use rustix::process::Signal;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use tombolo_e2e::{Client, Setup, Tombolo, eventually};

use crate::origin;

/// Where the service manager listens, and what it has heard.
struct Manager(UnixDatagram);

impl Manager {
    fn in_folder(folder: &Path) -> Self {
        let socket = UnixDatagram::bind(folder.join("notify")).unwrap();
        socket.set_read_timeout(Some(tombolo_e2e::PATIENCE)).unwrap();
        Self(socket)
    }

    /// The next message that is about this.
    fn heard(&self, what: &str) -> String {
        eventually(what, || {
            let mut bytes = [0; 4096];
            let length = self.0.recv(&mut bytes).unwrap();
            let text = String::from_utf8(bytes[..length].to_vec()).unwrap();
            text.contains(what).then_some(text)
        })
    }
}

/// Starts the gateway by a small program that does what a service manager does before it executes a
/// service.
fn under_manager(script: &str, setup: &str) -> (Tombolo, Manager) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tombolo.toml"), setup).unwrap();
    let manager = Manager::in_folder(folder.path());
    let program = Tombolo::path();
    let code = format!(
        "import os, socket\nos.environ['NOTIFY_SOCKET'] = os.getcwd() + '/notify'\n{script}\nos.execv({program:?}, [{program:?}, 'gateway', '-c', 'tombolo.toml'])"
    );
    (Tombolo::start_program_in(folder, "python3", &["-c", &code]), manager)
}

#[test]
fn the_manager_is_told_of_every_step() {
    let origin = origin("ok");
    let (gateway, manager) =
        under_manager("os.environ['WATCHDOG_USEC'] = '200000'", &Setup::to(&origin).text());
    manager.heard("READY=1");
    let mut gateway = gateway.listening();
    assert_eq!(gateway.connect().get("/").text(), "ok");
    manager.heard("WATCHDOG=1");
    gateway.signal(Signal::HUP);
    let reloading = manager.heard("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    manager.heard("READY=1");
    // What a reload that is refused leaves behind is seen in `systemctl status`.
    let file = gateway.folder().join("tombolo.toml");
    std::fs::write(&file, "[gateway]\nlisen = 1\n").unwrap();
    gateway.signal(Signal::HUP);
    let refused = manager.heard("the last reload was refused: tombolo.toml");
    assert!(refused.contains("READY=1"), "{refused}");
    std::fs::write(&file, Setup::to(&origin).text()).unwrap();
    gateway.signal(Signal::HUP);
    manager.heard("STATUS=serving\n");
    gateway.signal(Signal::TERM);
    manager.heard("STOPPING=1");
    assert_eq!(gateway.wait_for_exit().code(), Some(0));
}

#[test]
fn the_manager_learns_the_process_that_took_over() {
    let origin = origin("ok");
    let (gateway, manager) = under_manager("", &Setup::to(&origin).text());
    manager.heard("READY=1");
    let mut gateway = gateway.listening();
    let address = gateway.address();
    gateway.signal(Signal::USR2);
    let told = manager.heard("MAINPID=");
    let pid = told.lines().find_map(|line| line.strip_prefix("MAINPID=")).unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    assert_eq!(gateway.wait_for_exit().code(), Some(0), "the old one has nothing left to do");
    assert_eq!(Client::connect(address).get("/").text(), "ok");
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    manager.heard("STOPPING=1");
}

/// Socket activation: connections that come before the gateway runs wait for it.
#[test]
fn sockets_are_taken_from_the_manager() {
    let origin = origin("ok");
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (http, admin) = (free(), free());
    let text = Setup::to(&origin).workers(2).gateway(&format!("admin = \"{admin}\"")).text();
    let text = text.replace("127.0.0.1:0", &http.to_string());
    let script = format!(
        "import fcntl\nkept = []\nfor port in ({}, {}):\n    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n    s.bind(('127.0.0.1', port)); s.listen()\n    kept.append((s, fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 20)))\nearly = socket.create_connection(('127.0.0.1', {}))\nfor fd, (_, high) in zip((3, 4), kept): os.dup2(high, fd)\nos.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='http:admin')",
        http.port(),
        admin.port(),
        http.port()
    );
    let (gateway, manager) = under_manager(&script, &text);
    manager.heard("READY=1");
    for _ in 0..8 {
        assert_eq!(Client::connect(http).get("/").text(), "ok");
    }
    let ready =
        Client::connect(admin).exchange(format!("GET /readyz HTTP/1.1\r\nHost: {admin}\r\n\r\n"));
    assert_eq!(ready.status(), 200);
    drop(gateway);
}

/// The unit that we give away says what the gateway does.
#[test]
fn the_unit_in_the_examples_is_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/systemd");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (service, socket) = (read("tombolo.service"), read("tombolo.socket"));
    let value = |text: &str, key: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(&format!("{key}=")));
        found.unwrap_or_else(|| panic!("{key} in {text}")).to_owned()
    };
    assert_eq!(value(&service, "Type"), "notify");
    // A file with mistakes fails `systemctl reload`, and the gateway is not asked to read it.
    let mut reload = service.lines().filter_map(|line| line.strip_prefix("ExecReload="));
    assert!(reload.next().unwrap().ends_with("tombolo check /etc/tombolo/tombolo.toml"));
    assert_eq!(reload.next(), Some("/bin/kill -HUP $MAINPID"));
    assert_eq!(value(&service, "NotifyAccess"), "all");
    assert!(value(&service, "ExecStart").ends_with("tombolo gateway -c /etc/tombolo/tombolo.toml"));
    assert!(value(&service, "ExecStartPre").ends_with("tombolo check /etc/tombolo/tombolo.toml"));
    assert!(
        value(&service, "KillMode") == "mixed"
            && value(&service, "LimitNOFILE").parse::<u64>().is_ok()
    );
    assert_eq!(value(&socket, "FileDescriptorName"), "http");
    // Where systemd is at hand, its own judgement counts.
    let verify = std::process::Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(folder.join("tombolo.socket"))
        .output();
    if let Ok(output) = verify {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let ours = said.lines().filter(|line| line.contains("tombolo.s"));
        let ours: Vec<_> = ours.filter(|line| !line.contains("not executable")).collect();
        assert!(ours.is_empty(), "{ours:?}");
    }
}
