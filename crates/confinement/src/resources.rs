//! What a process may use: bounds that the kernel keeps, for good.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process may use.
#[derive(Clone, Copy, Debug)]
pub struct Resources {
    /// Bytes of private memory that can be written. Address space that is only reserved does not
    /// count.
    pub memory_bytes: u64,
    /// Open files, its pipes included.
    pub files: u64,
    /// Seconds of the processor, if they are bounded.
    pub processor_seconds: Option<u64>,
}

/// Bounds this process: it also writes no files and leaves no core.
///
/// # Errors
/// What the system says.
pub fn limit_resources(resources: Resources) -> io::Result<()> {
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, resources.files)?;
    limit(Resource::Data, resources.memory_bytes)?;
    if let Some(seconds) = resources.processor_seconds {
        limit(Resource::Cpu, seconds)?;
    }
    Ok(())
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    // A process that was bounded itself can give no more than it has.
    let value = Some(getrlimit(resource).maximum.map_or(value, |most| most.min(value)));
    Ok(setrlimit(resource, Rlimit { current: value, maximum: value })?)
}
