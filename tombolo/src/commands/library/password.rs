//! Passwords from a terminal, where they are not shown, or from standard input.

use std::io::{self, IsTerminal, Read};

/// More bytes than any password has.
const BYTES: u64 = 4096;

/// One that is there already: asked for once.
pub(super) fn once() -> io::Result<String> {
    match io::stdin().is_terminal() {
        true => rpassword::prompt_password("Password: "),
        false => piped(),
    }
}

/// A new one: asked for twice.
pub(super) fn twice() -> io::Result<String> {
    if !io::stdin().is_terminal() {
        return piped();
    }
    let first = rpassword::prompt_password("Password: ")?;
    let second = rpassword::prompt_password("The same again: ")?;
    match first == second {
        true => Ok(first),
        false => Err(io::Error::other("the two passwords differ; nothing was made")),
    }
}

/// The first line of standard input.
fn piped() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(BYTES).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
