//! Debian's docker-registry: skopeo pushes an image through the gateway and pulls it back.

use crate::{application, in_every_mode, program};
use tombolo_e2e::Foreign;

#[test]
#[ignore = "installs a registry of images"]
fn an_image_is_pushed_and_pulled() {
    let python = || Foreign::program("python3", "python3");
    in_every_mode(
        |folder| application(python(), "docker_registry.py", folder),
        |_| python().arg(program("docker_client.py")),
    );
}
