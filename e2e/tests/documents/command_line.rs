//! docs/command-line.md is what the program itself says of its commands; and every command and flag
//! that any document names is there.

use std::collections::BTreeMap;
use std::fmt::Write;

use tombolo_e2e::Tombolo;

use super::{Names, compare, documents, files, root, text};

const PAGE: &str = "docs/command-line.md";

/// The help of a command, without trailing blanks, whatever the program's file is called.
fn help(command: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
    let told = Tombolo::run(folder.path(), &arguments);
    assert_eq!(told.code, Some(0), "{command}: {told:?}");
    let lines = told.stdout.lines().map(|line| match line.strip_prefix("Usage: ") {
        Some(usage) => {
            let rest = usage.split_once(' ').map_or("", |(_, rest)| rest);
            format!("Usage: tombolo {rest}").trim_end().to_owned()
        }
        None => line.trim_end().to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The names in a list of commands or services of a help.
fn listed(help: &str, heading: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != heading).skip(1);
    let entries = lines.take_while(|line| !line.is_empty());
    let names = entries.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// A command with its help, and all below it, in the order in which the program lists them.
fn collect(command: &str, all: &mut Vec<(String, String)>) {
    let own = help(command);
    let below = ["Commands:", "Services:"].into_iter().flat_map(|heading| listed(&own, heading));
    let below: Vec<String> = below.collect();
    all.push((command.to_owned(), own));
    for name in below {
        collect(format!("{command} {name}").trim_start(), all);
    }
}

fn commands() -> Vec<(String, String)> {
    let mut all = Vec::new();
    collect("", &mut all);
    all
}

#[test]
fn the_page_is_what_the_program_says() {
    let mut page = String::from(
        "# The command line\n\nWhat `tombolo --help` and `tombolo COMMAND --help` print. Made by a test, which compares it: \
         `TOMBOLO_GOLDEN=write cargo nextest run -p tombolo-e2e the_page_is_what` writes it.\n",
    );
    for (command, help) in commands() {
        let name = format!("tombolo {command}");
        let _ = write!(page, "\n## {}\n```text\n{help}\n```\n", name.trim_end());
    }
    if std::env::var_os("TOMBOLO_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(root().join(PAGE), &page).unwrap();
        return;
    }
    let documented = text(PAGE);
    let mut lines = documented.lines().zip(page.lines());
    let other = lines.find(|(documented, said)| documented != said);
    assert!(
        documented == page,
        "{PAGE} is out of date, first here: {other:?}; the page tells how to renew it"
    );
}

/// The flags that a help tells of.
fn flags(help: &str) -> Names {
    let words = help.split(|one: char| one.is_whitespace() || "[](),='\"`|".contains(one));
    words.filter_map(|word| word.strip_prefix("--")).map(|name| format!("--{name}")).collect()
}

/// Commands as documents write them: in code, from `tombolo` to the end of the line or of the code.
fn written(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in document.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let pieces: Vec<&str> =
            if fenced { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
        for piece in pieces {
            for (place, _) in piece.match_indices("tombolo ") {
                let is_start = !piece[..place]
                    .ends_with(|one: char| one.is_alphanumeric() || "-_/.".contains(one))
                    || piece[..place].ends_with("bin/");
                let rest = &piece[place + "tombolo ".len()..];
                let end = rest.find(['#', ';', '&', '\'', '>']).unwrap_or(rest.len());
                if is_start {
                    found.push(rest[..end].to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn commands_and_flags_in_documents_are_there() {
    let commands: BTreeMap<String, Names> =
        commands().into_iter().map(|(name, help)| (name, flags(&help))).collect();
    let mut unknown = Names::new();
    let mut seen = 0;
    let documents = documents().into_iter().filter(|(path, _)| !path.ends_with("command-line.md"));
    for (path, document) in documents.chain(files("examples", "toml")) {
        for line in written(&document) {
            let mut words = line.split_whitespace().peekable();
            let Some(first) = words.peek().copied() else { continue };
            let is_command = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
            if !is_command(first) || first == "help" {
                continue;
            }
            let names: Vec<&str> = words.clone().take(3).collect();
            let mut counts = (1..=names.len()).rev();
            let own = counts.find_map(|count| commands.get(&names[..count].join(" ")));
            let place = format!("{}: tombolo {line}", path.display());
            let Some(own) = own else {
                unknown.insert(place);
                continue;
            };
            seen += 1;
            let missing = flags(&line).into_iter().filter(|flag| !own.contains(flag));
            unknown.extend(missing.map(|flag| format!("{place}: {flag}")));
        }
    }
    assert!(seen > 100, "{seen} commands were found in the documents");
    compare("commands and flags", &unknown, &Names::new());
}
