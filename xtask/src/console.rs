//! Headings and colours: colours only on a terminal, plain text elsewhere.

use std::io::{IsTerminal as _, Write as _};

/// A kind of emphasis.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    /// A heading.
    Strong,
    /// All is well.
    Good,
    /// Something failed.
    Bad,
    /// Something to look at.
    Warning,
}

/// The text in its tone on a terminal, bare elsewhere.
pub(crate) fn toned(tone: Tone, text: &str) -> String {
    if !std::io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some() {
        return text.to_owned();
    }
    let code = match tone {
        Tone::Strong => 1,
        Tone::Good => 32,
        Tone::Bad => 31,
        Tone::Warning => 33,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Prints a heading and makes sure that it comes before what children print.
pub(crate) fn heading(text: &str) {
    println!("\n{}", toned(Tone::Strong, &format!("== {text} ==")));
    let _ = std::io::stdout().flush();
}
