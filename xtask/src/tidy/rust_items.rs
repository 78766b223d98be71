//! What Rust files are made of: each begins with what it owns, functions are short, and `unsafe`
//! comes with its proof.

use std::path::Path;

use syn::visit::{self, Visit};

use super::{Finding, Tree};

/// A function with more lines, from its name to its closing brace, fails.
const FUNCTION_LINES_MAX: usize = 70;
/// How far above `unsafe` its proof may begin.
const PROOF_LINES_MAX: usize = 12;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.with_extension("rs").flat_map(|(file, text)| check_file(file, text)).collect()
}

fn check_file(file: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.starts_with("//!") {
        let remedy = "begin with `//!`: what the file owns and what it refuses";
        findings.push(Finding::error(file, 1, "no module docs", remedy));
    }
    match syn::parse_file(text) {
        Ok(parsed) => {
            let lines: Vec<&str> = text.lines().collect();
            let mut items = Items { file, lines: &lines, findings: &mut findings };
            items.visit_file(&parsed);
        }
        Err(error) => {
            let line = error.span().start().line;
            let what = format!("not parsed: {error}");
            findings.push(Finding::error(file, line, what, "mend it; cargo check says more"));
        }
    }
    findings
}

/// Walks over one file.
struct Items<'a> {
    file: &'a Path,
    lines: &'a [&'a str],
    findings: &'a mut Vec<Finding>,
}

impl Items<'_> {
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        let lines = last + 1 - first;
        if lines > FUNCTION_LINES_MAX {
            let what = format!("`{}` has {lines} lines", signature.ident);
            let remedy = "split it: branches stay, straight work moves out";
            self.findings.push(Finding::error(self.file, first, what, remedy));
        }
        if matches!(signature.safety, syn::Safety::Unsafe(_)) {
            self.proof(first);
        }
    }

    /// Whether a comment above `line` says why the code is sound.
    fn proof(&mut self, line: usize) {
        let above = self.lines.get(line.saturating_sub(PROOF_LINES_MAX + 1)..line);
        let proven = above
            .unwrap_or_default()
            .iter()
            .any(|text| text.contains("SAFETY:") || text.trim_start().starts_with("/// # Safety"));
        if !proven {
            let remedy = "prove it in a comment `// SAFETY: ...` above";
            self.findings.push(Finding::error(self.file, line, "unsafe without a proof", remedy));
        }
    }
}

impl<'ast> Visit<'ast> for Items<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.proof(block.unsafe_token.span.start().line);
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let Some(token) = &item.unsafety {
            self.proof(token.span.start().line);
        }
        visit::visit_item_impl(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        let findings = check_file(Path::new("a.rs"), text);
        findings.into_iter().map(|finding| (finding.line, finding.what)).collect()
    }

    #[test]
    fn module_docs_come_first() {
        assert!(found("//! Owns.\nfn a() {}\n").is_empty());
        assert_eq!(found("// Owns.\nfn a() {}\n")[0].1, "no module docs");
    }

    #[test]
    fn long_functions_are_found_whatever_strings_say() {
        let body = "    let _ = \"} fn b() {\";\n".repeat(69);
        assert!(found(&format!("//! A.\nfn a() {{\n{body}}}\n")).len() == 1);
        let shorter = "    let _ = \"}\";\n".repeat(68);
        assert!(found(&format!("//! A.\nfn a() {{\n{shorter}}}\n")).is_empty());
        let method = format!("//! A.\nstruct S;\nimpl S {{\nfn a() {{\n{body}}}\n}}\n");
        assert_eq!(found(&method)[0], (4, "`a` has 71 lines".to_owned()));
    }

    #[test]
    fn unsafe_needs_its_proof() {
        let bare = "//! A.\nfn a() {\n    unsafe { b() }\n}\n";
        assert_eq!(found(bare), [(3, "unsafe without a proof".to_owned())]);
        let proven = "//! A.\nfn a() {\n    // SAFETY: b is fine.\n    unsafe { b() }\n}\n";
        assert!(found(proven).is_empty());
        assert_eq!(found("//! A.\nunsafe impl Send for S {}\n").len(), 1);
    }

    #[test]
    fn what_does_not_parse_is_said() {
        assert!(found("//! A.\nfn {\n")[0].1.starts_with("not parsed"));
    }
}
