//! `cargo xtask bench`: builds what is measured, installs the rivals, and starts the driver.

use std::{ffi::OsString, process::Command as Process, time::Duration};

use anyhow::{Result, ensure};
use clap::Subcommand;

use crate::{packages, run::run as run_program, workspace::Workspace};

/// Longest time for a release build.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);
/// Longest time for all measurements.
const MEASURE_LIMIT: Duration = Duration::from_secs(4 * 60 * 60);

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// The gateway beside nginx, HAProxy and a byte relay; `proxy --help` lists the options
    #[command(disable_help_flag = true)]
    Proxy {
        /// Options of the driver
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// The gateway as a cache beside nginx, Varnish and constant bytes; `cache --help` lists the
    /// options
    #[command(disable_help_flag = true)]
    Cache {
        /// Options of the driver
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// The calculator by itself; `calculator --help` lists the options
    #[command(disable_help_flag = true)]
    Calculator {
        /// Options of the driver
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// The gateway, nginx and HAProxy while servers die, hang, are slow and fail; `faults --help`
    /// lists the options
    #[command(disable_help_flag = true)]
    Faults {
        /// Options of the driver
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// The chat's event streams beside nginx with nchan; `chat --help` lists the options
    #[command(disable_help_flag = true)]
    Chat {
        /// Options of the driver
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Posts to the chat on SQLite and on PostgreSQL; `posts --help` lists the options
    #[command(disable_help_flag = true)]
    Posts {
        /// Options of the driver
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// The library's uploads and downloads beside nginx, @tus/server and rustus; `transfer --help`
    /// lists the options
    #[command(disable_help_flag = true)]
    Transfer {
        /// Options of the driver
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
}

impl Command {
    /// The driver's subcommand, what goes with it, and the programs it needs.
    fn of_driver(&self) -> (&'static str, &[String], &'static [packages::Need]) {
        match self {
            Command::Proxy { options } => ("proxy", options, packages::MEASURING),
            Command::Cache { options } => ("cache", options, packages::MEASURING),
            Command::Calculator { options } => ("calculator", options, packages::MEASURING_ALONE),
            Command::Faults { options } => ("faults", options, packages::MEASURING),
            Command::Chat { options } => ("chat", options, packages::MEASURING),
            Command::Posts { options } => ("posts", options, packages::MEASURING_STORAGE),
            Command::Transfer { options } => ("transfer", options, packages::MEASURING_TRANSFERS),
        }
    }
}

/// Runs a measurement. The report goes to standard output, progress to standard error.
pub(crate) fn run(workspace: &Workspace, command: &Command) -> Result<bool> {
    let (name, options, needs) = command.of_driver();
    if options.iter().any(|option| option == "--help" || option == "-h") {
        let help = ["run", "--quiet", "-p", "tombolo-bench", "--", name, "--help"];
        run_program(workspace.cargo().args(help), BUILD_LIMIT)?;
        return Ok(true);
    }
    packages::install(needs)?;
    let missing = packages::missing(needs);
    ensure!(missing.is_empty(), "{}", packages::advice(&missing));
    run_program(
        workspace.cargo().args(["build", "--release", "-p", "tombolo", "-p", "tombolo-bench"]),
        BUILD_LIMIT,
    )?;
    let mut driver = Process::new(workspace.target().join("release/tombolo-bench"));
    driver.arg(name);
    if matches!(command, Command::Transfer { .. }) {
        driver.args(tus_servers(workspace)?);
    }
    run_program(driver.args(options), MEASURE_LIMIT)?;
    Ok(true)
}

/// Installs the servers that speak tus, below the target folder; the options that name them.
fn tus_servers(workspace: &Workspace) -> Result<Vec<OsString>> {
    let node = workspace.target().join("tools/tus");
    if !node.join("node_modules/@tus/file-store").is_dir() {
        std::fs::create_dir_all(&node)?;
        let mut install = Process::new("npm");
        install.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(&node);
        run_program(install.args(["@tus/server@2", "@tus/file-store@2"]), BUILD_LIMIT)?;
    }
    let root = workspace.target().join("tools/rustus");
    let rustus = root.join("bin/rustus");
    if !rustus.is_file() {
        let mut install = workspace.cargo();
        install.args(["install", "--locked", "--quiet", "--root"]).arg(&root).arg("rustus");
        run_program(&mut install, BUILD_LIMIT)?;
    }
    Ok(["--node".into(), node.into(), "--rustus".into(), rustus.into()].to_vec())
}
