//! Fuzzing: each target that `fuzz/Cargo.toml` lists for a set time, as many next to each other as there
//! are cores.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, binary};

/// How long each target runs, in seconds.
const SECONDS: u64 = 30;
/// Longest time for building the targets.
const BUILD_LIMIT: Duration = Duration::from_secs(25 * 60);
/// Longest time for a target.
const RUN_LIMIT: Duration = Duration::from_secs(5 * 60);
/// How much of a target's words is shown when it ends well: its figures.
const FIGURES: usize = 8;

/// Builds the targets with the flags of `fuzz/rustc`, which the stable compiler knows, and runs them. No
/// sanitizer: the code is safe Rust, and the prebuilt standard library has none.
pub(super) fn fuzz(context: &Context<'_>) -> Result<()> {
    let targets = context.workspace.fuzz_targets()?;
    ensure!(!targets.is_empty(), "fuzz/Cargo.toml lists no target");
    // Its one test brings the targets, which are programs of its package; naming it, and not the
    // package, keeps the features of third-party crates as they are in other steps.
    let mut build = context.workspace.cargo();
    build.args(["build", "--profile", binary::PROFILE, "--workspace", "--test", "seeds"]);
    build.env("RUSTC_WORKSPACE_WRAPPER", context.workspace.root.join("fuzz/rustc"));
    context.run(&mut build, BUILD_LIMIT)?;

    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = run(context, target) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.push(format!("{target}: {error:#}"));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}

/// Runs a target and shows what it said, in one piece.
fn run(context: &Context<'_>, target: &str) -> Result<()> {
    let root = &context.workspace.root;
    let folder = |kind: &str| -> Result<PathBuf> {
        let folder = Path::new("fuzz").join(kind).join(target);
        fs::create_dir_all(root.join(&folder))
            .with_context(|| format!("creating {}", folder.display()))?;
        Ok(folder)
    };
    let log = root.join(folder("artifacts")?).join("log");
    let words = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
    let program = context.workspace.target().join(binary::PROFILE).join(target);
    let mut command = Command::new(program);
    command.current_dir(root).stdout(words.try_clone()?).stderr(words);
    command.args(["-print_final_stats=1", "-verbosity=0"]);
    command.arg(format!("-max_total_time={SECONDS}"));
    // Where an input that fails is left. The final slash makes it a folder.
    command.arg(format!("-artifact_prefix={}/", folder("artifacts")?.display()));
    command.arg(folder("corpus")?);
    let seeds = Path::new("fuzz/seeds").join(target);
    if root.join(&seeds).is_dir() {
        command.arg(seeds);
    }
    let outcome = context.run(&mut command, RUN_LIMIT);
    let words = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let lines: Vec<&str> = words.lines().collect();
    let shown = match outcome {
        Ok(()) => lines.get(lines.len().saturating_sub(FIGURES)..).unwrap_or_default(),
        Err(_) => &lines,
    };
    println!("{target}:\n{}", shown.join("\n"));
    outcome
}
