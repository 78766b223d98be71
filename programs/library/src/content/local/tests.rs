//! Loss of power at every step, a disk that is full, and a completion that was cut.

use bytes::Bytes;
use tombolo_e2e::Chance;

use super::disk::Disk;
use super::files::Files;
use super::power::PowerDisk;
use crate::content::{ContentError, Place};
use crate::ids::{ContentId, UploadId};

const PIECE: usize = 10;
const PIECES: usize = 3;

/// What the database holds: a commit is durable at once.
#[derive(Clone, Debug, Default)]
struct Row {
    is_created: bool,
    offset: usize,
    is_complete: bool,
}

fn place() -> Place {
    Place { upload: UploadId::new(), content: ContentId::new() }
}

fn all() -> Vec<u8> {
    (0..PIECE * PIECES).map(|index| index as u8 + 1).collect()
}

/// Uploads from where the row is to the end, noting what was acknowledged on the way.
fn upload(disk: &PowerDisk, place: &Place, row: &mut Row) -> Result<(), ContentError> {
    let files = Files::new(disk.clone())?;
    let bytes = all();
    if !row.is_created {
        match files.create(place, Some(bytes.len() as u64)) {
            // An earlier try had come that far.
            Err(ContentError::Disk { source, .. })
                if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            created => created?,
        }
        row.is_created = true;
    }
    if row.is_complete {
        return Ok(());
    }
    let file = files.open(place, row.offset as u64)?;
    files.begin(&file, place)?;
    while row.offset < bytes.len() {
        let end = (row.offset + PIECE).min(bytes.len());
        let piece = Bytes::copy_from_slice(&bytes[row.offset..end]);
        files.write(&file, &[piece], row.offset as u64)?;
        files.sync(&file)?;
        row.offset = end;
    }
    files.complete(&file, place, bytes.len() as u64)?;
    row.is_complete = true;
    Ok(())
}

fn content(disk: &PowerDisk, place: &Place) -> Vec<u8> {
    let files = Files::new(disk.clone()).unwrap();
    let file = files.content(&place.content).unwrap();
    let mut bytes = vec![0; files.length(&file).unwrap() as usize];
    files.read(&file, &mut bytes, 0).unwrap();
    bytes
}

#[test]
fn no_acknowledged_byte_is_lost_whenever_the_power_goes() {
    let steps = {
        let disk = PowerDisk::default();
        upload(&disk, &place(), &mut Row::default()).unwrap();
        disk.steps()
    };
    assert!(steps > 20, "{steps}");
    let mut chance = Chance::new();
    for first in 0..=steps {
        for second in 0..=steps {
            let (mut disk, place, mut row) = (PowerDisk::default(), place(), Row::default());
            for cut in [first, second] {
                disk.lose_power_after(cut);
                let _ = upload(&disk, &place, &mut row);
                disk = disk.after_power_loss(&mut chance);
                if row.is_complete {
                    assert_eq!(content(&disk, &place), all(), "cut at {first}, {second}");
                }
            }
            // Never more than this: what is acknowledged is there, and the rest can be sent.
            upload(&disk, &place, &mut row).unwrap_or_else(|error| {
                panic!("cut at {first}, {second}: {error}; {row:?}");
            });
            assert_eq!(content(&disk, &place), all(), "cut at {first}, {second}");
        }
    }
}

#[test]
fn a_full_disk_leaves_what_was_acknowledged() {
    let (disk, place, mut row) = (PowerDisk::default(), place(), Row::default());
    disk.set_room(Some(5));
    assert!(matches!(upload(&disk, &place, &mut row), Err(ContentError::Full(_))));
    assert!(!row.is_created, "no room was reserved");
    assert!(Files::new(disk.clone()).unwrap().open(&place, 1).is_err(), "and nothing is left");
    for room in [PIECE, PIECE + 3] {
        // A disk that fills up after the room was reserved (a file system without `fallocate`).
        disk.set_room(None);
        let files = Files::new(disk.clone()).unwrap();
        let _ = files.create(&place, None);
        row.is_created = true;
        disk.set_room(Some(room as u64));
        let before = row.offset;
        assert!(matches!(upload(&disk, &place, &mut row), Err(ContentError::Full(_))));
        assert_eq!(row.offset, before + PIECE);
    }
    disk.set_room(None);
    upload(&disk, &place, &mut row).unwrap();
    assert_eq!(content(&disk, &place), all());
}

#[test]
fn one_writer_at_a_time_and_the_next_one_finds_a_file_that_was_renamed() {
    let (disk, place) = (PowerDisk::default(), place());
    let files = Files::new(disk).unwrap();
    files.create(&place, None).unwrap();
    let first = files.open(&place, 0).unwrap();
    assert!(matches!(files.open(&place, 0), Err(ContentError::Busy)));
    files.write(&first, &[Bytes::from_static(b"abc")], 0).unwrap();
    files.sync(&first).unwrap();
    files.complete(&first, &place, 3).unwrap();
    // It was not noted: another one takes over, and has to wait for the first one's end.
    assert!(matches!(files.open(&place, 3), Err(ContentError::Busy)));
    drop(first);
    // Until it is sure that the upload is not complete, nothing moves.
    let second = files.open(&place, 3).unwrap();
    assert!(files.content(&place.content).is_ok());
    drop(second);
    let second = files.open(&place, 3).unwrap();
    files.begin(&second, &place).unwrap();
    assert!(files.content(&place.content).is_err());
    files.complete(&second, &place, 3).unwrap();
    let file = files.content(&place.content).unwrap();
    assert_eq!(files.length(&file).unwrap(), 3);
}

#[test]
fn bytes_beyond_the_end_are_cut_off() {
    let (disk, place) = (PowerDisk::default(), place());
    let files = Files::new(disk).unwrap();
    files.create(&place, None).unwrap();
    let file = files.open(&place, 0).unwrap();
    files.write(&file, &[Bytes::from_static(b"abcdef")], 0).unwrap();
    drop(file);
    let file = files.open(&place, 0).unwrap();
    files.write(&file, &[Bytes::from_static(b"xyz")], 0).unwrap();
    files.complete(&file, &place, 3).unwrap();
    let file = files.content(&place.content).unwrap();
    assert_eq!(files.length(&file).unwrap(), 3);
}

#[test]
fn what_is_missing_is_told() {
    let (disk, place) = (PowerDisk::default(), place());
    let files = Files::new(disk.clone()).unwrap();
    files.create(&place, None).unwrap();
    assert!(matches!(files.open(&place, 1), Err(ContentError::Missing(_))), "too short");
    files.discard(&place).unwrap();
    files.discard(&place).unwrap();
    assert!(matches!(files.open(&place, 1), Err(ContentError::Missing(_))), "not there");
    assert!(matches!(files.content(&place.content), Err(ContentError::Missing(_))));
    assert!(disk.list("incoming").unwrap().is_empty());
}
