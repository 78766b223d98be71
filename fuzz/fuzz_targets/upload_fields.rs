//! Any field that describes an upload: names never become paths, and a digest is read as it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tombolo_library::{read_metadata, sha256_of_field};

fuzz_target!(|field: &str| {
    if let Ok(metadata) = read_metadata(field) {
        let name = metadata.name.unwrap_or_else(|| "file".to_owned());
        assert!(!name.is_empty() && name != "." && name != "..");
        assert!(!name.contains(['/', '\\']) && !name.chars().any(char::is_control));
    }
    if let Ok(Some(digest)) = sha256_of_field(field) {
        assert_eq!(digest.len(), 32);
    }
});
