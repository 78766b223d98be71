//! A flat apt repository: apt asks for `/./Packages` and `/./NAME.deb`.

use crate::{application, in_every_mode, program};
use tombolo_e2e::Foreign;

#[test]
fn apt_installs_from_a_flat_repository() {
    let python = || Foreign::program("python3", "python3");
    in_every_mode(
        |folder| application(python(), "apt_repository.py", folder),
        |_| python().arg(program("apt_client.py")),
    );
}
