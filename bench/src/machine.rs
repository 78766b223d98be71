//! What the measurements ran on.

use std::{fs, process::Command};

use crate::cores::Placement;

/// The machine and the versions of what was measured, as lines of Markdown. A rival is a name, a
/// program and the flag that makes it tell its version.
pub(crate) fn describe(
    usable: &[usize],
    placement: &Placement,
    rivals: &[(&str, &str, &str)],
) -> Vec<String> {
    let rivals: Vec<String> = rivals
        .iter()
        .map(|(name, program, flag)| {
            version(program, flag).unwrap_or_else(|| format!("{name} is not installed"))
        })
        .collect();
    let cpu = first_value("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = first_value("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let hypervisor = fs::read_to_string("/proc/cpuinfo")
        .is_ok_and(|text| text.split_whitespace().any(|word| word == "hypervisor"));
    // It decides what a send costs: one that paces sets a timer for each, on loopback too.
    let congestion = fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control");
    let congestion = congestion.unwrap_or_else(|_| "unknown".to_owned());
    vec![
        format!(
            "Machine: {cpu}{}, {} usable cores, memory {memory}, Linux {}, TCP congestion control {}.",
            if hypervisor { " (virtual)" } else { "" },
            usable.len(),
            kernel.trim(),
            congestion.trim(),
        ),
        format!(
            "Cores: server {:?}, origin {:?}, load {:?}{}.",
            placement.server,
            placement.origin,
            placement.load,
            if placement.origin == placement.load { " (shared)" } else { "" },
        ),
        format!("Rivals: {}.", rivals.join("; ")),
    ]
}

fn first_value(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The first line a program prints when asked for its version.
fn version(program: &str, flag: &str) -> Option<String> {
    let output = Command::new(program).arg(flag).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next()?.trim().trim_start_matches("nginx version: ");
    // Varnish says it in parentheses, behind the name of the program.
    let line =
        line.strip_prefix("varnishd (").and_then(|rest| rest.strip_suffix(')')).unwrap_or(line);
    Some(line.to_owned())
}
