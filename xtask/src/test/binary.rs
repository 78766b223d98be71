//! What the steps share: every crate is compiled once, optimised a little, with overflow checks and
//! assertions on. The same packages are chosen by each step, since a third-party crate's features, and so
//! whether it is compiled again, depend on which packages are built with it.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::Result;

use super::Context;

/// The profile in the root manifest.
pub(super) const PROFILE: &str = "checked";
/// All packages but the fuzz targets, which need flags of their own.
pub(super) const PACKAGES: [&str; 3] = ["--workspace", "--exclude", "tombolo-fuzz"];

/// Builds programs and tests, or finds that they are built, and returns the path of `tombolo`.
pub(super) fn build(context: &Context<'_>, limit: Duration) -> Result<PathBuf> {
    let mut cargo = context.workspace.cargo();
    cargo.args(["build", "--profile", PROFILE, "--bins", "--tests"]).args(PACKAGES);
    context.run(&mut cargo, limit)?;
    Ok(context.workspace.target().join(PROFILE).join("tombolo"))
}

/// A call of nextest for the tests that `filter` names.
pub(super) fn nextest(context: &Context<'_>, filter: &str) -> Command {
    let mut cargo = context.workspace.cargo();
    cargo.args(["nextest", "run", "--no-fail-fast", "--cargo-profile", PROFILE]).args(PACKAGES);
    cargo.args(["--filterset", filter]);
    cargo
}

/// A call of cargo's own runner for the chosen packages.
pub(super) fn cargo_test(context: &Context<'_>) -> Command {
    let mut cargo = context.workspace.cargo();
    cargo.args(["test", "--no-fail-fast", "--profile", PROFILE]).args(PACKAGES);
    cargo
}
