//! The one binary: reads its arguments, hands over to a command, ends with an exit code.
//!
//! Owns nothing but that order. What a command does is in its file under `commands/`, and the work
//! itself is in the libraries under `programs/` and `crates/`.

mod address;
mod admin;
mod commands;
mod console;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use tombolo_daemon::memory::Bounded;

// The system's allocator is the slowest part of an exchange that allocates; this one is not.
#[global_allocator]
static ALLOCATOR: Bounded<MiMalloc> = Bounded::new(MiMalloc);

/// Has the memory of this process watched, if it has a bound.
fn watch_memory() -> std::io::Result<()> {
    tombolo_daemon::memory::watch(&ALLOCATOR)
}

fn main() -> ExitCode {
    tombolo_files::restrict_new_files();
    match commands::Cli::try_parse() {
        Ok(cli) => cli.command.run(),
        Err(refusal) => console::answer_refusal(&refusal).into(),
    }
}
