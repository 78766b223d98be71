//! Sessions of the command line, and what becomes of them when replicas are killed.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tombolo_e2e::{Client, Tombolo};

use crate::Library;

/// The token that the command keeps.
fn token(library: &Library) -> String {
    let path = library.path("config/tombolo/library-sessions.json");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let tokens: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (_, token) = tokens.as_object().unwrap().iter().next().unwrap();
    token.as_str().unwrap().to_owned()
}

fn status(at: &Tombolo, token: &str) -> u16 {
    let fields = format!("Authorization: Bearer {token}\r\n");
    let request = format!("GET /library/api/users/me HTTP/1.1\r\nHost: e2e\r\n{fields}\r\n");
    Client::connect(at.address()).exchange(request).status()
}

#[test]
fn a_session_outlives_the_replica_that_made_it() {
    let mut library = Library::start();
    library.log_in();
    let token = token(&library);
    for index in 0..2 {
        assert_eq!(status(&library.replicas[index], &token), 200);
        library.replicas[index].kill();
        // With even one up it is known, and the gateway finds that one.
        for _ in 0..3 {
            assert_eq!(status(&library.gateway, &token), 200);
        }
    }
    let told = library.client(&["library", "logout"]).run().succeeded();
    assert!(told.contains("logged out"), "{told}");
    assert_eq!(status(&library.replicas[2], &token), 401);
    let again = library.client(&["library", "logout"]).run().succeeded();
    assert!(again.contains("there was no session"), "{again}");
}

#[test]
fn a_wrong_password_and_a_second_admin_of_an_address_are_refused_in_words() {
    let library = Library::start();
    library.log_in();
    let wrong = library.client(&["library", "login", "ana@example.org"]).input("nonsense\n").run();
    let said = wrong.stderr.clone();
    assert!(wrong.code == Some(1) && said.contains("its password is another one"), "{said}");
    let (database, _) = crate::places(library.folder.path());
    let create = ["library", "admin", "create", "ANA@example.org", "--database", &database];
    let taken = library.command(&create).input(crate::PASSWORD).run();
    let said = taken.stderr.clone();
    assert!(taken.code == Some(1) && said.contains("there is an account"), "{said}");
    let short = library.command(&create).input("short\n").run();
    assert!(short.stderr.contains("at least 8 characters"), "{short:?}");
}
