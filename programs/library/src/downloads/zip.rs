//! A ZIP archive as a sequence of bytes (APPNOTE 6.3.10): entries stored as they are, with the sizes
//! told before and the check sums told behind them, so that nothing is read twice and the length of
//! the archive is known before its first byte. Pure: no content passes through here.

/// A file that goes into an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path in the archive, in UTF-8, with `/` between folders and no leading one.
    pub(crate) name: String,
    pub(crate) size: u64,
    /// When it was stored, as DOS writes a time.
    pub(crate) time: DosTime,
}

/// A time in steps of two seconds, as ZIP keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DosTime {
    pub(crate) date: u16,
    pub(crate) time: u16,
}

impl DosTime {
    /// Of a time in UTC; years before 1980 and after 2107 become those.
    pub(crate) fn of(time: jiff::Timestamp) -> Self {
        let time = time.to_zoned(jiff::tz::TimeZone::UTC);
        let part = |number: i8| u16::from(number.unsigned_abs());
        let year = u16::try_from(time.year().clamp(1980, 2107)).unwrap_or(1980);
        let date = (year.saturating_sub(1980) << 9) | (part(time.month()) << 5) | part(time.day());
        let minute = (part(time.hour()) << 11) | (part(time.minute()) << 5);
        Self { date, time: minute | (part(time.second()) >> 1) }
    }
}

/// Names are UTF-8 (bit 11); check sums stand behind the data (bit 3).
const FLAGS: u16 = (1 << 11) | (1 << 3);
/// The version that is needed to read zip64.
const VERSION: u16 = 45;
/// Made on Unix, so that the mode below counts.
const MADE_BY: u16 = (3 << 8) | VERSION;
/// A plain file that its owner may write and all may read.
const MODE: u32 = 0o100_644 << 16;
/// In place of a number that stands in the zip64 field.
const IN_ZIP64: u32 = u32::MAX;
const ZIP64_ID: u16 = 1;

/// What stands before an entry's data. The zip64 field is always there: then the sizes behind the
/// data have eight bytes each whatever they are.
pub(crate) fn local_header(entry: &Entry) -> Vec<u8> {
    let mut out = Writer::default();
    out.u32(0x0403_4b50).u16(VERSION).u16(FLAGS).u16(0);
    out.u16(entry.time.time).u16(entry.time.date);
    out.u32(0).u32(IN_ZIP64).u32(IN_ZIP64);
    out.u16(length(entry.name.len())).u16(20).bytes(entry.name.as_bytes());
    out.u16(ZIP64_ID).u16(16).u64(entry.size).u64(entry.size);
    out.0
}

/// What stands behind an entry's data.
pub(crate) fn data_descriptor(entry: &Entry, crc32: u32) -> Vec<u8> {
    let mut out = Writer::default();
    out.u32(0x0807_4b50).u32(crc32).u64(entry.size).u64(entry.size);
    out.0
}

/// The directory at the end of the archive.
pub(crate) fn directory(entries: &[(Entry, u32)]) -> Vec<u8> {
    let mut out = Writer::default();
    let mut offset = 0_u64;
    for (entry, crc32) in entries {
        out.u32(0x0201_4b50).u16(MADE_BY).u16(VERSION).u16(FLAGS).u16(0);
        out.u16(entry.time.time).u16(entry.time.date);
        out.u32(*crc32).u32(IN_ZIP64).u32(IN_ZIP64);
        out.u16(length(entry.name.len())).u16(28).u16(0).u16(0).u16(0).u32(MODE).u32(IN_ZIP64);
        out.bytes(entry.name.as_bytes());
        out.u16(ZIP64_ID).u16(24).u64(entry.size).u64(entry.size).u64(offset);
        offset = offset.saturating_add(entry_bytes(entry));
    }
    let size = u64::try_from(out.0.len()).unwrap_or(u64::MAX);
    let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let end = offset.saturating_add(size);
    // The end of the directory in zip64, where it is, and the end that old readers look for.
    out.u32(0x0606_4b50).u64(44).u16(MADE_BY).u16(VERSION).u32(0).u32(0);
    out.u64(count).u64(count).u64(size).u64(offset);
    out.u32(0x0706_4b50).u32(0).u64(end).u32(1);
    out.u32(0x0605_4b50).u16(0).u16(0).u16(u16::MAX).u16(u16::MAX);
    out.u32(IN_ZIP64).u32(IN_ZIP64).u16(0);
    out.0
}

/// The length of an archive; None if it is beyond what numbers can hold.
pub(crate) fn archive_bytes(entries: &[Entry]) -> Option<u64> {
    entries.iter().try_fold(98_u64, |sum, entry| {
        let name = u64::try_from(entry.name.len()).ok()?;
        sum.checked_add(entry_bytes(entry))?.checked_add(name)?.checked_add(46 + 28)
    })
}

/// Header, data and descriptor of an entry.
fn entry_bytes(entry: &Entry) -> u64 {
    let name = u64::try_from(entry.name.len()).unwrap_or(u64::MAX);
    entry.size.saturating_add(name).saturating_add(30 + 20 + 24)
}

fn length(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

/// Makes the names of entries different from each other, as a folder needs them: `a.txt`,
/// `a (2).txt`. Case does not tell names apart on every system.
#[derive(Debug, Default)]
pub(crate) struct Names(std::collections::HashSet<String>);

impl Names {
    /// A name that was not given yet.
    pub(crate) fn unlike_the_others(&mut self, name: &str) -> String {
        if self.0.insert(name.to_lowercase()) {
            return name.to_owned();
        }
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() && !extension.contains('/') => {
                (stem, format!(".{extension}"))
            }
            _ => (name, String::new()),
        };
        let mut number = 2_u64;
        loop {
            let other = format!("{stem} ({number}){extension}");
            if self.0.insert(other.to_lowercase()) {
                return other;
            }
            number = number.saturating_add(1);
        }
    }
}

/// Little-endian numbers, one after the other.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u16(&mut self, number: u16) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u32(&mut self, number: u32) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u64(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn entry(name: &str, size: usize) -> Entry {
        let time = "2026-12-01T05:30:58Z".parse().map(DosTime::of).unwrap();
        Entry { name: name.to_owned(), size: size as u64, time }
    }

    fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut written = Vec::new();
        for (name, data) in files {
            let entry = entry(name, data.len());
            let crc32 = crc32fast::hash(data);
            bytes.extend(local_header(&entry));
            bytes.extend(data);
            bytes.extend(data_descriptor(&entry, crc32));
            written.push((entry, crc32));
        }
        bytes.extend(directory(&written));
        bytes
    }

    #[test]
    fn python_and_unzip_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let files = [
            ("Łódź €.txt".to_owned(), b"hello".to_vec()),
            ("empty".to_owned(), vec![]),
            ("big.bin".to_owned(), vec![7; 300_000]),
        ];
        std::fs::write(&path, archive(&files)).unwrap();
        let script = "import sys, zipfile\n\
            z = zipfile.ZipFile(sys.argv[1])\n\
            assert z.testzip() is None\n\
            assert [i.filename for i in z.infolist()] == ['Łódź €.txt', 'empty', 'big.bin']\n\
            assert z.infolist()[0].date_time == (2026, 12, 1, 5, 30, 58)\n\
            assert z.read('Łódź €.txt') == b'hello' and z.read('big.bin') == b'\\x07' * 300000\n";
        let python = Command::new("python3").args(["-c", script]).arg(&path).status().unwrap();
        assert!(python.success());
        if let Ok(unzip) = Command::new("unzip").arg("-tq").arg(&path).output() {
            assert!(unzip.status.success(), "{unzip:?}");
        }
    }

    #[test]
    fn names_differ() {
        let mut names = Names::default();
        let given: Vec<_> = ["a.txt", "A.TXT", "a.txt", "a (2).txt", ".x", ".x"]
            .map(|name| names.unlike_the_others(name))
            .to_vec();
        assert_eq!(given, ["a.txt", "A (2).TXT", "a (3).txt", "a (2) (2).txt", ".x", ".x (2)"]);
    }

    proptest! {
        #[test]
        fn the_length_is_known_before(files in prop::collection::vec((".{0,30}", prop::collection::vec(any::<u8>(), 0..50)), 0..8)) {
            let entries: Vec<_> = files.iter().map(|(name, data)| entry(name, data.len())).collect();
            prop_assert_eq!(archive_bytes(&entries), Some(archive(&files).len() as u64));
        }
    }
}
