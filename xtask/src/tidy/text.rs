//! What no file may contain: tabs, trailing blanks, foreign line ends, notes of work left undone,
//! and paths of the machine it was written on.

use std::path::Path;

use super::{Finding, Tree};

/// Files whose text people write; data files of tests may hold anything.
const WRITTEN: [&str; 10] = ["rs", "toml", "js", "css", "html", "py", "sh", "md", "yml", "lua"];
/// Marks of work left undone, in halves so that this file does not hold them.
const UNDONE: [(&str, &str); 3] = [("TO", "DO"), ("FIX", "ME"), ("XX", "X")];
/// Folders of one machine, in halves likewise.
const MACHINE: [(&str, &str); 3] = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/")];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, text) in &tree.texts {
        let lines = text.split_inclusive('\n').enumerate();
        for (number, line) in lines.map(|(index, line)| (index + 1, line)) {
            machine_path(file, number, line, &mut findings);
            if is_written(file) {
                blanks(file, number, line, &mut findings);
                undone(file, number, line, &mut findings);
            }
        }
        if is_written(file) && !text.is_empty() && !text.ends_with('\n') {
            let remedy = "end it with a line end";
            findings.push(Finding::error(file, text.lines().count(), "cut-off end", remedy));
        }
    }
    findings
}

/// Examples of bad input lie in folders named `bad`, `seeds` or `golden`.
fn is_written(file: &Path) -> bool {
    let is_data = file.iter().any(|part| part == "bad" || part == "seeds" || part == "golden");
    let extension = file.extension().and_then(|extension| extension.to_str());
    !is_data && extension.is_some_and(|extension| WRITTEN.contains(&extension))
}

fn blanks(file: &Path, number: usize, line: &str, findings: &mut Vec<Finding>) {
    let content = line.strip_suffix('\n').unwrap_or(line);
    if content.ends_with('\r') {
        findings.push(Finding::error(file, number, "line ends in CR LF", "end it with LF alone"));
    } else if content.trim_end() != content {
        findings.push(Finding::error(file, number, "blanks at the end of the line", "remove them"));
    }
    if content.contains('\t') {
        findings.push(Finding::error(file, number, "a tab", "use spaces, or \\t in a string"));
    }
}

fn undone(file: &Path, number: usize, line: &str, findings: &mut Vec<Finding>) {
    for (front, back) in UNDONE {
        let mark = format!("{front}{back}");
        if has_word(line, &mark) {
            let remedy = "do it, or open an issue and say why here";
            findings.push(Finding::error(file, number, format!("a note `{mark}`"), remedy));
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
    })
}

/// A path that begins at such a folder; one that only has it in the middle, as URLs may, is fine.
fn machine_path(file: &Path, number: usize, line: &str, findings: &mut Vec<Finding>) {
    for (front, back) in MACHINE {
        let folder = format!("{front}{back}");
        let begins = line.match_indices(&folder).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            let goes_on = |c: char| c.is_alphanumeric() || "._-~}/".contains(c);
            !before.is_some_and(goes_on)
        });
        if begins {
            let what = format!("a path of one machine ({folder}...)");
            findings.push(Finding::error(file, number, what, "use a path relative to the project"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(file, text)])).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn blanks_are_found_in_sources_only() {
        assert_eq!(found("a.rs", "a \n"), ["blanks at the end of the line"]);
        assert_eq!(found("a.rs", "a\r\n"), ["line ends in CR LF"]);
        assert_eq!(found("a.rs", "\ta\n"), ["a tab"]);
        assert_eq!(found("a.rs", "a"), ["cut-off end"]);
        assert!(found("a.bin", "\ta \r\n").is_empty());
        assert!(found("tests/bad/a.toml", "\ta \n").is_empty());
    }

    #[test]
    fn undone_notes_are_whole_words() {
        let note = ["TO", "DO"].concat();
        assert_eq!(found("a.md", &format!("// {note}: more\n")).len(), 1);
        assert!(found("a.md", &format!("{note}S and {note}_LIST\n")).is_empty());
    }

    #[test]
    fn machine_paths_begin_at_the_root() {
        let folder = ["/ho", "me/"].concat();
        assert_eq!(found("a.toml", &format!("x = \"{folder}me\"\n")).len(), 1);
        assert_eq!(found("data", &format!("{folder}me\n")).len(), 1);
        assert!(found("a.md", &format!("https://example.org{folder}page\n")).is_empty());
    }
}
