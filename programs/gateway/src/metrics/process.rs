//! The families every Prometheus client library has for its process, under their usual names.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::exposition::{Exposition, Kind};

/// Writes what the system says of this process. What it does not say is left out.
pub(crate) fn write_process(out: &mut Exposition, started: SystemTime) {
    if let Some(seconds) =
        fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu_seconds)
    {
        let help = "Processor time, of user and system.";
        out.family("process_cpu_seconds", Kind::Counter, "seconds", help).sample(&[], seconds);
    }
    if let Some((total, resident)) =
        fs::read_to_string("/proc/self/statm").ok().as_deref().and_then(pages)
    {
        let bytes = |pages: u64| pages.saturating_mul(page_size() as u64);
        out.family("process_virtual_memory_bytes", Kind::Gauge, "bytes", "Address space in use.")
            .sample(&[], bytes(total));
        out.family("process_resident_memory_bytes", Kind::Gauge, "bytes", "Memory in use.")
            .sample(&[], bytes(resident));
    }
    if let Some(open) = open_files() {
        out.family("process_open_fds", Kind::Gauge, "", "Open file descriptors.").sample(&[], open);
    }
    if let Some(limit) = getrlimit(Resource::Nofile).current {
        let help = "File descriptors that may be open.";
        out.family("process_max_fds", Kind::Gauge, "", help).sample(&[], limit);
    }
    if let Ok(since) = started.duration_since(UNIX_EPOCH) {
        let help = "When the process began, in seconds since 1970-01-01 UTC.";
        out.family("process_start_time_seconds", Kind::Gauge, "seconds", help)
            .sample(&[], since.as_secs_f64());
    }
}

/// Fields 14 and 15 of `/proc/self/stat` (proc_pid_stat(5)), in ticks. The name before them is in
/// brackets and may hold blanks and brackets.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user.saturating_add(system) as f64 / clock_ticks_per_second() as f64)
}

/// Pages of address space, and those in memory.
fn pages(statm: &str) -> Option<(u64, u64)> {
    let mut fields = statm.split_ascii_whitespace();
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// Since Linux 6.2 the size of the folder is their number; before, they are counted.
fn open_files() -> Option<u64> {
    let folder = "/proc/self/fd";
    match fs::metadata(folder).ok()?.len() {
        0 => Some(fs::read_dir(folder).ok()?.count() as u64),
        number => Some(number),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Form;
    use super::*;

    #[test]
    fn this_process_is_told_of() {
        let mut out = Exposition::new(Form::Text);
        write_process(&mut out, SystemTime::now());
        let text = out.finish();
        let value = |name: &str| -> f64 {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
            line.unwrap_or_else(|| panic!("{name} in {text}"))
                .rsplit(' ')
                .next()
                .unwrap()
                .parse()
                .unwrap()
        };
        assert!(value("process_cpu_seconds_total") >= 0.0);
        assert!(value("process_resident_memory_bytes") > 100_000.0);
        assert!(value("process_open_fds") >= 3.0);
        assert!(value("process_start_time_seconds") > 1.7e9);
    }

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = "17 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 300 100 0 0 20 0";
        let ticks = clock_ticks_per_second() as f64;
        assert_eq!(cpu_seconds(stat), Some(400.0 / ticks));
        assert_eq!(cpu_seconds("nonsense"), None);
    }
}
