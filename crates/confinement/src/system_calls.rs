//! Which system calls a process may make: memory, time, and the pipes that it has. By seccomp with a
//! list of what is allowed (seccomp(2)); everything else fails with `EPERM`. A kernel without it, or
//! a processor whose numbers the filter's compiler does not know, leaves the bounds of memory and
//! time, and no_new_privs.

use std::io;

/// Confines this process, all its threads, for good. False if this system cannot.
///
/// # Errors
/// When the system could and did not.
#[cfg(target_os = "linux")]
pub fn confine() -> io::Result<bool> {
    use seccompiler::{BpfProgram, Error, SeccompAction, SeccompFilter, TargetArch};
    rustix::thread::set_no_new_privs(true)?;
    let Ok(processor) = TargetArch::try_from(std::env::consts::ARCH) else { return Ok(false) };
    let broken = |error: seccompiler::BackendError| io::Error::other(error.to_string());
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter =
        SeccompFilter::new(allowed().map_err(broken)?, refused, SeccompAction::Allow, processor);
    let program: BpfProgram = filter.and_then(TryInto::try_into).map_err(broken)?;
    match seccompiler::apply_filter_all_threads(&program) {
        Ok(()) => Ok(true),
        // ENOSYS: there is no seccomp. EINVAL: it is not built in, or knows no filter.
        Err(Error::Seccomp(error))
            if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL)) =>
        {
            Ok(false)
        }
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

/// No other system of ours has the like.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn confine() -> io::Result<bool> {
    Ok(false)
}

/// The system calls that are allowed, and with which arguments.
#[cfg(target_os = "linux")]
fn allowed()
-> Result<std::collections::BTreeMap<i64, Vec<seccompiler::SeccompRule>>, seccompiler::BackendError>
{
    use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};
    let free = [
        // The pipes.
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_readv,
        libc::SYS_writev,
        libc::SYS_close,
        // Memory.
        libc::SYS_brk,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        // Threads, which are there already, and their signals.
        libc::SYS_futex,
        libc::SYS_rseq,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_getpid,
        libc::SYS_gettid,
        // Time and chance.
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        // The end.
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let mut rules: std::collections::BTreeMap<_, _> =
        free.into_iter().map(|call| (call, Vec::new())).collect();
    // How abort() ends this process: no other one can be signalled.
    let process = u64::from(std::process::id());
    let own = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, process)?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
    Ok(rules)
}

/// Whether the kernel says that a process is confined.
#[must_use]
pub fn is_confined(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    // 2 is SECCOMP_MODE_FILTER (proc_pid_status(5)).
    status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
}
