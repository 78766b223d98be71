//! A disk in memory that loses its power at any step: what was not synced is then there, there in
//! part, or not there at all, as chance has it.
//!
//! It promises less than any file system does: names of one folder come back in any combination,
//! blocks of one write in any combination, and a folder whose own name was not synced takes all
//! that is in it along.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bytes::Bytes;
use tombolo_e2e::Chance;

use super::disk::Disk;

/// What a disk keeps or loses as one.
const BLOCK: usize = 4;

#[derive(Clone, Debug, Default)]
struct Inode {
    durable: Vec<u8>,
    live: Vec<u8>,
    /// Ranges of `live` that were not synced.
    dirty: Vec<(usize, usize)>,
}

/// A name that was changed and not synced.
#[derive(Clone, Debug)]
enum Change {
    Add(String, usize),
    Remove(String),
    /// Both or none: file systems keep a rename whole.
    Rename(String, String, usize),
}

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    live: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    changes: Vec<Change>,
    locked: HashSet<usize>,
    /// Calls until the power goes.
    steps_left: Option<usize>,
    steps: usize,
    /// Bytes that still fit.
    room: Option<u64>,
}

/// The disk; clones are the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct PowerDisk(Arc<Mutex<State>>);

/// An open file.
#[derive(Debug)]
pub(super) struct PowerFile {
    disk: PowerDisk,
    inode: usize,
    holds_lock: Mutex<bool>,
}

impl Drop for PowerFile {
    fn drop(&mut self) {
        if *self.holds_lock.lock().unwrap() {
            self.disk.0.lock().unwrap().locked.remove(&self.inode);
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        self.steps += 1;
        if let Some(left) = &mut self.steps_left {
            if *left == 0 {
                return Err(io::Error::other("the power is gone"));
            }
            *left -= 1;
        }
        Ok(())
    }

    fn find(&self, path: &str) -> io::Result<usize> {
        self.live.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn apply(names: &mut BTreeMap<String, usize>, change: &Change) {
        match change {
            Change::Add(path, inode) => drop(names.insert(path.clone(), *inode)),
            Change::Remove(path) => drop(names.remove(path)),
            Change::Rename(from, to, inode) => {
                if names.get(from) == Some(inode) {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
        }
    }

    /// Names whose folders are all durable.
    fn reachable(&self) -> BTreeMap<String, usize> {
        let is_there = |path: &str| {
            let mut folder = parent(path);
            while !folder.is_empty() {
                if !self.durable.contains_key(folder) {
                    return false;
                }
                folder = parent(folder);
            }
            true
        };
        self.durable
            .iter()
            .filter(|(path, _)| is_there(path))
            .map(|(p, i)| (p.clone(), *i))
            .collect()
    }
}

impl PowerDisk {
    /// How many calls there were.
    pub(super) fn steps(&self) -> usize {
        self.0.lock().unwrap().steps
    }

    /// Has the power go after so many more calls.
    pub(super) fn lose_power_after(&self, steps: usize) {
        self.0.lock().unwrap().steps_left = Some(steps);
    }

    /// So many bytes fit from now on.
    pub(super) fn set_room(&self, bytes: Option<u64>) {
        self.0.lock().unwrap().room = bytes;
    }

    /// What a new start finds.
    pub(super) fn after_power_loss(&self, chance: &mut Chance) -> Self {
        let mut state = self.0.lock().unwrap();
        let changes = std::mem::take(&mut state.changes);
        for change in &changes {
            if chance.below(2) == 0 {
                State::apply(&mut state.durable, change);
            }
        }
        let names = state.reachable();
        let mut inodes = state.inodes.clone();
        for inode in &mut inodes {
            for (start, end) in std::mem::take(&mut inode.dirty) {
                for block in (start..end).step_by(BLOCK) {
                    let stop = (block + BLOCK).min(end).min(inode.live.len());
                    if block < stop && chance.below(2) == 0 {
                        if inode.durable.len() < stop {
                            inode.durable.resize(stop, 0);
                        }
                        inode.durable[block..stop].copy_from_slice(&inode.live[block..stop]);
                    }
                }
            }
            inode.live = inode.durable.clone();
        }
        let live = names.clone();
        Self(Arc::new(Mutex::new(State { inodes, live, durable: names, ..State::default() })))
    }
}

impl Disk for PowerDisk {
    type File = PowerFile;

    fn create(&self, path: &str) -> io::Result<PowerFile> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        if state.live.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !parent(path).is_empty() {
            state.find(parent(path))?;
        }
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.live.insert(path.to_owned(), inode);
        state.changes.push(Change::Add(path.to_owned(), inode));
        Ok(PowerFile { disk: self.clone(), inode, holds_lock: Mutex::default() })
    }

    fn open(&self, path: &str) -> io::Result<PowerFile> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let inode = state.find(path)?;
        Ok(PowerFile { disk: self.clone(), inode, holds_lock: Mutex::default() })
    }

    fn allocate(&self, _file: &PowerFile, bytes: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        if state.room.is_some_and(|room| room < bytes) {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        Ok(())
    }

    fn length(&self, file: &PowerFile) -> io::Result<u64> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        Ok(state.inodes[file.inode].live.len() as u64)
    }

    fn set_length(&self, file: &PowerFile, length: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let inode = &mut state.inodes[file.inode];
        inode.live.resize(length as usize, 0);
        // The length is part of what the next sync keeps.
        inode.dirty.push((0, length as usize));
        Ok(())
    }

    fn write_at(&self, file: &PowerFile, bytes: &[Bytes], at: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let bytes = bytes.concat();
        if let Some(room) = &mut state.room {
            if *room < bytes.len() as u64 {
                return Err(rustix::io::Errno::NOSPC.into());
            }
            *room -= bytes.len() as u64;
        }
        let (start, end) = (at as usize, at as usize + bytes.len());
        let inode = &mut state.inodes[file.inode];
        if inode.live.len() < end {
            inode.live.resize(end, 0);
        }
        inode.live[start..end].copy_from_slice(&bytes);
        inode.dirty.push((start, end));
        Ok(())
    }

    fn read_at(&self, file: &PowerFile, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let live = &state.inodes[file.inode].live;
        let rest = live.get(at as usize..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn sync(&self, file: &PowerFile) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let inode = &mut state.inodes[file.inode];
        inode.durable = inode.live.clone();
        inode.dirty.clear();
        Ok(())
    }

    fn lock(&self, file: &PowerFile) -> io::Result<bool> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let is_ours = state.locked.insert(file.inode);
        *file.holds_lock.lock().unwrap() |= is_ours;
        Ok(is_ours)
    }

    fn is_at(&self, file: &PowerFile, path: &str) -> io::Result<bool> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        Ok(state.live.get(path) == Some(&file.inode))
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        if !state.live.contains_key(path) {
            let inode = state.inodes.len();
            state.inodes.push(Inode::default());
            state.live.insert(path.to_owned(), inode);
            state.changes.push(Change::Add(path.to_owned(), inode));
        }
        Ok(())
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let is_in = |name: &String| parent(name) == path;
        let (now, later) = std::mem::take(&mut state.changes).into_iter().partition(|change| {
            match change {
                Change::Add(name, _) | Change::Remove(name) => is_in(name),
                // An fsync of either folder commits the whole rename.
                Change::Rename(from, to, _) => is_in(from) || is_in(to),
            }
        });
        state.changes = later;
        let now: Vec<Change> = now;
        for change in &now {
            State::apply(&mut state.durable, change);
        }
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let inode = state.find(from)?;
        state.find(parent(to))?;
        state.live.remove(from);
        state.live.insert(to.to_owned(), inode);
        state.changes.push(Change::Rename(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        state.find(path)?;
        state.live.remove(path);
        state.changes.push(Change::Remove(path.to_owned()));
        Ok(())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, SystemTime)>> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let names = state.live.keys().filter(|name| parent(name) == folder);
        let last = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(names.map(|name| (last(name), SystemTime::UNIX_EPOCH)).collect())
    }
}
