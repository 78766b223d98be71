//! Every relative link in a document leads to a file of the project, and to a heading in it if it
//! names one.

use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Finding, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.with_extension("md").flat_map(|(file, text)| check_document(tree, file, text)).collect()
}

fn check_document(tree: &Tree, file: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (event, range) in parser(text).into_offset_iter() {
        let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event else {
            continue;
        };
        let line = 1 + text.get(..range.start).unwrap_or_default().matches('\n').count();
        if let Some(what) = wrong(tree, file, text, &dest_url) {
            let remedy = "point it at what is there";
            findings.push(Finding::error(file, line, what, remedy));
        }
    }
    findings
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// What is wrong with a link, if anything.
fn wrong(tree: &Tree, file: &Path, text: &str, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    // Schemes: http, https, mailto. A path has no colon before its first slash.
    if path.split('/').next().is_some_and(|first| first.contains(':')) {
        return None;
    }
    if path.starts_with('/') {
        return Some(format!("the link `{link}` begins at the root"));
    }
    let (target_file, target_text) = if path.is_empty() {
        (file.to_owned(), Some(text))
    } else {
        let Some(target) = resolve(file.parent().unwrap_or(Path::new("")), path) else {
            return Some(format!("the link `{link}` leaves the project"));
        };
        let target_text = tree.texts.get(&target).map(String::as_str);
        (target, target_text)
    };
    if !target_file.as_os_str().is_empty() && !tree.has(&target_file) {
        return Some(format!("the link `{link}` leads nowhere"));
    }
    let is_document = target_file.extension().is_some_and(|extension| extension == "md");
    if anchor.is_empty() || !is_document {
        return None;
    }
    let found = target_text.is_some_and(|text| anchors(text).iter().any(|known| known == anchor));
    (!found).then(|| format!("the link `{link}` names a heading that is not there"))
}

/// The path from the root; nothing when it leads out of the project.
fn resolve(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut resolved = folder.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => resolved.push(part),
            Component::ParentDir if resolved.pop() => {}
            Component::ParentDir => return None,
            _ => {}
        }
    }
    Some(resolved)
}

/// The anchors that forges give to a document's headings.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut heading: Option<String> = None;
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor_of(&heading.take().unwrap_or_default());
                let earlier = anchors.iter().filter(|known| **known == anchor).count();
                anchors.push(match earlier {
                    0 => anchor,
                    count => format!("{anchor}-{count}"),
                });
            }
            _ => {}
        }
    }
    anchors
}

fn anchor_of(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let tree = Tree::of(&[
            ("docs/a.md", text),
            ("docs/b.md", "# Life of a request\n## `up`, twice\n"),
            ("src/main.rs", "//! x\n"),
        ]);
        check(&tree).into_iter().map(|finding| (finding.line, finding.what)).collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        let text = "[b](b.md) [c](../src/main.rs) [d](../src/) [e](https://a.example/x)\n\
                    [f](b.md#life-of-a-request) [g](b.md#up-twice) [h](#top)\n# Top\n";
        assert_eq!(found(text), []);
    }

    #[test]
    fn dead_links_are_found_with_their_line() {
        let dead = found("a\n\n[b](c.md) and ![p](p.png)\n\n[r]\n\n[r]: d.md\n");
        let lines: Vec<usize> = dead.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 3, 5]);
        assert_eq!(found("[b](b.md#death)\n").len(), 1);
        assert!(found("[b](../../x.md)\n")[0].1.ends_with("leaves the project"));
    }

    #[test]
    fn code_is_not_read_as_links() {
        assert!(found("```\n[b](c.md)\n```\nand `[b](c.md)`\n").is_empty());
    }
}
