//! The steps in their order: the quick ones first, so that a mistake is known soon.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Result, bail, ensure};

use super::{Context, binary, flaky, fuzz, measured, report::Report, tools};
use crate::{
    packages::{self, Need},
    run::on_path,
    tidy,
};

/// A step of the test.
pub(crate) struct Step {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) title: &'static str,
    /// Programs without which it fails.
    pub(crate) needs: &'static [Need],
    /// What it does.
    pub(crate) work: fn(&Context<'_>) -> Result<()>,
}

/// Every step.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "fmt", title: "formatting", needs: &[], work: fmt },
    Step { name: "tidy", title: "the rules of the house", needs: &[], work: house },
    Step { name: "clippy", title: "lints, all targets", needs: &[], work: clippy },
    Step { name: "build", title: "programs and tests, profile `checked`", needs: &[], work: build },
    Step {
        name: "unit",
        title: "unit, integration and doc tests",
        needs: packages::UNIT,
        work: unit,
    },
    Step {
        name: "examples",
        title: "every example passes `check`, the unit is hardened",
        needs: packages::SERVICE_MANAGER,
        work: examples,
    },
    Step {
        name: "e2e",
        title: "real processes, foreign clients",
        needs: packages::FOREIGN_CLIENTS,
        work: end_to_end,
    },
    Step {
        name: "fuzz",
        title: "each fuzz target for 30 s",
        needs: packages::FUZZING,
        work: fuzz::fuzz,
    },
    Step {
        name: "instructions",
        title: "instruction counts within their limits",
        needs: packages::COUNTING,
        work: measured::instructions,
    },
    Step {
        name: "bench",
        title: "the measurements run, briefly",
        needs: packages::MEASURING,
        work: measured::bench,
    },
];

/// The tests of the end-to-end step, for nextest.
const END_TO_END: &str = "package(tombolo-e2e)";
/// Where nextest writes its report, below the target folder (`.config/nextest.toml`).
const REPORT: &str = "nextest/default/junit.xml";
/// Longest time for what builds nothing.
const QUICK: Duration = Duration::from_secs(2 * 60);
/// Longest time for checking or building the workspace, or for its tests.
const LONG: Duration = Duration::from_secs(25 * 60);

fn fmt(context: &Context<'_>) -> Result<()> {
    let workspace = context.workspace;
    context.run(workspace.cargo().args(["fmt", "--all", "--check"]), QUICK)
}

fn house(context: &Context<'_>) -> Result<()> {
    ensure!(tidy::run(context.workspace)?, "the findings above");
    Ok(())
}

fn clippy(context: &Context<'_>) -> Result<()> {
    // The profile makes no difference to lints: what runs while compiling is built once for all steps.
    let mut cargo = context.workspace.cargo();
    cargo.args(["clippy", "--profile", binary::PROFILE, "--workspace", "--all-targets"]);
    context.run(cargo.args(["--", "--deny", "warnings"]), LONG)
}

fn unit(context: &Context<'_>) -> Result<()> {
    // An S3 server and Stripe's own library, which the library's tests run against.
    tools::python_environment(context)?;
    tools::node_modules(context)?;
    if on_path("cargo-nextest") {
        run_named(context, &mut binary::nextest(context, &format!("not {END_TO_END}")))?;
        return context.run(binary::cargo_test(context).arg("--doc"), LONG);
    }
    context.run(binary::cargo_test(context).args(["--exclude", "tombolo-e2e"]), LONG)
}

fn build(context: &Context<'_>) -> Result<()> {
    binary::build(context, LONG).map(|_| ())
}

fn examples(context: &Context<'_>) -> Result<()> {
    let tombolo = binary::build(context, LONG)?;
    let folder = PathBuf::from("examples");
    let files: Vec<PathBuf> = context
        .workspace
        .files()?
        .into_iter()
        .filter(|file| file.starts_with(&folder))
        .filter(|file| file.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    ensure!(!files.is_empty(), "there is no examples/*.toml");
    // `check` opens what a file names, as seen from the folder it runs in.
    let here = context.workspace.target().join("examples");
    std::fs::create_dir_all(here.join("public"))?;
    let mut failed = Vec::new();
    for file in files {
        let mut check = Command::new(&tombolo);
        check.current_dir(&here).arg("check").arg(context.workspace.root.join(&file));
        if let Err(error) = context.run(&mut check, QUICK) {
            failed.push(format!("{error:#}"));
        }
    }
    // Its own measure of exposure, times ten: 2.0 is where it speaks of a service as well confined.
    let mut unit = Command::new("systemd-analyze");
    unit.current_dir(&context.workspace.root).args(["security", "--offline=true", "--no-pager"]);
    unit.args(["--threshold=20", "examples/systemd/tombolo.service"]);
    if let Err(error) = context.run(&mut unit, QUICK) {
        failed.push(format!("{error:#}"));
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}

fn end_to_end(context: &Context<'_>) -> Result<()> {
    let tombolo = binary::build(context, LONG)?;
    tools::python_environment(context)?;
    tools::node_modules(context)?;
    if !on_path("cargo-nextest") {
        let mut test = context.workspace.cargo();
        test.args(["test", "--no-fail-fast", "--profile", binary::PROFILE, "-p", "tombolo-e2e"]);
        return context.run(test.env("TOMBOLO_BIN", tombolo), LONG);
    }
    run_named(context, binary::nextest(context, END_TO_END).env("TOMBOLO_BIN", tombolo))
}

/// Runs `test`; names the tests that failed, so that the summary at the end of a long log has them, and
/// those that needed their second try.
fn run_named(context: &Context<'_>, test: &mut Command) -> Result<()> {
    let report = context.workspace.target().join(REPORT);
    // The report of an earlier run tells nothing of this one.
    let _none = std::fs::remove_file(&report);
    let outcome = context.run(test, LONG);
    let report = Report::read(&report);
    if let Err(error) = outcome {
        let failed = report.and_then(|report| report.failed()).unwrap_or_default();
        bail!("{error:#}\n{}", failed.join("\n"));
    }
    flaky::judge(&context.workspace.root, &report?)
}
