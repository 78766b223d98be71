//! Lines arrive: all of them, whole, in order, wherever they should.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::destination::Destination;
use super::{lines, read_all, to_file, to_pipe, wait_until, write};

#[test]
fn every_line_of_every_thread_reaches_file_and_standard_output_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let (log, reader) = to_pipe(vec![Destination::file(&path).unwrap()]);
    let reading = std::thread::spawn(move || read_all(reader));
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let mut lane = log.lane().unwrap();
            scope.spawn(move || write(&mut lane, writer, 5_000));
        }
    });
    wait_until("all is written", || log.written() == 40_000);
    assert_eq!(log.dropped(), 0);
    log.close();
    for text in [fs::read_to_string(&path).unwrap(), reading.join().unwrap()] {
        let mut each: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        lines(&text).into_iter().for_each(|(writer, it)| each.entry(writer).or_default().push(it));
        assert_eq!(each.len(), 4);
        assert!(each.values().all(|numbers| numbers.iter().copied().eq(0..5_000)));
    }
}

#[test]
fn a_tick_delivers_a_single_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let log = to_file(&path);
    let mut lane = log.lane().unwrap();
    write(&mut lane, 7, 1);
    assert_eq!(fs::read(&path).unwrap(), b"", "not a system call for each line");
    lane.flush();
    wait_until("the line is in the file", || log.written() == 1);
    assert_eq!(lines(&fs::read_to_string(&path).unwrap()), [(7, 0)]);
}

#[test]
fn what_a_lane_holds_is_delivered_when_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let log = to_file(&path);
    write(&mut log.lane().unwrap(), 0, 3);
    log.close();
    assert_eq!(lines(&fs::read_to_string(&path).unwrap()).len(), 3);
}

#[test]
fn a_log_that_is_there_is_appended_to_and_a_new_one_is_not_for_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    for _ in 0..2 {
        let log = to_file(&path);
        write(&mut log.lane().unwrap(), 0, 2);
        log.close();
    }
    assert_eq!(lines(&fs::read_to_string(&path).unwrap()).len(), 4);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o007, 0);
}

/// Rotation as it is done: rename, tell, while requests go on.
#[test]
fn rotation_while_writing_loses_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let log = to_file(&path);
    let stop = AtomicBool::new(false);
    let offered = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut lane = log.lane().unwrap();
            let mut offered = 0;
            while !stop.load(Ordering::Relaxed) {
                write(&mut lane, offered, 50);
                offered += 1;
                lane.flush();
            }
            offered * 50
        });
        for turn in 0..8 {
            let before = log.written();
            wait_until("some lines are written", || log.written() > before + 100);
            fs::rename(&path, folder.path().join(format!("access.log.{turn}"))).unwrap();
            log.reopen();
            wait_until("the new file is there", || path.exists());
        }
        stop.store(true, Ordering::Relaxed);
        writing.join().unwrap()
    });
    assert_eq!(log.dropped(), 0);
    log.close();
    let mut all = Vec::new();
    let mut files = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        all.extend(lines(&fs::read_to_string(entry.unwrap().path()).unwrap()));
        files += 1;
    }
    assert_eq!(files, 9);
    assert_eq!(all.len() as u64, offered);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len() as u64, offered, "each line once");
}

#[test]
fn no_log_is_no_lane() {
    let log = super::AccessLog::start(&tombolo_daemon::config::AccessLog::off()).unwrap();
    assert!(log.lane().is_none());
    log.reopen();
    log.close();
}
