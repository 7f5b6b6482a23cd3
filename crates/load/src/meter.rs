//! What a process takes, as the kernel counts it (proc(5)).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

/// Often enough to see a peak of memory.
const INTERVAL: Duration = Duration::from_millis(250);

/// Clock ticks a second; the kernel's interface has had 100 on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// A reading.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Reading {
    /// User and system.
    pub(crate) cpu_seconds: f64,
    pub(crate) resident_bytes: u64,
    pub(crate) written_bytes: u64,
    pub(crate) descriptors: usize,
}

impl Reading {
    /// `None` when the process is gone.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        let status = std::fs::read_to_string(folder.join("status")).ok()?;
        let io = std::fs::read_to_string(folder.join("io")).ok()?;
        Some(Self {
            cpu_seconds: cpu_seconds(&stat)?,
            resident_bytes: field(&status, "VmRSS:")? * 1024,
            written_bytes: field(&io, "write_bytes:")?,
            descriptors: std::fs::read_dir(folder.join("fd")).ok()?.count(),
        })
    }
}

/// Readings of a process over time.
#[derive(Debug)]
pub(crate) struct Meter {
    state: Arc<Mutex<Readings>>,
    reading: JoinHandle<()>,
}

/// The first one, the last one, and the most of each.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Readings {
    pub(crate) first: Reading,
    pub(crate) last: Reading,
    pub(crate) peak: Reading,
}

impl Meter {
    /// Reads until it is dropped or the process is gone.
    pub(crate) fn of(pid: u32) -> Self {
        let first = Reading::of(pid).unwrap_or_default();
        let state = Arc::new(Mutex::new(Readings { first, last: first, peak: first }));
        let shared = state.clone();
        let reading = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(INTERVAL);
            loop {
                ticks.tick().await;
                let Some(reading) = Reading::of(pid) else { return };
                shared.lock().unwrap_or_else(PoisonError::into_inner).take(reading);
            }
        });
        Self { state, reading }
    }

    /// All up to now.
    pub(crate) fn readings(&self, pid: u32) -> Readings {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = Reading::of(pid) {
            state.take(reading);
        }
        *state
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Readings {
    fn take(&mut self, reading: Reading) {
        self.last = reading;
        let peak = &mut self.peak;
        peak.cpu_seconds = reading.cpu_seconds;
        peak.written_bytes = reading.written_bytes;
        peak.resident_bytes = peak.resident_bytes.max(reading.resident_bytes);
        peak.descriptors = peak.descriptors.max(reading.descriptors);
    }
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // Behind the name, which may hold anything.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_may_hold_anything() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0";
        assert_eq!(cpu_seconds(stat), Some(2.0));
    }

    #[test]
    fn this_process_can_be_read() {
        let reading = Reading::of(std::process::id()).unwrap();
        assert!(reading.resident_bytes > 100_000 && reading.descriptors > 2, "{reading:?}");
        assert_eq!(Reading::of(u32::MAX), None);
    }
}
