//! Where files' content is kept: the address, and nothing of what is done there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::Error;
use crate::limits;

/// A checked address: `file:PATH`, or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME` for an object
/// store that speaks S3. Keys of an object store are no part of it: they come from the environment
/// ([`ObjectsUrl::VARIABLES`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectsUrl {
    /// A folder of this machine, or of a file system that the machines share.
    Folder(PathBuf),
    /// A bucket of an object store.
    Bucket(Bucket),
}

/// A bucket of an object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all objects begin with; empty, or without `/` at both ends.
    pub prefix: String,
    /// Where the store answers. None: Amazon's.
    pub endpoint: Option<String>,
    /// The region. None: what the environment says, else `us-east-1`.
    pub region: Option<String>,
}

const FORMS: &str = "write file:PATH or s3://BUCKET?endpoint=http://HOST:PORT";

impl ObjectsUrl {
    /// The environment variable that holds one for a program that is not told on its command line.
    pub const VARIABLE: &'static str = "TOMBOLO_OBJECTS";

    /// What a program that uses a bucket takes from its environment.
    pub const VARIABLES: &'static [&'static str] =
        &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"];

    /// The address of a folder.
    #[must_use]
    pub fn of_folder(path: &Path) -> Self {
        Self::Folder(path.to_owned())
    }
}

impl FromStr for ObjectsUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |words: &str| Err(Error::Url { words: words.to_owned() });
        if text.len() > limits::URL_BYTES {
            return refuse("the address of the objects is too long");
        }
        if let Some(path) = text.strip_prefix("file:") {
            let path = match path.strip_prefix("//") {
                // `file://HOST/PATH` names another machine.
                Some(path) if !path.starts_with('/') => {
                    return refuse("file: takes a path of this machine; write file:PATH");
                }
                Some(path) => path,
                None => path,
            };
            return match path {
                "" => refuse("the path of the folder is missing; write file:PATH"),
                path if path.contains('\0') => refuse("the path of the folder holds a NUL"),
                path => Ok(Self::Folder(path.into())),
            };
        }
        let Some(rest) = text.strip_prefix("s3://") else {
            let words = format!("{text:?} is no place for objects; {FORMS}");
            return Err(Error::Url { words });
        };
        bucket(rest).map(Self::Bucket)
    }
}

fn bucket(rest: &str) -> Result<Bucket, Error> {
    let refuse = |words: String| Err(Error::Url { words });
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !(1..=63).contains(&name.len()) || !name.bytes().all(plain) {
        return refuse(format!("{name:?} is no name for a bucket; {FORMS}"));
    }
    let prefix = prefix.trim_matches('/');
    if !prefix.bytes().all(|byte| plain(byte) || byte == b'/') || prefix.contains("//") {
        return refuse("the prefix takes letters, digits, '.', '-', '_' and '/'".to_owned());
    }
    let mut bucket =
        Bucket { name: name.to_owned(), prefix: prefix.to_owned(), endpoint: None, region: None };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let place = match key {
            "endpoint" => &mut bucket.endpoint,
            "region" => &mut bucket.region,
            _ => return refuse(format!("{key:?} is not known here; {FORMS}")),
        };
        if value.is_empty() || place.replace(value.to_owned()).is_some() {
            return refuse(format!("{key:?} has no value, or two; {FORMS}"));
        }
    }
    let is_url = |text: &String| {
        let host = text.strip_prefix("http://").or(text.strip_prefix("https://"));
        host.is_some_and(|host| !host.is_empty() && !host.contains(['@', '#', ' ']))
    };
    match &bucket.endpoint {
        Some(endpoint) if !is_url(endpoint) => {
            refuse("the endpoint begins with http:// or https://, and holds no key".to_owned())
        }
        _ => Ok(bucket),
    }
}

impl fmt::Display for ObjectsUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bucket { name, prefix, endpoint, region } = match self {
            Self::Folder(path) => return write!(out, "file:{}", path.display()),
            Self::Bucket(bucket) => bucket,
        };
        write!(out, "s3://{name}")?;
        if !prefix.is_empty() {
            write!(out, "/{prefix}")?;
        }
        let endpoint = endpoint.iter().map(|value| ("endpoint", value));
        let pairs = endpoint.chain(region.iter().map(|value| ("region", value)));
        for (index, (key, value)) in pairs.enumerate() {
            write!(out, "{}{key}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_read_back() {
        for text in [
            "file:objects",
            "file:/var/lib/tombolo/objects",
            "s3://library",
            "s3://library/a/b?endpoint=http://127.0.0.1:3900&region=garage",
        ] {
            let url: ObjectsUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), text);
        }
        let folder: ObjectsUrl = "file:///srv/x".parse().unwrap();
        assert_eq!(folder, ObjectsUrl::of_folder(Path::new("/srv/x")));
    }

    #[test]
    fn others_are_refused() {
        for text in [
            "",
            "objects",
            "file:",
            "file://host/x",
            "file:a\0b",
            "s3:library",
            "s3://",
            "s3://a b",
            "s3://a/b//c",
            "s3://a?endpoint=",
            "s3://a?endpoint=ftp://x",
            "s3://a?key=x",
            "s3://a?region=x&region=y",
            "s3://a?endpoint=http://key:secret@x",
        ] {
            assert!(text.parse::<ObjectsUrl>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".*") {
            let _ = text.parse::<ObjectsUrl>();
        }

        #[test]
        fn any_query_gives_an_answer(text in "s3://[a-z./]{0,8}[?&=a-z:/]{0,20}") {
            if let Ok(url) = text.parse::<ObjectsUrl>() {
                prop_assert_eq!(url.to_string().parse::<ObjectsUrl>().unwrap(), url);
            }
        }
    }
}
