//! Measured comparisons: the origin and the relay that the measurements stand on, and the
//! driver that starts each server in turn, loads it and prints what it cost.
//!
//! Owns the method (pinning, order of the rounds, what is counted) and its report. Refuses to
//! build or install anything: `cargo xtask bench` does that and then calls this program.
//! Linux only: it reads `/proc` and pins by `sched_setaffinity`.

mod cache;
mod calculator;
mod cases;
mod chat;
mod constant;
mod cores;
mod driver;
mod faults;
mod figures;
mod idle;
mod interrupt;
mod machine;
mod origin;
mod posts;
mod process;
mod relay;
mod report;
mod servers;
mod soak;
mod stats;
mod tables;
mod transfer;
mod verify;
mod wrk;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Origin, relay and driver of Tombolo's measurements.
#[derive(Parser)]
#[command(name = "tombolo-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer every request with a constant body, as fast as one core can
    Origin(origin::Arguments),
    /// Relay bytes between pairs of connections without looking at them
    Relay(relay::Arguments),
    /// Answer whatever comes with the same bytes, without looking at it
    Constant(constant::Arguments),
    /// Measure the gateway beside nginx, HAProxy and the relay
    Proxy(driver::Arguments),
    /// Measure the gateway as a cache beside nginx, Varnish and constant bytes
    Cache(cache::Arguments),
    /// Measure a replica of the calculator
    Calculator(calculator::Arguments),
    /// Answer with bodies that tell whose they are, well, slowly or not at all, as told on
    /// standard input
    Replica(faults::ReplicaArguments),
    /// Put the gateway, nginx and HAProxy through a minute of servers that die, hang, are slow and
    /// fail
    Faults(faults::Arguments),
    /// Measure the chat's event streams beside nginx with nchan
    Chat(chat::Arguments),
    /// Measure posts to the chat, on SQLite and on PostgreSQL
    Posts(posts::Arguments),
    /// Measure the library's uploads and downloads beside nginx, @tus/server and rustus
    Transfer(transfer::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Origin(arguments) => origin::run(&arguments),
        Command::Relay(arguments) => relay::run(&arguments),
        Command::Constant(arguments) => constant::run(&arguments),
        Command::Proxy(arguments) => driver::run(&arguments),
        Command::Cache(arguments) => cache::run(&arguments),
        Command::Calculator(arguments) => calculator::run(&arguments),
        Command::Replica(arguments) => faults::run_replica(&arguments),
        Command::Faults(arguments) => faults::run(&arguments),
        Command::Chat(arguments) => chat::run(&arguments),
        Command::Posts(arguments) => posts::run(&arguments),
        Command::Transfer(arguments) => transfer::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tombolo-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
