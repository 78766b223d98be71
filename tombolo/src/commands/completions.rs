//! `tombolo completions SHELL`: the completion script for a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use tombolo_daemon::exit::ExitCode;

use crate::console;

const EXAMPLES: &str = "\
EXAMPLES
  bash: tombolo completions bash > ~/.local/share/bash-completion/completions/tombolo
  zsh:  tombolo completions zsh > \"${fpath[1]}/_tombolo\"
  fish: tombolo completions fish > ~/.config/fish/completions/tombolo.fish";

/// Print the completion script for a shell
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell the script is for
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let mut script = Vec::new();
    let mut definition = super::Cli::command();
    clap_complete::generate(arguments.shell, &mut definition, "tombolo", &mut script);
    console::result(&script)
}
