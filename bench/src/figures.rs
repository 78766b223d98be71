//! What one run of load tells of a server: rates, latency, and processor time per request.

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::{process::CpuTime, wrk::Load};

/// What was counted in one run of load.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) user_us_per_request: f64,
    pub(crate) system_us_per_request: f64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// Millions of bytes that reached the load, heads included.
    pub(crate) megabytes_per_second: f64,
    pub(crate) cpu_seconds_per_gigabyte: f64,
    /// Share of its cores that the server used; well below 1, the load was the limit.
    pub(crate) busy: f64,
}

impl Figures {
    /// From what the load counted and what the server, with `workers` cores, used meanwhile.
    ///
    /// # Errors
    /// When nothing was answered.
    pub(crate) fn of(loaded: &Load, cpu: CpuTime, workers: usize) -> Result<Figures> {
        ensure!(loaded.requests > 0, "no request was answered in {:.0} s", loaded.seconds());
        let requests = loaded.requests as f64;
        let bytes = loaded.bytes as f64;
        Ok(Figures {
            requests: loaded.requests,
            requests_per_second: requests / loaded.seconds(),
            user_us_per_request: cpu.user * 1e6 / requests,
            system_us_per_request: cpu.system * 1e6 / requests,
            p50_us: loaded.p50_us,
            p99_us: loaded.p99_us,
            megabytes_per_second: bytes / 1e6 / loaded.seconds(),
            cpu_seconds_per_gigabyte: (cpu.user + cpu.system) * 1e9 / bytes,
            busy: (cpu.user + cpu.system) / loaded.seconds() / workers as f64,
        })
    }

    /// User and system time per request, in microseconds.
    pub(crate) fn cpu_us_per_request(&self) -> f64 {
        self.user_us_per_request + self.system_us_per_request
    }

    /// The figures to watch while the run goes on.
    pub(crate) fn progress(&self) -> String {
        format!(
            "{:8.0} requests/s, {:6.2} us user, {:7.2} us system, busy {:3.0} %",
            self.requests_per_second,
            self.user_us_per_request,
            self.system_us_per_request,
            self.busy * 100.0,
        )
    }
}
