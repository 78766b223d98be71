//! Foreign clients of the chat, through the gateway to three replicas that share one file.

use tombolo_e2e::{Foreign, Setup, Tombolo};

use crate::libraries::{node, passes, python};

/// Three replicas and a gateway before them; the folder outlives them.
struct Chat {
    gateway: Tombolo,
    _replicas: Vec<Tombolo>,
    _folder: tempfile::TempDir,
}

fn chat() -> Chat {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = format!("sqlite:{}", folder.path().join("chat.db").display());
    let arguments = ["serve", "chat", "--listen", "0", "--database", &database];
    let replicas: Vec<_> = (0..3).map(|_| Tombolo::start(&arguments).listening()).collect();
    let addresses = replicas.iter().map(|replica| replica.address().to_string());
    Chat { gateway: Setup::to_addresses(addresses).start(), _replicas: replicas, _folder: folder }
}

/// `curl -N` shows a message while the stream goes on, and posts with a file of JSON.
#[test]
fn curl_follows_and_posts() {
    let chat = chat();
    let room = chat.gateway.url("/chat/rooms/caf%C3%A9");
    let following = Foreign::program("curl", "curl")
        .args(["-sN", "--max-time", "60", &format!("{room}/events?after=0")])
        .serve();
    let said = Foreign::program("curl", "curl")
        .args(["-sS", "--fail-with-body", "-H", "Content-Type: application/json"])
        .args(["-d", r#"{"author":"Ana","text":"hola"}"#, &format!("{room}/messages")])
        .run()
        .succeeded();
    assert!(said.contains(r#""seq":1,"room":"café","author":"Ana","text":"hola""#), "{said}");
    following.stdout().wait_for_text(r#""text":"hola""#);
}

#[test]
fn node_eventsource() {
    let modules = crate::kept().join("node_modules/eventsource");
    assert!(modules.is_dir(), "no {}: `cargo xtask test` installs it", modules.display());
    passes(node(), "chat_events.cjs", &chat().gateway);
}

#[test]
fn python_websockets() {
    passes(python(), "chat_socket.py", &chat().gateway);
}
