//! A log file of bounded size: when it is full it becomes `NAME.1`, that one `NAME.2`, and so on, and
//! the oldest goes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How much is kept of each process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of a file.
    pub(crate) size: u64,
    /// Files, the present one among them; at least one.
    pub(crate) files: usize,
}

/// A log file. Every error is one after which it can be tried again: the file is opened anew.
#[derive(Debug)]
pub(super) struct Rotating {
    path: PathBuf,
    bounds: Bounds,
    /// With its size; None: to be opened.
    open: Option<(File, u64)>,
}

impl Rotating {
    /// Appends to this file; opens it at the first line.
    pub(super) fn new(path: PathBuf, bounds: Bounds) -> Self {
        Rotating { path, bounds, open: None }
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut rest = lines;
        while !rest.is_empty() {
            let (file, size) = match &mut self.open {
                Some(open) => open,
                None => self.open.insert(open(&self.path)?),
            };
            let room = self.bounds.size.saturating_sub(*size);
            let (now, later) = rest.split_at(lines_within(rest, room));
            if now.is_empty() && *size > 0 {
                self.rotate()?;
                continue;
            }
            // A line that is larger than a file has one for itself.
            let (now, later) = if now.is_empty() { first_line(rest) } else { (now, later) };
            file.write_all(now)?;
            *size = size.saturating_add(now.len() as u64);
            rest = later;
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.open = None;
        for number in (0..self.bounds.files).rev() {
            let from = numbered(&self.path, number);
            let moved = match number + 1 < self.bounds.files {
                true => fs::rename(&from, numbered(&self.path, number + 1)),
                false => fs::remove_file(&from),
            };
            moved.or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
        }
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.append(lines).map(|()| lines.len()).map_err(|error| {
            self.open = None;
            // Whatever it was: there is hope, and these lines are lost.
            io::Error::new(io::ErrorKind::StorageFull, error)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = tombolo_files::open_private(path, tombolo_files::Access::Append)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    name.into()
}

/// How many bytes of whole lines fit.
fn lines_within(lines: &[u8], room: u64) -> usize {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    match lines.get(..room) {
        Some(head) => memchr::memrchr(b'\n', head).map_or(0, |end| end + 1),
        None => lines.len(),
    }
}

fn first_line(lines: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', lines).map_or(lines.len(), |end| end + 1);
    lines.split_at_checked(end).unwrap_or((lines, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn full_files_move_on_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site-1.log");
        let mut log = Rotating::new(path.clone(), Bounds { size: 10, files: 3 });
        for line in ["one\ntwo\n", "three\n", "four\nfive\n", "six\n", "seven\neight\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(text(&path), "eight\n");
        assert_eq!(text(&numbered(&path, 1)), "six\nseven\n");
        assert_eq!(text(&numbered(&path, 2)), "four\nfive\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        // Another start goes on where it was.
        let mut again = Rotating::new(path.clone(), Bounds { size: 10, files: 3 });
        again.write_all(b"ten\n").unwrap();
        assert_eq!(text(&path), "eight\nten\n");
    }

    #[test]
    fn line_larger_than_a_file_is_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut log = Rotating::new(path.clone(), Bounds { size: 4, files: 2 });
        log.write_all(b"a\nmuch longer\nb\n").unwrap();
        assert_eq!(text(&path), "b\n");
        assert_eq!(text(&numbered(&path, 1)), "much longer\n");
    }

    #[test]
    fn folder_that_vanishes_costs_lines_and_not_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        let path = logs.join("a.log");
        let mut log = Rotating::new(path.clone(), Bounds { size: 100, files: 2 });
        let lost = log.write_all(b"lost\n").unwrap_err();
        assert_eq!(lost.kind(), io::ErrorKind::StorageFull);
        fs::create_dir(&logs).unwrap();
        log.write_all(b"kept\n").unwrap();
        assert_eq!(text(&path), "kept\n");
    }
}
