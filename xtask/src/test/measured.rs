//! Instruction counts, and a short run of the measurements.

use std::{process::Command, time::Duration};

use anyhow::Result;

use super::{Context, binary, tools};

/// Longest time for building what a step measures.
const BUILD_LIMIT: Duration = Duration::from_secs(25 * 60);
/// Longest time for a run that should take a minute.
const RUN_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Counts the instructions of the hot paths of codec, cache and balancing; the benchmarks know
/// their own limits.
pub(super) fn instructions(context: &Context<'_>) -> Result<()> {
    let runner = tools::gungraun_runner(context)?;
    let mut bench = context.workspace.cargo();
    bench
        .args(["bench", "-p", "tombolo-http1", "-p", "tombolo-cache", "-p", "tombolo-balance"])
        .args(["--bench", "head", "--bench", "hit", "--bench", "choice"])
        .env("GUNGRAUN_RUNNER", runner);
    context.run(&mut bench, BUILD_LIMIT)
}

/// Runs the drivers of the measurements for a second each, so that they cannot rot: every server
/// is started and shown to proxy, or to answer from its cache. The figures mean nothing here.
pub(super) fn bench(context: &Context<'_>) -> Result<()> {
    const BRIEF: [&str; 4] = ["--rounds", "1", "--seconds", "1"];
    binary::build(context, BUILD_LIMIT)?;
    let program = context.workspace.target().join(binary::PROFILE).join("tombolo-bench");
    let mut proxy = Command::new(&program);
    proxy.arg("proxy").args(BRIEF).args(["--idle-connections", "300"]);
    context.run(&mut proxy, RUN_LIMIT)?;
    let mut cache = Command::new(&program);
    cache.arg("cache").args(BRIEF).args(["--keys", "5000", "--objects", "5000"]);
    cache.args(["--only", "hot,large,variants,many,mixed,million"]);
    context.run(&mut cache, RUN_LIMIT)?;
    let mut calculator = Command::new(&program);
    calculator.arg("calculator").args(BRIEF);
    context.run(&mut calculator, RUN_LIMIT)?;
    let mut chat = Command::new(&program);
    chat.arg("chat").args(BRIEF).args(["--readers", "200"]);
    context.run(&mut chat, RUN_LIMIT)?;
    let mut transfer = Command::new(&program);
    transfer.arg("transfer").args(BRIEF).args(["--servers", "tombolo,nginx", "--megabytes", "10"]);
    context.run(&mut transfer, RUN_LIMIT)
}
