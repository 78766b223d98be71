//! Its start: what it says when something is in the way.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Up, alive, get};

#[test]
fn port_in_use_names_address_holder_and_another_address() {
    let folder = tempfile::tempdir().unwrap();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let mut up = Up::start(folder.path(), &["--listen", &address]);
    assert_eq!(up.ended().code(), Some(1));
    let said = up.err_text();
    assert!(said.starts_with("tombolo: "), "{said}");
    assert!(said.contains(&address) && said.contains("in use"), "{said}");
    assert!(said.contains(&format!("(pid {})", std::process::id())), "{said}");
    assert!(said.contains("--listen 127.0.0.1:"), "{said}");
}

#[test]
fn admin_port_in_use_names_holder_and_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let text = format!("[gateway]\nadmin = \"{address}\"\n[[service]]\nname = \"site\"\n");
    fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let mut up = Up::start(folder.path(), &["-c", "tombolo.toml"]);
    assert_eq!(up.ended().code(), Some(1));
    let said = up.err_text();
    assert!(said.contains(&format!("admin listener cannot listen on {address}")), "{said}");
    assert!(said.contains(&format!("(pid {})", std::process::id())), "{said}");
    assert!(said.contains("configuration file"), "{said}");
}

#[test]
fn tcp_port_in_use_names_holder_and_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let text = format!(
        "[[service]]\nname = \"site\"\n[[tcp]]\nlisten = \"{address}\"\nupstream = \"site\"\n"
    );
    fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let mut up = Up::start(folder.path(), &["-c", "tombolo.toml"]);
    assert_eq!(up.ended().code(), Some(1));
    let said = up.err_text();
    assert!(said.contains(&format!("TCP listener cannot listen on {address}")), "{said}");
    assert!(said.contains("configuration file"), "{said}");
}

#[test]
fn address_of_another_machine_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Up::start(folder.path(), &["--listen", "192.0.2.1:8080"]);
    assert_eq!(up.ended().code(), Some(1));
    assert!(up.err_text().contains("no address 192.0.2.1"), "{}", up.err_text());
}

#[test]
fn data_folder_in_use_names_the_holder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Up::ready(folder.path(), &[]);
    let mut second = Up::start(folder.path(), &[]);
    assert_eq!(second.ended().code(), Some(1));
    let said = second.err_text();
    assert!(said.contains(&format!("pid {}", first.pid())) && said.contains("--data"), "{said}");
}

#[test]
fn two_on_one_machine_keep_out_of_each_others_way() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut first = Up::ready(one.path(), &[]);
    let mut second = Up::ready(other.path(), &[]);
    let (first_table, second_table) = (first.table(), second.table());
    for (name, (address, _)) in &first_table {
        assert_ne!(second_table[name].0, *address, "{name}");
    }
    for (gateway, table) in
        [(first_table["gateway"].0, &first_table), (second_table["gateway"].0, &second_table)]
    {
        let answer = get(gateway, "/").unwrap();
        assert_eq!(answer.status, 200);
        let served_by = answer.field("x-served-by").unwrap_or_default().to_owned();
        let own = table.values().any(|(address, _)| address.to_string() == served_by);
        assert!(own, "{served_by}");
    }
}

#[test]
fn data_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "in the way").unwrap();
    let mut up = Up::start(folder.path(), &["--data", "file/data"]);
    assert_eq!(up.ended().code(), Some(1));
    let said = up.err_text();
    assert!(said.contains("file/data") && said.contains("--data"), "{said}");
}

#[test]
fn read_only_data_folder_is_named() {
    // Whoever may write everywhere cannot be kept out.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let mut up = Up::start(folder.path(), &[]);
    assert_eq!(up.ended().code(), Some(1));
    assert!(up.err_text().contains("--data"), "{}", up.err_text());
}

#[test]
fn written_configuration_says_what_runs() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("public")).unwrap();
    fs::write(folder.path().join("public/hello.txt"), "hello from a file").unwrap();
    let text = "
[gateway]
workers = 1
[access_log]
stdout = false
[[service]]
name = \"site\"
replicas = 2
root = \"public\"
[[route]]
path = \"/\"
upstream = \"site\"
";
    fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let mut up = Up::start(folder.path(), &["-c", "tombolo.toml", "--data", "elsewhere"]);
    up.err_line(|line| line.contains("all of it is ready"));
    let row = up.out_line(|line| line.starts_with("gateway "));
    let url = row.split_whitespace().nth(1).unwrap();
    let gateway = url.strip_prefix("http://").unwrap().parse().unwrap();
    let answer = get(gateway, "/hello.txt").unwrap();
    assert!(answer.text.ends_with("hello from a file"), "{}", answer.text);
    let written = up.read("elsewhere/run/gateway.toml");
    assert!(written.contains("workers = 1"), "{written}");
}

#[test]
fn start_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let text = "
[[service]]
name = \"site\"
root = \"nowhere\"
[[route]]
path = \"/\"
upstream = \"site\"
";
    fs::write(folder.path().join("tombolo.toml"), text).unwrap();
    let mut up = Up::start(folder.path(), &["-c", "tombolo.toml"]);
    assert_eq!(up.ended().code(), Some(1));
    let said = up.err_text();
    assert!(said.contains("nowhere"), "{said}");
    assert!(said.contains("could not be started"), "{said}");
    assert!(!alive(up.pid()));
}
