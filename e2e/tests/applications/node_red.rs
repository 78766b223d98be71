//! Node-RED: its editor, a flow that is deployed and changed, and its WebSocket.

use crate::{application, in_every_mode, kept, program, python};
use tombolo_e2e::Foreign;

#[test]
#[ignore = "installs Node-RED"]
fn flows_are_deployed_and_answer() {
    let node_red = kept().join("applications-node/node_modules/node-red/red.js");
    assert!(node_red.is_file(), "no {}: see --long applications", node_red.display());
    in_every_mode(
        |folder| {
            let python = Foreign::program("python3", "python3").env("NODE_RED", &node_red);
            application(python, "node_red_server.py", folder)
        },
        |_| python("applications").arg(program("node_red_client.py")),
    );
}
