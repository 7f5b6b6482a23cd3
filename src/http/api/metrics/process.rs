//! What the system says of the process, by the names that all programs use for it.

use super::families::Family;

/// What is known of it.
#[derive(Debug, Default)]
struct Facts {
    start_s: Option<f64>,
    cpu_s: Option<f64>,
    resident_bytes: Option<f64>,
    virtual_bytes: Option<f64>,
    open_fds: Option<f64>,
    max_fds: Option<f64>,
    threads: Option<f64>,
}

pub(super) fn families() -> Vec<Family> {
    let facts = facts();
    vec![
        Family::gauge("process_start_time_seconds", "When the process was started")
            .may_be(facts.start_s),
        Family::counter("process_cpu_seconds", "Processor time, of user and system")
            .may_be(facts.cpu_s),
        Family::gauge("process_resident_memory_bytes", "Memory in use")
            .may_be(facts.resident_bytes),
        Family::gauge("process_virtual_memory_bytes", "Memory that was asked for")
            .may_be(facts.virtual_bytes),
        Family::gauge("process_open_fds", "Open files and connections").may_be(facts.open_fds),
        Family::gauge("process_max_fds", "How many there may be").may_be(facts.max_fds),
        Family::gauge("process_threads", "Threads").may_be(facts.threads),
    ]
}

#[cfg(target_os = "linux")]
fn facts() -> Facts {
    use procfs::WithCurrentSystemInfo;
    use procfs::process::Process;

    let Ok(process) = Process::myself() else { return Facts::default() };
    let max_fds = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let mut facts = Facts {
        open_fds: process.fd_count().ok().map(|count| count as f64),
        max_fds: max_fds.map(|max| max as f64),
        ..Facts::default()
    };
    if let Ok(stat) = process.stat() {
        let ticks = procfs::ticks_per_second() as f64;
        let booted_s = procfs::boot_time_secs().ok();
        facts.start_s = booted_s.map(|at| at as f64 + stat.starttime as f64 / ticks);
        facts.cpu_s = Some((stat.utime + stat.stime) as f64 / ticks);
        facts.resident_bytes = Some(stat.rss_bytes().get() as f64);
        facts.virtual_bytes = Some(stat.vsize as f64);
        facts.threads = Some(stat.num_threads as f64);
    }
    facts
}

#[cfg(not(target_os = "linux"))]
fn facts() -> Facts {
    Facts::default()
}
