//! The prompt of `tombolo calc`, at a terminal played by `script`.

use std::path::Path;

use tombolo_e2e::{Terminal, Tombolo, eventually};

use crate::replica::replica;

fn calc(replica: &Tombolo, state: &Path, no_colour: &str) -> Terminal {
    Terminal::start(&format!("calc --server {}", replica.address()), state, no_colour)
}

/// What is shown when a line may be typed.
const PROMPT: &str = "> ";

#[test]
fn it_answers_completes_and_remembers() {
    let replica = replica("calculator-1");
    let state = tempfile::tempdir().unwrap();
    let mut terminal = calc(&replica, state.path(), "");
    terminal.shows("\x1b[36m> \x1b[0m");
    terminal.keys("side = 4 m\r");
    terminal.shows("\x1b[1m4 m\x1b[0m");
    terminal.keys("sid\t");
    terminal.shows("e");
    terminal.keys("^2\r");
    terminal.shows("16 m^2");
    terminal.keys("1/0\r");
    terminal.shows("division by zero (domain)");
    terminal.keys("quit\r");
    assert_eq!(terminal.wait_for_exit(), Some(0));

    // The first line of the earlier session, and no colours where none are wanted.
    let mut terminal = calc(&replica, state.path(), "1");
    terminal.shows(PROMPT);
    terminal.keys("7 * 6\r");
    eventually("the answer", || {
        let screen = terminal.screen();
        let found = screen.contains("\n42");
        assert!(!screen.contains("\x1b[1m") && !screen.contains("\x1b[36m"), "{screen:?}");
        found.then_some(())
    });
    terminal.keys("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\r");
    terminal.shows("4 m\r\n");
    terminal.keys("quit\r");
    assert_eq!(terminal.wait_for_exit(), Some(0));
}
