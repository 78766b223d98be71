//! The sessions of this user's command line: a token for each library, in a file that is the user's
//! alone.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;

use tombolo_files::{Access, Folder};
use tombolo_library::client::Server;

/// The variable with a token, for programs; it goes before the file.
pub(crate) const VARIABLE: &str = "TOMBOLO_LIBRARY_TOKEN";
const FILE: &str = "library-sessions.json";
/// More bytes than the file ever has.
const FILE_BYTES: u64 = 1024 * 1024;

/// The tokens, by the addresses of their libraries.
type Tokens = BTreeMap<String, String>;

/// The token for a library, if there is one.
pub(crate) fn find(server: &Server) -> io::Result<Option<String>> {
    if let Ok(token) = std::env::var(VARIABLE) {
        return Ok(Some(token).filter(|token| !token.is_empty()));
    }
    Ok(read(&folder()?)?.remove(&server.to_string()))
}

/// Keeps the token for a library, or none.
pub(crate) fn keep(server: &Server, token: Option<&str>) -> io::Result<()> {
    let folder = folder()?;
    let mut tokens = read(&folder)?;
    match token {
        Some(token) => tokens.insert(server.to_string(), token.to_owned()),
        None => tokens.remove(&server.to_string()),
    };
    let text = serde_json::to_vec_pretty(&tokens)?;
    folder.replace(FILE, &text)
}

fn read(folder: &Folder) -> io::Result<Tokens> {
    let file = match folder.file(FILE, Access::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tokens::new()),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(FILE_BYTES).read_to_string(&mut text)?;
    let path = folder.path().join(FILE);
    serde_json::from_str(&text).map_err(|error| {
        io::Error::other(format!("{}: {error}; remove it and log in again", path.display()))
    })
}

/// `tombolo` in the user's folder for configuration (XDG base directories).
fn folder() -> io::Result<Folder> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = of("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.or_else(|| of("HOME").map(|home| PathBuf::from(home).join(".config")));
    let base = base.ok_or_else(|| {
        io::Error::other(format!("neither XDG_CONFIG_HOME nor HOME is set; set {VARIABLE}"))
    })?;
    std::fs::create_dir_all(&base)?;
    Folder::make(&base.join("tombolo"))
}
