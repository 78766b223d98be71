//! The long forms, `cargo xtask test --long NAME`: minutes to hours each, so CI does not run them. Their
//! last results stand in docs/test-report.md.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::Result;

use super::{Context, binary, steps::Step, tools};
use crate::packages;

/// Every long form.
pub(super) const LONG_FORMS: &[Step] = &[
    Step {
        name: "alarms",
        title: "thirteen more faults, made for real, in a real Prometheus (a minute)",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| chosen(context, "foreign", "alarms::"),
    },
    Step {
        name: "applications",
        title: "JupyterLab, Node-RED and docker-registry behind the gateway (3 minutes)",
        needs: packages::APPLICATIONS,
        work: |context| {
            tools::applications(context)?;
            ignored(context, "applications")
        },
    },
    Step {
        name: "cache",
        title: "the cache: 200 kills, a scan of 10,000 things (6 minutes)",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| ignored(context, "cache_faults"),
    },
    Step {
        name: "chat",
        title: "the chat: a minute of kills on each engine",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| ignored(context, "chat"),
    },
    Step {
        name: "jmeter",
        title: "JMeter's plan for the library with 10, 50 and 200 users (2 minutes)",
        needs: packages::JMETER,
        work: |context| chosen(context, "library", "jmeter::"),
    },
    Step {
        name: "library",
        title: "files up to 2 GiB while replicas of the library are killed (10 minutes)",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| chosen(context, "library", "long::"),
    },
    Step {
        name: "library-cuts",
        title: "transfers of 13 clients cut at 5 places in 6 ways, up to 2 GiB (1 to 2 hours)",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| chosen(context, "library", "cuts::"),
    },
    Step {
        name: "library-garage",
        title: "content in three nodes of Garage: its contract, cut transfers (20 minutes, more to build it)",
        needs: packages::FOREIGN_CLIENTS,
        work: garage,
    },
    Step {
        name: "orchestration",
        title: "a minute of scaling and rolling restarts under load",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| ignored(context, "orchestration"),
    },
    Step {
        name: "reloading",
        title: "100 reloads and 5 upgrades under load",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| ignored(context, "reloading"),
    },
    Step {
        name: "schemathesis",
        title: "the library's API against its description, by chance (6 minutes)",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| chosen(context, "library", "api::"),
    },
    Step {
        name: "soak",
        title: "ten minutes of mixed load, memory flat",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| ignored(context, "soak"),
    },
    Step {
        name: "storage",
        title: "ten minutes of kills, freezes, cuts, delays and full disks on each engine",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| ignored(context, "storage"),
    },
    Step {
        name: "users",
        title: "200 users of the library, two of three replicas killed in turn (10 minutes, or TOMBOLO_USERS_SECONDS)",
        needs: packages::FOREIGN_CLIENTS,
        work: |context| chosen(context, "library", "users::"),
    },
];

/// Longest time for building, and for one long form.
const BUILD_LIMIT: Duration = Duration::from_secs(25 * 60);
const RUN_LIMIT: Duration = Duration::from_secs(80 * 60);

/// Runs the tests of a group of `e2e/tests` that are marked `#[ignore]`, one after the other.
fn ignored(context: &Context<'_>, group: &str) -> Result<()> {
    chosen(context, group, "")
}

/// Of these, those in whose names this is.
fn chosen(context: &Context<'_>, group: &str, name: &str) -> Result<()> {
    let tombolo = binary::build(context, BUILD_LIMIT)?;
    tools::python_environment(context)?;
    tools::node_modules(context)?;
    let mut test = binary::cargo_test(context);
    test.args(["--test", group, "--", name]);
    test.args(["--ignored", "--nocapture", "--test-threads", "1"]).env("TOMBOLO_BIN", tombolo);
    context.run(&mut test, RUN_LIMIT)
}

/// The contract of content, and transfers of 1 MB cut at every place, with content in Garage.
fn garage(context: &Context<'_>) -> Result<()> {
    let tombolo = binary::build(context, BUILD_LIMIT)?;
    tools::python_environment(context)?;
    tools::node_modules(context)?;
    let garage = tools::garage(context)?;
    let scripts = context.workspace.root.join("e2e/tests/library/cuts");
    let kept = context.workspace.target().join("e2e");
    let place = |name: &str| -> Result<PathBuf> {
        let folder = context.workspace.target().join("tmp").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    };
    let in_garage = |name: &str| -> Result<Command> {
        let mut command = Command::new("python3");
        command.arg("-B").arg(scripts.join("garage.py")).arg(&garage).arg(place(name)?);
        Ok(command)
    };
    let mut contract = in_garage("garage-contract")?;
    contract.current_dir(&context.workspace.root).arg("cargo").args([
        "test",
        "-p",
        "tombolo-library",
    ]);
    contract.args(["--lib", "--", "--ignored", "a_real_object_store"]);
    context.run(&mut contract, BUILD_LIMIT)?;
    let mut cuts = in_garage("garage-cuts")?;
    cuts.args(["python3", "-B"]).arg(scripts.join("cuts.py")).arg(tombolo).arg(kept);
    cuts.arg(place("garage-library")?).args(["long", "1048576 bytes"]);
    context.run(&mut cuts, RUN_LIMIT)
}
