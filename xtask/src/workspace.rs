//! Where things are: the root, the target folder, the files that belong to the project.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

/// The checked-out project.
pub(crate) struct Workspace {
    /// The folder of the workspace's manifest.
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// Finds the project from where this program's own source lies.
    pub(crate) fn find() -> Result<Workspace> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = own.parent().context("xtask has no folder above it")?.to_owned();
        ensure!(root.join("Cargo.toml").is_file(), "{} has no Cargo.toml", root.display());
        Ok(Workspace { root })
    }

    /// Cargo's target folder.
    pub(crate) fn target(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// A call of the cargo that runs this program, in the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        command
    }

    /// Every file that git tracks or would track, relative to the root, in order.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()
            .context("starting git")?;
        if !output.status.success() {
            bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let text = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
        let mut files: Vec<PathBuf> = text
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            // A file may be deleted and not yet committed so.
            .filter(|file| self.root.join(file).is_file())
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// A manifest, parsed.
    pub(crate) fn manifest(&self, file: &Path) -> Result<toml::Table> {
        let path = self.root.join(file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        text.parse().with_context(|| format!("parsing {}", path.display()))
    }

    /// The names of the fuzz targets, as `fuzz/Cargo.toml` lists them.
    pub(crate) fn fuzz_targets(&self) -> Result<Vec<String>> {
        let manifest = self.manifest(Path::new(FUZZ_MANIFEST))?;
        let bins = manifest.get("bin").and_then(toml::Value::as_array);
        let names = bins.into_iter().flatten().filter_map(|bin| bin.get("name")?.as_str());
        Ok(names.map(str::to_owned).collect())
    }
}

/// The manifest of the fuzz targets.
pub(crate) const FUZZ_MANIFEST: &str = "fuzz/Cargo.toml";
