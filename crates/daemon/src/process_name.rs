//! The name of this process in `ps`, `top` and `pgrep`.

/// Names this process `tombolo-NAME`, of which the kernel keeps 15 bytes. To be called on the main
/// thread, whose name is the process's; threads that are started later inherit it. A name is a
/// convenience: a system that has none goes without.
pub fn set(name: &str) {
    #[cfg(target_os = "linux")]
    if let Ok(name) = std::ffi::CString::new(format!("tombolo-{name}")) {
        let _ = rustix::thread::set_name(&name);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = name;
}
