//! The purges in force, as a file: appended to when one is accepted, written anew when some are
//! worked off.
//!
//! A record is `length u32 · checksum u64 · stamp u64 · mode u8 · kind u8 · text`. A file that ends
//! in something else may have lost a purge: then everything counts as purged softly, which costs
//! revalidation and never answers with what should be gone.

use std::fs::File;
use std::io::{self, Read, Write};

use tombolo_files::Access;
use xxhash_rust::xxh3::xxh3_64;

use super::records::{Account, Records, Target};
use super::{Mode, PurgeError};
use crate::store::disk::Dir;
use crate::store::settings::MAX_FIELD;

const NEWEST: u8 = 0;
const ALL: u8 = 1;
const KEY: u8 = 2;
const TAG: u8 = 3;
const PREFIX: u8 = 4;
const SOME: u8 = 5;
const ANY: u8 = 6;
const SCOPE: u8 = 7;
/// Longest log that is read: every kind at its limit fits.
const MAX_LOG: u64 = 128 << 20;

const NAME: &str = "purge.log";

/// The log, open for appending when the disk lets it be.
#[derive(Default)]
pub(in crate::store) struct Log {
    file: Option<File>,
    /// Bytes appended since the log was last written anew.
    appended: u64,
}

impl Log {
    /// Reads what is in force. A missing log is an empty one.
    pub(in crate::store) fn load(&self, dir: &Dir, records: &Records) -> io::Result<()> {
        let file = match dir.root.file(NAME, Access::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(MAX_LOG + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_LOG {
            bytes = vec![0];
        }
        if !parse(&bytes, records) {
            tracing::warn!("the log of purges is damaged: everything stored counts as stale");
            let _: Result<u64, PurgeError> =
                records.accept(Target::All, Mode::Soft, Account::Operator);
        }
        Ok(())
    }

    /// Appends purges: they survive the end of this process, and after [`Self::sync`] that of the
    /// system. After a failure the log is written anew at the next [`Self::rewrite`].
    pub(super) fn append(&mut self, dir: &Dir, purges: &[(Target, Mode, u64)]) -> io::Result<()> {
        let mut out = Vec::new();
        purges
            .iter()
            .for_each(|(target, mode, stamp)| write_record(&mut out, target, *mode, *stamp));
        self.appended += out.len() as u64;
        let result = self.opened(dir).and_then(|mut file| file.write_all(&out));
        if result.is_err() {
            self.file = None;
        }
        result
    }

    /// Waits until what was appended is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let result = self.file.as_ref().map_or(Ok(()), File::sync_data);
        if result.is_err() {
            self.file = None;
        }
        result
    }

    /// Bytes that were appended since it was last written anew.
    pub(super) const fn appended(&self) -> u64 {
        self.appended
    }

    /// Writes the log anew, with what is in force.
    pub(in crate::store) fn rewrite(&mut self, dir: &Dir, records: &Records) -> io::Result<()> {
        self.file = None;
        self.appended = 0;
        let mut out = Vec::new();
        write_raw(&mut out, records.newest(), 0, NEWEST, &[]);
        records.each(|target, mode, stamp| write_record(&mut out, target, mode, stamp));
        match dir.tmp.remove(NAME) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = dir.tmp.file(NAME, Access::New)?;
        file.write_all(&out)?;
        file.sync_all()?;
        dir.tmp.rename(NAME, &dir.root, NAME)?;
        dir.root.sync()
    }

    /// The directory is another one.
    pub(in crate::store) fn close(&mut self) {
        self.file = None;
    }

    fn opened(&mut self, dir: &Dir) -> io::Result<&File> {
        if self.file.is_none() {
            let file = dir.root.file(NAME, Access::Append)?;
            dir.root.sync()?;
            self.file = Some(file);
        }
        self.file.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

fn write_record(out: &mut Vec<u8>, target: &Target, mode: Mode, stamp: u64) {
    let mode = u8::from(mode == Mode::Soft);
    match target {
        Target::All => write_raw(out, stamp, mode, ALL, &[]),
        Target::Key(hash) => write_raw(out, stamp, mode, KEY, &hash.to_le_bytes()),
        Target::Tag(hash) => write_raw(out, stamp, mode, TAG, &hash.to_le_bytes()),
        Target::Prefix(text) => write_raw(out, stamp, mode, PREFIX, text),
        Target::Some(place) => write_raw(out, stamp, mode, SOME, &place.to_le_bytes()),
        Target::Scope(scope, secret) => {
            let both = u128::from(*scope) << 64 | u128::from(*secret);
            write_raw(out, stamp, mode, SCOPE, &both.to_le_bytes());
        }
        Target::Any => write_raw(out, stamp, mode, ANY, &[]),
    }
}

fn write_raw(out: &mut Vec<u8>, stamp: u64, mode: u8, kind: u8, text: &[u8]) {
    let mut record = Vec::with_capacity(10 + text.len());
    record.extend_from_slice(&stamp.to_le_bytes());
    record.extend_from_slice(&[mode, kind]);
    record.extend_from_slice(text);
    out.extend_from_slice(&u32::try_from(record.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&xxh3_64(&record).to_le_bytes());
    out.extend_from_slice(&record);
}

/// Takes over what is readable. False when something was not.
fn parse(mut bytes: &[u8], records: &Records) -> bool {
    while !bytes.is_empty() {
        let Some(rest) = parse_one(bytes, records) else { return false };
        bytes = rest;
    }
    true
}

fn parse_one<'a>(bytes: &'a [u8], records: &Records) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_FIELD + 10 {
        return None;
    }
    let (record, rest) = rest.split_at_checked(length)?;
    if xxh3_64(record) != u64::from_le_bytes(*sum) {
        return None;
    }
    let (stamp, record) = record.split_first_chunk::<8>()?;
    let stamp = u64::from_le_bytes(*stamp);
    let ([mode, kind], text) = record.split_first_chunk::<2>()?;
    let mode = if *mode == 0 { Mode::Hard } else { Mode::Soft };
    let hash = || text.try_into().ok().map(u128::from_le_bytes);
    let target = match *kind {
        NEWEST => {
            records.restore_newest(stamp);
            return Some(rest);
        }
        ALL => Target::All,
        KEY => Target::Key(hash()?),
        TAG => Target::Tag(hash()?),
        PREFIX => Target::Prefix(text.into()),
        SOME => Target::Some(text.try_into().ok().map(u16::from_le_bytes)?),
        SCOPE => {
            let (secret, scope) = text.split_first_chunk::<8>()?;
            let scope = scope.try_into().ok().map(u64::from_le_bytes)?;
            Target::Scope(scope, u64::from_le_bytes(*secret))
        }
        ANY => Target::Any,
        _ => return None,
    };
    records.restore(target, mode, stamp);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told(records: &Records) -> Vec<(Target, Mode, u64)> {
        let mut out = Vec::new();
        records.each(|target, mode, stamp| out.push((target.clone(), mode, stamp)));
        out.sort_by_key(|(_, _, stamp)| *stamp);
        out
    }

    #[test]
    fn what_was_appended_or_rewritten_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::default();
        let cache = Dir::open(&dir.path().join("cache")).unwrap();
        let mut log = Log::default();
        let targets = [
            Target::Key(7),
            Target::Tag(8),
            Target::Prefix((*b"p").into()),
            Target::All,
            Target::Some(9),
            Target::Scope(10, 11),
            Target::Any,
        ];
        for (number, target) in targets.into_iter().enumerate() {
            let mode = if number % 2 == 0 || number > 3 { Mode::Hard } else { Mode::Soft };
            let stamp = records.accept(target.clone(), mode, Account::Operator).unwrap();
            log.append(&cache, &[(target, mode, stamp)]).unwrap();
        }
        for _ in 0..2 {
            let again = Records::default();
            log.load(&cache, &again).unwrap();
            assert_eq!(told(&again), told(&records));
            assert_eq!(again.newest(), records.newest());
            log.rewrite(&cache, &records).unwrap();
        }
    }

    #[test]
    fn a_damaged_log_makes_everything_stale() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cache").join(NAME);
        let cache = Dir::open(&dir.path().join("cache")).unwrap();
        let records = Records::default();
        let stamp = records.accept(Target::Key(7), Mode::Hard, Account::Operator).unwrap();
        Log::default().append(&cache, &[(Target::Key(7), Mode::Hard, stamp)]).unwrap();
        let good = fs::read(&path).unwrap();
        for cut in 1..good.len() {
            fs::write(&path, &good[..cut]).unwrap();
            let again = Records::default();
            Log::default().load(&cache, &again).unwrap();
            assert!(told(&again).iter().any(|(target, ..)| *target == Target::All), "{cut}");
        }
        for flip in 0..good.len() {
            let mut bad = good.clone();
            bad[flip] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            let again = Records::default();
            Log::default().load(&cache, &again).unwrap();
            assert!(told(&again).iter().any(|(target, ..)| *target == Target::All), "{flip}");
        }
    }
}
