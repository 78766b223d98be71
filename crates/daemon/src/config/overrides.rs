//! What the command line says over the file.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Config, HostPort, Route, Server, Upstream};

/// Flags that override the file. What is empty or None leaves the file as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Instead of `[gateway] listen`.
    pub listen: Vec<SocketAddr>,
    /// Instead of every upstream and route: one upstream of these servers gets every request.
    pub upstreams: Vec<HostPort>,
    /// Instead of `[access_log] file`.
    pub access_log: Option<PathBuf>,
    /// Instead of `[gateway] workers`.
    pub workers: Option<usize>,
    /// Instead of `data_dir`.
    pub data_dir: Option<PathBuf>,
}

impl Overrides {
    /// The name of the upstream that flags make.
    pub const UPSTREAM: &'static str = "default";

    /// Puts the flags over a configuration.
    pub fn apply(&self, config: &mut Config) {
        if !self.listen.is_empty() {
            config.gateway.listen = without_twins(&self.listen);
        }
        if !self.upstreams.is_empty() {
            let servers = without_twins(&self.upstreams).into_iter().map(Server::new);
            config.upstreams = vec![Upstream::new(Self::UPSTREAM, servers.collect())];
            config.routes = vec![Route::everything(0)];
        }
        if let Some(file) = &self.access_log {
            config.access_log.file = Some(file.clone());
        }
        if let Some(workers) = self.workers {
            config.gateway.workers = workers;
        }
        if let Some(directory) = &self.data_dir {
            config.data_dir.clone_from(directory);
        }
    }
}

/// Each once, in the order of first appearance: a flag given twice means nothing more.
fn without_twins<T: Clone + PartialEq>(list: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::with_capacity(list.len());
    for element in list {
        if !once.contains(element) {
            once.push(element.clone());
        }
    }
    once
}
