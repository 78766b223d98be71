//! The one binary: the command line, a file for each subcommand.
fn main() {}
