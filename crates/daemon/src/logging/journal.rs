//! Whether what is written goes to the journal of systemd, and what that wants to know of a line.

use std::os::fd::AsFd;

use tracing::Level;

/// Set by systemd for processes whose output is the journal: the stream's device and inode
/// (systemd.exec(5)).
const VARIABLE: &str = "JOURNAL_STREAM";

/// Whether this stream of ours is the journal. An inherited variable alone does not say so.
#[must_use]
pub fn is(stream: &impl AsFd) -> bool {
    let told = std::env::var(VARIABLE).unwrap_or_default();
    rustix::fs::fstat(stream).is_ok_and(|stat| names(&told, stat.st_dev, stat.st_ino))
}

fn names(told: &str, device: u64, inode: u64) -> bool {
    let told = told.split_once(':');
    told.is_some_and(|(of_device, of_inode)| {
        of_device.parse() == Ok(device) && of_inode.parse() == Ok(inode)
    })
}

/// The priority of a level, as syslog(3) counts them.
#[must_use]
pub fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// Turns a line of another process's program log into one for the journal: its priority, and the
/// line without its time. What is no such line is a notice: words of a program without a level.
#[must_use]
pub fn of_line(line: &str) -> (u8, &str) {
    let of_level = || {
        let (time, rest) = line.split_once(' ')?;
        let rest = rest.trim_start();
        let is_time = time.ends_with('Z') && time.starts_with(|first: char| first.is_ascii_digit());
        let level = rest.split(' ').next()?.parse::<Level>().ok().filter(|_| is_time)?;
        Some((priority(level), rest))
    };
    of_level().unwrap_or((5, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_stream_that_is_named_is_the_journal() {
        assert!(names("9:1234", 9, 1234));
        for told in ["", "9", "9:12", "8:1234", "9:1234:5"] {
            assert!(!names(told, 9, 1234), "{told}");
        }
    }

    #[test]
    fn lines_of_others_keep_their_level() {
        let line = "2026-12-01T05:17:09.113825Z  WARN tombolo_site path=/x odd";
        assert_eq!(of_line(line), (4, "WARN tombolo_site path=/x odd"));
        for words in ["memory allocation of 5 bytes failed", "at  INFO once", ""] {
            assert_eq!(of_line(words), (5, words));
        }
    }
}
