//! Django with its own log-in: whoever logs in sees their page, nobody else does, and a log-out holds.

use crate::{application, in_every_mode, program, python};

#[test]
fn a_log_in_holds_and_is_seen_by_one_person_alone() {
    in_every_mode(
        |folder| application(python("venv"), "django_site.py", folder),
        |_| python("venv").arg(program("django_client.py")),
    );
}
