//! The secret that opens the admin API. Only its hash is kept, so that it can reach no log.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::AdminError;
use super::limits::{TOKEN_BYTES, TOKEN_BYTES_MIN};

/// A token, by its hash.
pub(super) struct Token(blake3::Hash);

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(hidden)")
    }
}

impl Token {
    /// Reads the first line of a file.
    pub(super) fn read(path: &Path) -> Result<Self, AdminError> {
        let cannot = |cause| AdminError::TokenFile { path: path.to_owned(), cause };
        let (text, mode) = contents(path).map_err(cannot)?;
        let token =
            Self::of(&text).map_err(|why| AdminError::Token { path: path.to_owned(), why })?;
        if mode & 0o077 != 0 {
            tracing::warn!(
                path = %path.display(),
                "others on this machine may read the admin token: chmod 600 the file"
            );
        }
        Ok(token)
    }

    fn of(text: &[u8]) -> Result<Self, &'static str> {
        let text = text.trim_ascii();
        if text.len() < TOKEN_BYTES_MIN {
            return Err("it is shorter than 16 characters, so it could be guessed");
        }
        if text.len() > TOKEN_BYTES {
            return Err("it is longer than 1024 characters");
        }
        if !text.iter().all(u8::is_ascii_graphic) {
            return Err(
                "it holds a blank, a line break or what is not ASCII: one line of letters, digits and signs is expected",
            );
        }
        Ok(Self(blake3::hash(text)))
    }

    /// Whether the value of an `Authorization` field carries it (RFC 6750 section 2.1). Hashes are
    /// compared, and in constant time: how long it takes tells nothing of the token.
    pub(super) fn is_in(&self, authorization: &[u8]) -> bool {
        const SCHEME: &[u8] = b"Bearer ";
        let Some((scheme, token)) = authorization.split_at_checked(SCHEME.len()) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(SCHEME) && blake3::hash(token.trim_ascii()) == self.0
    }
}

/// The file's bytes, at most a little more than a token may have, and its mode.
fn contents(path: &Path) -> io::Result<(Vec<u8>, u32)> {
    let file = tombolo_files::open_readable(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut text = Vec::new();
    file.take(TOKEN_BYTES as u64 + 64).read_to_end(&mut text)?;
    Ok((text, about.mode()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0123456789abcdef";

    #[test]
    fn the_scheme_is_without_case_and_the_token_with() {
        let token = Token::of(format!("{TEXT}\n").as_bytes()).unwrap();
        for good in ["Bearer 0123456789abcdef", "bearer  0123456789abcdef"] {
            assert!(token.is_in(good.as_bytes()), "{good}");
        }
        for bad in
            ["Bearer 0123456789abcdeF", "Bearer", "Bearer ", "Basic 0123456789abcdef", TEXT, ""]
        {
            assert!(!token.is_in(bad.as_bytes()), "{bad}");
        }
    }

    /// Whoever made the link would choose the token.
    #[test]
    fn a_link_of_another_user_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("token"), folder.path().join("link"));
        std::fs::write(&file, TEXT).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(Token::read(&link).is_ok(), "our own");
        if tombolo_files::own_user() == 0 {
            std::os::unix::fs::lchown(&link, Some(65534), None).unwrap();
            let error = Token::read(&link).unwrap_err().to_string();
            assert!(error.contains("belongs to another user"), "{error}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for bad in ["", "weak!", "two lines here\nof some length", &"x".repeat(2000)] {
            std::fs::write(&path, bad).unwrap();
            let error = Token::read(&path).unwrap_err().to_string();
            assert!(error.contains("token") && error.contains("urandom"), "{error}");
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
        let missing = Token::read(&folder.path().join("none")).unwrap_err().to_string();
        assert!(missing.contains("cannot read"), "{missing}");
        assert_eq!(format!("{:?}", Token::of(TEXT.as_bytes()).unwrap()), "Token(hidden)");
    }
}
