//! What `up` starts, and what services store in.

use super::{Fault, Up, fault_of, up};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use tombolo_e2e::{Postgres, SmallDisk, Tombolo, eventually};

pub(super) fn faults() -> Vec<Fault> {
    let of_up = [replica_failed(), orchestrator_gone()];
    let of_storage = [storage_fails(), storage_disk_fills()];
    of_up.into_iter().chain(of_storage.into_iter().flatten()).collect()
}

/// From now on it cannot start: its folder is gone.
fn replica_failed() -> Fault {
    let alarms = &["ReplicaFailed", "ReplicaStartedAgain", "ReplicasMissing", "ServerDown"];
    let up = up("[up]\ngive_up_after = 2\n");
    let admin = up.admin();
    fault_of("a replica dies and cannot start", alarms, admin, move || {
        let folder = up.folder();
        std::fs::rename(folder.join("public"), folder.join("aside")).unwrap();
        kill_process(Up(admin).replica_pid("site-1"), Signal::KILL).unwrap();
        eventually("it to be given up", || {
            (Up(admin).replica("site-1")["state"] == "failed").then_some(())
        });
    })
}

/// What it started goes on.
fn orchestrator_gone() -> Fault {
    let mut up = up("[up]\nkeep = true\n");
    let admin = up.admin();
    let mut kept = Kept(Vec::new());
    fault_of("the orchestrator dies", &["OrchestratorGone"], admin, move || {
        kept.add(Up(admin).pids());
        up.kill();
        assert!(Up(admin).status().is_object(), "the gateway goes on");
    })
}

/// Processes that nobody else ends.
struct Kept(Vec<Pid>);

impl Kept {
    fn add(&mut self, pids: Vec<Pid>) {
        self.0.extend(pids);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for pid in &self.0 {
            // It may have ended by itself.
            let _ = kill_process(*pid, Signal::KILL);
        }
    }
}

fn chat(database: &str) -> Tombolo {
    let arguments = ["serve", "chat", "--listen", "127.0.0.1:0", "--database", database];
    Tombolo::start(&arguments).listening()
}

fn storage_fails() -> Option<Fault> {
    let mut postgres = Postgres::start()?;
    let replica = chat(&postgres.url());
    let address = replica.address();
    Some(fault_of("the database is gone", &["StorageFails"], address, move || {
        postgres.crash();
        let state = || {
            (replica
                .connect()
                .get("/metrics")
                .text()
                .contains("tombolo_storage_up{kind=\"write\"} 0"))
            .then_some(())
        };
        eventually("the replica to notice", state);
    }))
}

/// Less than a gigabyte is left, on a disk that has little more.
fn storage_disk_fills() -> Option<Fault> {
    let disk = SmallDisk::mount(1_060_000_000)?;
    let database = |folder: &Path| format!("sqlite:{}", folder.join("chat.db").display());
    let replica = chat(&database(disk.path()));
    let address = replica.address();
    Some(fault_of("the database's disk fills", &["StorageDiskFills"], address, move || {
        disk.take(90 << 20);
        assert_eq!(replica.connect().get("/metrics").status(), 200);
    }))
}
