//! `cargo xtask`: what contributors and CI run.
//!
//! Owns the house's commands: `test` (everything that must pass), `tidy` (the rules no compiler
//! checks) and `bench` (measurements beside other servers). Refuses to be needed for building or
//! running the product: that is plain cargo.

mod bench;
mod console;
mod packages;
mod run;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The house's commands: test, tidy, bench.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need, then run all of them
    Test(test::Arguments),
    /// Check the rules of the house: sizes, names, order of crates, links, module docs
    Tidy,
    /// Measure the gateway beside other servers
    #[command(subcommand)]
    Bench(bench::Command),
}

fn main() -> ExitCode {
    let outcome = Workspace::find().and_then(|workspace| match Arguments::parse().command {
        Command::Test(arguments) => test::run(&workspace, &arguments),
        Command::Tidy => tidy::run(&workspace),
        Command::Bench(command) => bench::run(&workspace, &command),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
