//! What happens when a destination stalls, fills up, goes away, or is not there to begin with.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use tombolo_daemon::config::{self, LogFormat};

use super::super::destination::Destination;
use super::{AccessLog, PATIENCE, lines, read_all, to_file, to_pipe, wait_until, write};

/// More than fits a queue, a lane and a pipe.
const TOO_MANY: u64 = 60_000;

#[test]
fn what_does_not_fit_is_dropped_and_counted_to_the_line() {
    let (log, reader) = to_pipe(Vec::new());
    let mut lane = log.lane().unwrap();
    let start = Instant::now();
    write(&mut lane, 0, TOO_MANY);
    assert!(start.elapsed() < PATIENCE, "nobody reads, and yet writing does not wait");
    drop(lane);
    let dropped = log.dropped();
    assert!(dropped > 0);
    let reading = std::thread::spawn(move || read_all(reader));
    wait_until("the rest is written", || log.written() + dropped == TOO_MANY);
    assert_eq!(log.dropped(), dropped);
    let written = log.written();
    log.close();
    let arrived = lines(&reading.join().unwrap());
    assert_eq!(arrived.len() as u64, written);
    assert!(arrived.is_sorted(), "what arrives is in order");
}

#[test]
fn a_stalled_standard_output_keeps_no_line_out_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let (log, reader) = to_pipe(vec![Destination::file(&path).unwrap()]);
    let mut lane = log.lane().unwrap();
    for part in 1..=TOO_MANY / 1000 {
        write(&mut lane, part, 1000);
        // Here the test is not to outrun the disk: all but what the lane holds is in the file.
        wait_until("the file has it", || log.outputs[0].queue.shared.tally.unwritten() == 0);
    }
    drop(lane);
    let lost = log.outputs[1].queue.shared.tally.dropped();
    assert!(lost > 0);
    log.close_within(Duration::from_millis(200));
    assert_eq!(lines(&fs::read_to_string(&path).unwrap()).len() as u64, TOO_MANY);
    drop(reader);
}

#[test]
fn ticks_while_stalled_do_not_fill_the_queue_with_crumbs() {
    let (log, reader) = to_pipe(Vec::new());
    let mut lane = log.lane().unwrap();
    // More than fills the pipe, so that the writer is stuck; then far more ticks than chunks fit.
    write(&mut lane, 0, 400);
    for _ in 0..3_000 {
        write(&mut lane, 1, 1);
        lane.flush();
    }
    drop(lane);
    assert_eq!(log.dropped(), 0);
    let reading = std::thread::spawn(move || read_all(reader));
    log.close();
    assert_eq!(lines(&reading.join().unwrap()).len(), 3_400);
}

#[test]
fn closing_does_not_wait_for_ever() {
    let (log, _reader) = to_pipe(Vec::new());
    write(&mut log.lane().unwrap(), 0, 2_000);
    let start = Instant::now();
    log.close_within(Duration::from_millis(50));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn standard_output_that_nobody_reads_is_turned_off_and_the_file_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let (log, reader) = to_pipe(vec![Destination::file(&path).unwrap()]);
    drop(reader);
    let mut lane = log.lane().unwrap();
    write(&mut lane, 0, 1);
    lane.flush();
    wait_until("it has noticed", || log.outputs[1].thread.is_finished());
    assert_eq!(log.dropped(), 1);
    write(&mut lane, 1, 1_000);
    drop(lane);
    assert_eq!(log.dropped(), 1, "what is off is not counted");
    log.close();
    assert_eq!(lines(&fs::read_to_string(&path).unwrap()).len(), 1_001);
}

#[test]
fn a_full_disk_is_counted_and_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    symlink("/dev/full", &path).unwrap();
    let log = to_file(&path);
    let mut lane = log.lane().unwrap();
    write(&mut lane, 0, 1_000);
    lane.flush();
    wait_until("all is lost", || log.dropped() == 1_000);
    assert_eq!(log.written(), 0);
    fs::remove_file(&path).unwrap();
    log.reopen();
    wait_until("there is a new file", || path.exists());
    write(&mut lane, 1, 10);
    drop(lane);
    wait_until("it is in use", || log.written() == 10);
    log.close();
    assert_eq!(lines(&fs::read_to_string(&path).unwrap()).len(), 10);
}

#[test]
fn a_file_that_cannot_be_opened_anew_stays_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("logs");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("access.log");
    let log = to_file(&path);
    let moved = folder.path().join("moved");
    fs::rename(&inner, &moved).unwrap();
    log.reopen();
    write(&mut log.lane().unwrap(), 0, 5);
    wait_until("they are written", || log.written() == 5);
    log.close();
    assert_eq!(lines(&fs::read_to_string(moved.join("access.log")).unwrap()).len(), 5);
}

fn pipe_in(folder: &Path) -> PathBuf {
    let path = folder.join("pipe");
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

fn open_to_read(path: &Path) -> fs::File {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    fs::File::from(rustix::fs::open(path, flags, Mode::empty()).unwrap())
}

/// The reader of a named pipe goes away in the middle of a line, and another comes.
#[test]
fn a_line_written_in_part_is_completed_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = pipe_in(folder.path());
    let mut first = open_to_read(&path);
    let log = to_file(&path);
    let mut lane = log.lane().unwrap();
    write(&mut lane, 0, 1_000);
    lane.flush();
    let mut text = vec![0; 1000];
    wait_until("there is something to read", || {
        rustix::io::ioctl_fionread(&first).unwrap() >= 1000
    });
    first.read_exact(&mut text).unwrap();
    drop(first);
    wait_until("the rest is lost", || log.dropped() > 0);
    let second = fs::File::open(&path).unwrap();
    let reading = std::thread::spawn(move || read_all(second));
    write(&mut lane, 1, 20);
    drop(lane);
    wait_until("all is settled", || log.written() + log.dropped() == 1_020);
    let (written, dropped) = (log.written(), log.dropped());
    log.close();
    let arrived = lines(&(String::from_utf8(text).unwrap() + &reading.join().unwrap()));
    assert_eq!(arrived.len() as u64, written);
    assert!(dropped > 0 && arrived.ends_with(&[(1, 19)]));
}

#[test]
fn what_cannot_be_opened_is_refused_in_words_that_tell_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = |path: &Path| {
        let file = Some(path.to_path_buf());
        let settings = config::AccessLog { stdout: false, file, format: LogFormat::Common };
        AccessLog::start(&settings).unwrap_err().to_string()
    };
    let missing = folder.path().join("none/access.log");
    let text = refusal(&missing);
    assert!(
        text.starts_with(&format!("cannot open the access log {}: No such", missing.display()))
    );
    assert!(text.contains("create the directory") && text.contains("/none, or name another file"));
    let text = refusal(folder.path());
    assert!(text.contains("Is a directory") && text.contains("name a file in it"), "{text}");
    let text = refusal(&pipe_in(folder.path()));
    assert!(text.contains("start whatever reads this pipe first"), "{text}");
}
