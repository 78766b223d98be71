//! What the command line says over the file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::cache::Caching;
use super::written::quantity;
use super::{Admin, Cache, Config, Route, Server, ServerAddress, Upstream};

/// Flags that override the file. What is empty or None leaves the file as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Instead of `[gateway] listen`.
    pub listen: Vec<SocketAddr>,
    /// Instead of every upstream and route: one upstream of these servers gets every request.
    /// A `[[tcp]]` keeps the upstream it names.
    pub upstreams: Vec<ServerAddress>,
    /// Instead of `[access_log] file`.
    pub access_log: Option<PathBuf>,
    /// Instead of `[gateway] workers`.
    pub workers: Option<usize>,
    /// Instead of `data_dir`.
    pub data_dir: Option<PathBuf>,
    /// Instead of `[cache] ttl`, rounded up to whole seconds. Every route that says nothing
    /// caches, as with a `[cache]` table.
    pub cache_ttl: Option<Duration>,
    /// Instead of `[cache] dir`. Every route that says nothing caches, as with a `[cache]` table.
    pub cache_dir: Option<PathBuf>,
    /// Instead of `[gateway] admin`.
    pub admin: Option<SocketAddr>,
    /// Without a file: `up` has a payments sandbox too, by which the library's plans can be tried.
    pub payments_sandbox: bool,
    /// Standard output is the journal of systemd. Then that alone has the access log, if nothing is
    /// said of it.
    pub in_journal: bool,
}

impl Overrides {
    /// The name of the upstream that flags make.
    pub const UPSTREAM: &'static str = "default";

    /// Reads the value of `--cache-ttl`, as `[cache] ttl` takes it.
    ///
    /// # Errors
    /// What is wrong with it and what to write.
    pub fn parse_cache_ttl(text: &str) -> Result<Duration, BadCacheTtl> {
        let ttl = quantity::time(text).ok_or(BadCacheTtl::NoDuration)?;
        if ttl > Cache::TIME_MAX {
            return Err(BadCacheTtl::TooLong);
        }
        if ttl.subsec_nanos() > 0 {
            return Err(BadCacheTtl::Fraction(quantity::whole_seconds(ttl)));
        }
        Ok(ttl)
    }

    /// Puts the flags over a configuration, and decides which routes cache.
    pub(super) fn apply(&self, config: &mut Config, mut caching: Caching) {
        if !self.listen.is_empty() {
            config.gateway.listen = without_twins(&self.listen);
        }
        if !self.upstreams.is_empty() {
            let servers = without_twins(&self.upstreams).into_iter().map(Server::new);
            let upstream = Upstream::new(Self::UPSTREAM, servers.collect());
            replace_upstreams(config, upstream);
            config.routes = vec![Route::everything(0)];
            caching.routes.clear();
        }
        if let Some(file) = &self.access_log {
            config.access_log.file = Some(file.clone());
        }
        config.access_log.keep_out_of_file_in_journal(self.in_journal);
        if let Some(workers) = self.workers {
            config.gateway.workers = workers;
        }
        if let Some(directory) = &self.data_dir {
            config.data_dir.clone_from(directory);
        }
        if let Some(listen) = self.admin {
            let token_file = config.gateway.admin.take().and_then(|admin| admin.token_file);
            config.gateway.admin = Some(Admin { listen, token_file });
        }
        if let Some(ttl) = self.cache_ttl {
            let cache = caching.table.get_or_insert_default();
            cache.policy.default_lifetime = Some(quantity::whole_seconds(ttl));
        }
        if let Some(directory) = &self.cache_dir {
            caching.table.get_or_insert_default().dir.clone_from(directory);
        }
        caching.settle(config);
    }
}

/// Why `--cache-ttl` was refused; the text says what to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCacheTtl {
    /// It is no duration.
    #[error("write a whole number and a unit (s, m, h, d), say \"60s\" or \"1h30m\"")]
    NoDuration,
    /// It is beyond [`Cache::TIME_MAX`].
    #[error("it can be from 0s to 365d")]
    TooLong,
    /// It has a fraction of a second; this many seconds are the next whole ones.
    #[error("caches count in whole seconds: write \"{0}s\"")]
    Fraction(u32),
}

/// Puts `first` in place of every upstream but those that a `[[tcp]]` names.
fn replace_upstreams(config: &mut Config, first: Upstream) {
    let before = std::mem::replace(&mut config.upstreams, vec![first]);
    let named: Vec<usize> = config.tcp.iter().map(|tcp| tcp.upstream).collect();
    for (index, upstream) in before.into_iter().enumerate() {
        if named.contains(&index) {
            let users = config.tcp.iter_mut().zip(&named).filter(|(_, named)| **named == index);
            users.for_each(|(tcp, _)| tcp.upstream = config.upstreams.len());
            config.upstreams.push(upstream);
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
