//! The binary that tests run against: optimised, with overflow checks and assertions on.

use std::{path::PathBuf, time::Duration};

use anyhow::Result;

use super::Context;

/// The profile in the root manifest.
pub(super) const PROFILE: &str = "checked";

/// Builds it, or finds that it is built, and returns its path.
pub(super) fn build(context: &Context<'_>, limit: Duration) -> Result<PathBuf> {
    let arguments = ["build", "--profile", PROFILE, "-p", "tombolo"];
    context.run(context.workspace.cargo().args(arguments), limit)?;
    Ok(context.workspace.target().join(PROFILE).join("tombolo"))
}
