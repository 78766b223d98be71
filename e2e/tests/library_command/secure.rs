//! Over TLS, which nginx ends before the gateway: whose certificate is believed, and whose is not.

use std::net::{SocketAddr, TcpListener, TcpStream};

use tombolo_e2e::{Chance, Foreign, Server, eventually};

use crate::{Library, PASSWORD};

/// A port that is free now: nginx cannot be told to take any.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port")
}

/// A certificate for 127.0.0.1 that nobody else has signed, and its key. It says that it is no authority's
/// own: TLS clients other than OpenSSL refuse one of those from a server.
fn certificate(library: &Library, name: &str) {
    let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    let subject = ["-nodes", "-days", "2", "-subj", "/CN=library", "-addext"];
    let (key, file) = (format!("{name}.key"), format!("{name}.pem"));
    let constraint = ["-addext", "basicConstraints=critical,CA:FALSE"];
    let names = ["subjectAltName=IP:127.0.0.1", "-keyout", &key, "-out", &file];
    let openssl = Foreign::program("openssl", "openssl").folder(library.folder.path());
    openssl.args(request).args(subject).args(names).args(constraint).run().succeeded();
}

/// nginx with that certificate, the gateway behind it.
fn nginx(library: &Library, front: SocketAddr) -> Server {
    let text = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
         access_log off;\nclient_max_body_size 0;\nproxy_request_buffering off;\nserver {{\n\
         listen {front} ssl;\nssl_certificate library.pem;\nssl_certificate_key library.key;\n\
         location / {{ proxy_pass http://{}; proxy_http_version 1.1; proxy_set_header Host $http_host; }}\n\
         }}\n}}\n",
        library.gateway.address()
    );
    std::fs::write(library.path("nginx.conf"), text).unwrap();
    let nginx = Foreign::program("nginx", "nginx").args(["-p", ".", "-c", "nginx.conf"]);
    let server = nginx.folder(library.folder.path()).serve();
    eventually("nginx to listen", || TcpStream::connect(front).ok());
    server
}

#[test]
fn a_certificate_of_a_file_is_believed_and_no_other() {
    let library = Library::start();
    library.log_in();
    certificate(&library, "library");
    certificate(&library, "another");
    let front = free();
    let _nginx = nginx(&library, front);
    let url = format!("https://{front}");
    let run = |arguments: &[&str], input: &str| {
        let all = [arguments, &["--server", &url]].concat();
        library.command(&all).input(input).run()
    };
    let login = ["library", "login", "ana@example.org"];
    for trust in [&[][..], &["--ca", "another.pem"]] {
        let refused = run(&[&login[..], trust].concat(), PASSWORD);
        let said = &refused.stderr;
        assert!(refused.code == Some(1) && said.contains("not trusted"), "{refused:?}");
    }
    let nothing = run(&[&login[..], &["--ca", "nginx.conf"]].concat(), PASSWORD);
    assert!(nothing.code == Some(1) && nothing.stderr.contains("no certificate"), "{nothing:?}");
    let trust = ["--ca", "library.pem"];
    run(&[&login[..], &trust].concat(), PASSWORD).succeeded();

    let bytes = Chance::new().bytes(9 << 20);
    std::fs::write(library.path("film.mkv"), &bytes).unwrap();
    let told = run(&["put", "film.mkv", "--ca", "library.pem"], "").succeeded();
    let id = told.split_whitespace().next().unwrap();
    run(&["get", id, "-o", "copy.mkv", "--ca", "library.pem"], "").succeeded();
    assert!(std::fs::read(library.path("copy.mkv")).unwrap() == bytes);
}
