//! Seeds reach a target: a folder of them that is named like no target would never be read.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn every_folder_of_seeds_is_named_like_a_target() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(here.join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().path());
        names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let (seeds, targets) = (names("seeds"), names("fuzz_targets"));
    assert!(!seeds.is_empty() && seeds.is_subset(&targets), "{seeds:?} {targets:?}");
}
