//! The steps that take a set time: fuzzing, instruction counts, a short run of the measurements.

use std::{env, process::Command, time::Duration};

use anyhow::{Result, bail, ensure};

use super::{Context, binary, tools};

/// How long each fuzz target runs, in seconds.
const FUZZ_SECONDS: u64 = 30;
/// Longest time for building what a step measures.
const BUILD_LIMIT: Duration = Duration::from_secs(25 * 60);
/// Longest time for a run that should take a minute.
const RUN_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Fuzzes each target that `fuzz/Cargo.toml` lists. The compiler is the stable one; the fuzzer's
/// instrumentation needs the variable. No sanitizer: the code is safe Rust, and the prebuilt
/// standard library has none.
pub(super) fn fuzz(context: &Context<'_>) -> Result<()> {
    let targets = context.workspace.fuzz_targets()?;
    ensure!(!targets.is_empty(), "fuzz/Cargo.toml lists no target");
    let tools = tools::cargo_fuzz(context)?;
    let cargo_fuzz = |subcommand: &str| -> Result<Command> {
        let mut command = context.workspace.cargo();
        command.args(["fuzz", subcommand, "--sanitizer", "none"]).env("RUSTC_BOOTSTRAP", "1");
        if let Some(tools) = &tools {
            let path = env::var_os("PATH").unwrap_or_default();
            let folders = std::iter::once(tools.clone()).chain(env::split_paths(&path));
            command.env("PATH", env::join_paths(folders)?);
        }
        Ok(command)
    };
    context.run(&mut cargo_fuzz("build")?, BUILD_LIMIT)?;
    let mut failed = Vec::new();
    for target in &targets {
        let mut command = cargo_fuzz("run")?;
        command.arg(target).arg(format!("fuzz/corpus/{target}"));
        let seeds = format!("fuzz/seeds/{target}");
        if context.workspace.root.join(&seeds).is_dir() {
            command.arg(seeds);
        }
        std::fs::create_dir_all(context.workspace.root.join(format!("fuzz/corpus/{target}")))?;
        command.args([
            "--",
            &format!("-max_total_time={FUZZ_SECONDS}"),
            "-print_final_stats=1",
            "-verbosity=0",
        ]);
        if let Err(error) = context.run(&mut command, RUN_LIMIT) {
            failed.push(format!("{error:#}"));
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}

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
    let arguments = ["build", "--profile", binary::PROFILE, "-p", "tombolo-bench"];
    context.run(context.workspace.cargo().args(arguments), BUILD_LIMIT)?;
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
