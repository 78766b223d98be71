//! What `ps` and `pgrep` call our processes.

use std::fs;

use tombolo_e2e::{Setup, Tombolo};

fn comm(process: &Tombolo) -> String {
    fs::read_to_string(format!("/proc/{}/comm", process.pid())).expect("the process runs")
}

#[test]
fn each_program_has_a_name_of_its_own() {
    let site = Tombolo::start(&["serve", "site", "--listen", "0"]).listening();
    assert_eq!(comm(&site), "tombolo-site\n");
    let gateway = Setup::to_addresses([site.address().to_string()]).start();
    assert_eq!(comm(&gateway), "tombolo-gateway\n");
}
