//! JupyterLab: its page and files, and a kernel over REST and a WebSocket.

use crate::{application, in_every_mode, program, python};

#[test]
#[ignore = "installs JupyterLab"]
fn a_notebook_computes() {
    in_every_mode(
        |folder| application(python("applications"), "jupyter_server.py", folder),
        |_| python("applications").arg(program("jupyter_client.py")),
    );
}
