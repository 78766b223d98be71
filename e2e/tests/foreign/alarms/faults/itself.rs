//! What is wrong with the gateway itself, and with what it writes to.

use super::{Fault, fault, good, post, start};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::path::{Path, PathBuf};
use tombolo_e2e::{Client, Origin, Refusing, Setup, SmallDisk, eventually, scripts};

pub(super) fn faults() -> Vec<Fault> {
    let everywhere = [
        gateway_drains(),
        connections_run_out(),
        descriptors_run_out(),
        cache_damaged(),
        traces_lost(),
    ];
    everywhere.into_iter().chain(cache_disk_full()).collect()
}

fn gateway_drains() -> Fault {
    let origin = good();
    fault("it drains and stays", &["GatewayDrains"], start(Setup::to(&origin)), move |gateway| {
        assert_eq!(post(gateway.admin(), "/api/v1/drain", "{}").status(), 200);
        assert_eq!(origin.connections(), 0);
    })
}

fn connections_run_out() -> Fault {
    let origin = good();
    let setup = Setup::to(&origin).limits("connections = 10");
    let mut held: Vec<Client> = Vec::new();
    fault("all connections are used", &["ConnectionsRunOut"], start(setup), move |gateway| {
        held.extend((0..10).map(|_| gateway.connect()));
        held.iter_mut().for_each(|client| assert_eq!(client.get("/").status(), 200));
        assert!(origin.connections() > 0);
    })
}

/// It may open few more than it has: the limit is what is lowered.
fn descriptors_run_out() -> Fault {
    let origin = good();
    let setup = start(Setup::to(&origin));
    fault("descriptors are nearly used up", &["DescriptorsRunOut"], setup, move |gateway| {
        let open = gateway.figures().descriptors as u64;
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limit = Rlimit { current: Some(open + open / 20 + 1), maximum };
        let pid = Pid::from_raw(i32::try_from(gateway.pid()).unwrap());
        prlimit(pid, Resource::Nofile, limit).unwrap();
        assert_eq!(origin.connections(), 0);
    })
}

/// One bit of a stored response is not what was written.
fn cache_damaged() -> Fault {
    let origin = Origin::start(scripts::answer(scripts::ok(&"a".repeat(4000))));
    let routes = "[[route]]\npath = \"/\"\nupstream = \"app\"\n[cache]\nttl = \"60s\"\ndir = \"c\"\nmemory = 0";
    let setup = Setup::to(&origin).routes(routes);
    fault("a stored file is damaged", &["CacheDamaged"], start(setup), move |gateway| {
        let mut client = gateway.connect();
        assert_eq!(client.get("/").status(), 200);
        let cache = gateway.folder().join("c");
        let stored = eventually("the file", || {
            let found = files_below(&cache).into_iter();
            found
                .filter_map(|file| Some((std::fs::read(&file).ok()?, file)))
                .find(|(bytes, _)| bytes.windows(1000).any(|part| part == [b'a'; 1000]))
        });
        let (mut bytes, file) = stored;
        let place = bytes.windows(1000).position(|part| part == [b'a'; 1000]).unwrap();
        bytes[place] ^= 1;
        std::fs::write(file, bytes).unwrap();
        assert_eq!(client.get("/").text(), "a".repeat(4000));
        assert!(origin.connections() > 0);
    })
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    entries.map(|entry| entry.path()).flat_map(below).collect()
}

/// Nobody takes the spans, and more come than are kept.
fn traces_lost() -> Fault {
    let (origin, collector) = (good(), Refusing::new());
    let table = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\n[traces]\nendpoint = \"http://{}\"\nratio = \"1\"",
        collector.address()
    );
    let setup = Setup::to(&origin).routes(&table);
    fault("nobody takes the traces", &["TracesLost"], start(setup), move |gateway| {
        let mut client = gateway.connect();
        (0..6000).for_each(|_| assert_eq!(client.get("/").status(), 200));
        assert!(collector.address().port() > 0 && origin.connections() > 0);
    })
}

/// A disk with room for some of what is to be stored, where this user may mount one.
fn cache_disk_full() -> Option<Fault> {
    let disk = SmallDisk::mount(1 << 20)?;
    let origin = Origin::start(scripts::answer(scripts::ok(&"a".repeat(200_000))));
    let routes = format!(
        "[[route]]\npath = \"/\"\nupstream = \"app\"\n[cache]\nttl = \"60s\"\ndir = {:?}\nmemory = 0",
        disk.path().join("c")
    );
    let setup = Setup::to(&origin).routes(&routes);
    Some(fault("the cache's disk is full", &["CacheDiskFails"], start(setup), move |gateway| {
        disk.take(1 << 20);
        let mut client = gateway.connect();
        for page in 0..8 {
            assert_eq!(client.get(&format!("/{page}")).status(), 200);
        }
        assert!(origin.connections() > 0);
    }))
}
