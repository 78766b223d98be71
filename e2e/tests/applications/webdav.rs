//! WebDAV (WsgiDAV): what is moved, copied or removed is not answered from the cache.

use crate::{application, in_every_mode, program, python};

#[test]
fn files_are_moved_copied_and_removed_over_webdav() {
    in_every_mode(
        |folder| application(python("venv"), "webdav_server.py", folder),
        |_| python("venv").arg(program("webdav_client.py")),
    );
}
