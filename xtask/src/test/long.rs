//! The long forms, `cargo xtask test --long NAME`: minutes to hours each, so CI does not run them. Their
//! last results stand in docs/test-report.md.

use std::time::Duration;

use anyhow::Result;

use super::{Context, binary, steps::Step, tools};
use crate::packages;

/// Every long form.
pub(super) const LONG_FORMS: &[Step] = &[
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
        title: "ten minutes of kills, freezes, cuts, delays and full disks, on both engines",
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
    let mut test = context.workspace.cargo();
    test.args(["test", "-p", "tombolo-e2e", "--test", group, "--", name]);
    test.args(["--ignored", "--nocapture", "--test-threads", "1"]).env("TOMBOLO_BIN", tombolo);
    context.run(&mut test, RUN_LIMIT)
}
