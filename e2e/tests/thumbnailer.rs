//! The processes that make one thumbnail and that read one length: what they make of files and of anything
//! else, and what the kernel lets them do.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use tombolo_e2e::{Tombolo, eventually};

/// 64 x 32 pixels of one colour.
const PNG: &[u8] = b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x40\x00\x00\x00\x20\
    \x08\x02\x00\x00\x00\x2d\xff\xe9\xd3\x00\x00\x00\x37\x49\x44\x41\x54\x78\xda\xed\xcf\x41\x09\x00\
    \x00\x08\x04\xb0\x4b\x62\x12\xfb\x63\x2c\x33\xf8\x14\x06\x2b\xb0\x4c\xf5\x6b\x11\x10\x10\x10\x10\
    \x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\x10\xb8\x5a\xe0\x75\x10\x88\
    \xfb\x1e\xce\x50\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

fn start(role: &str) -> Child {
    Command::new(Tombolo::path())
        .args(["serve", "library", role])
        .env_clear()
        .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn made(image: &[u8]) -> (bool, Vec<u8>) {
    let mut child = start("--thumbnailer");
    let mut input = child.stdin.take().unwrap();
    let image = image.to_vec();
    let sending = std::thread::spawn(move || {
        // One that has seen enough reads no more.
        let _ = input.write_all(&image);
    });
    let mut picture = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut picture).unwrap();
    sending.join().unwrap();
    (child.wait().unwrap().success(), picture)
}

#[test]
fn a_picture_becomes_a_small_one() {
    let (is_well, picture) = made(PNG);
    assert!(is_well);
    assert!(picture.starts_with(&[0xff, 0xd8, 0xff]), "{picture:?}");
}

#[test]
fn what_is_no_picture_ends_it_and_nothing_else() {
    let mut broken = PNG.to_vec();
    broken[60] ^= 0xff;
    for image in [&b""[..], b"GIF89a", b"<svg/>", &PNG[..70], &broken, &[0; 1_000_000]] {
        let (is_well, picture) = made(image);
        assert!(!is_well && picture.is_empty(), "{} bytes", image.len());
    }
}

/// Seconds that a file lasts, for a parent that gives what is asked for.
fn length(file: &[u8]) -> Option<u64> {
    let mut child = start("--measurer");
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    input.write_all(&(file.len() as u64).to_le_bytes()).unwrap();
    let length = loop {
        let (mut place, mut count) = ([0; 8], [0; 4]);
        if output.read_exact(&mut place).and_then(|()| output.read_exact(&mut count)).is_err() {
            break None;
        }
        let (place, count) = (u64::from_le_bytes(place), u32::from_le_bytes(count) as usize);
        if count == 0 {
            break (place != u64::MAX).then_some(place);
        }
        let place = usize::try_from(place).unwrap();
        input.write_all(&file[place..place + count]).unwrap();
    };
    drop(input);
    child.wait().unwrap();
    length
}

#[test]
fn a_file_of_sound_tells_its_length() {
    // Mono, 8000 samples a second, 8 bits each.
    let data: u32 = 61 * 8000;
    let mut wave =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data"
            .to_vec();
    wave[4..8].copy_from_slice(&(36 + data).to_le_bytes());
    wave.extend(data.to_le_bytes());
    wave.resize(44 + data as usize, 0x80);
    assert_eq!(length(&wave), Some(61));
    for other in [&b""[..], b"%PDF-1.7", PNG, &wave[..20], &[0xff; 300_000]] {
        assert_eq!(length(other), None, "{} bytes", other.len());
    }
}

#[test]
fn they_may_do_nothing_but_read_think_and_write() {
    for role in ["--thumbnailer", "--measurer"] {
        is_confined(start(role));
    }
}

fn is_confined(mut child: Child) {
    let status = format!("/proc/{}/status", child.id());
    // 2 is SECCOMP_MODE_FILTER (proc_pid_status(5)).
    eventually("a confined process", || {
        let status = std::fs::read_to_string(&status).ok()?;
        let is_so = |line: &str, value: &str| {
            status.lines().any(|found| found.starts_with(line) && found.ends_with(value))
        };
        (is_so("Seccomp:", "\t2") && is_so("NoNewPrivs:", "\t1")).then_some(())
    });
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let soft = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(soft("Max data size"), (448 * 1024 * 1024).to_string());
    assert_eq!(soft("Max file size"), "0");
    assert_eq!(soft("Max open files"), "16");
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success());
}
