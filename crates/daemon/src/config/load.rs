//! From a file to a configuration, or to everything that is wrong with the file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::check;
use super::from_environment::Recording;
use super::mistake::{Kind, Mistake, Mistakes, Spot};
use super::written::context::Context;
use super::written::environment::{Environment, ProcessEnvironment};
use super::written::reader::Reader;
use super::written::repair::repair;
use super::written::source::Source;
use super::written::syntax;
use super::{Config, Overrides, keys};

/// The most bytes a configuration file may have.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// Reads a file and puts the flags over it. Variables come from the process's environment.
///
/// # Errors
/// Every mistake of the file in one go; that it cannot be read is one, too.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Config, Mistakes> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|error| unreadable(&name, &error))?;
    if bytes.len() > FILE_BYTES_MAX {
        let words = format!("the file is longer than {FILE_BYTES_MAX} bytes");
        return Err(only(&name, &words, "is it the right file?", None));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| not_text(&name, &bytes, &error))?;
    parse(text, &name, &ProcessEnvironment, overrides)
}

/// Reads a configuration from its text. `name` is what mistakes call the file.
///
/// # Errors
/// Every mistake in one go.
pub fn parse(
    text: &str,
    name: &str,
    environment: &dyn Environment,
    overrides: &Overrides,
) -> Result<Config, Mistakes> {
    let source = Source::new(name, text);
    let repaired = repair(text);
    let (table, mistakes) = syntax::parse(&repaired, text);
    let environment = Recording::new(environment);
    let context = Context::new(&source, &repaired, &environment, mistakes);
    let (mut config, caching) =
        check::config(&Reader::new(&context, &table, &keys::ROOT, 0..0), overrides);
    match context.into_mistakes() {
        Some(mistakes) => Err(mistakes),
        None => {
            config.from_environment = environment.taken();
            overrides.apply(&mut config, caching);
            Ok(config)
        }
    }
}

/// The file's bytes, one more than allowed at most.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(name: &str, error: &io::Error) -> Mistakes {
    let (words, hint) = match error.kind() {
        io::ErrorKind::NotFound => {
            ("there is no such file".to_owned(), "look at the path, or create the file")
        }
        io::ErrorKind::PermissionDenied => {
            ("the file may not be read".to_owned(), "let this user read it (ls -l shows who may)")
        }
        io::ErrorKind::IsADirectory => {
            ("this is a directory".to_owned(), "name the file in it, say tombolo.toml")
        }
        _ => (format!("the file cannot be read: {error}"), "look at the path and the disk"),
    };
    only(name, &words, hint, None)
}

fn not_text(name: &str, bytes: &[u8], error: &std::str::Utf8Error) -> Mistakes {
    let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let good = std::str::from_utf8(good).unwrap_or_default();
    let source = Source::new(name, good);
    let place = source.place(&(good.len()..good.len()));
    let text = format!("{}\u{fffd}", source.shown_line(place.line)).into();
    let (section, key) = source.within(place);
    let spot = Spot { place, text, section, key };
    only(name, "this byte is not UTF-8", "save the file as UTF-8", Some(spot))
}

/// A mistake that hides all others.
fn only(name: &str, words: &str, hint: &str, spot: Option<Spot>) -> Mistakes {
    Mistakes::alone(Mistake {
        kind: Kind::Unreadable,
        words: words.to_owned(),
        hint: hint.to_owned(),
        file: name.to_owned(),
        spot,
        related: None,
    })
}
