//! Where and of what the measurement is.

use std::path::Path;
use std::process::Command;

use rustix::fs::statfs;

/// A sentence: machine, file system, date, commit.
pub(crate) fn sentence(server: &Path, recordings: &Path, source: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let date = chrono::Utc::now().format("%Y-%m-%d");
    let version = said(Command::new(server).arg("--version"));
    format!(
        "{} cores of {}, {:.0} GB of memory, Linux {}; recordings on {}; {date}, {}, commit {}.",
        cores,
        processor(),
        memory_gb(),
        kernel.trim(),
        file_system(recordings),
        version.unwrap_or_else(|| "unknown version".to_owned()),
        commit(source),
    )
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names = text.lines().filter_map(|line| line.strip_prefix("model name"));
    let mut names = names.filter_map(|line| line.split_once(':'));
    names.next().map_or("an unknown processor", |(_, name)| name.trim()).to_owned()
}

fn memory_gb() -> f64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0 / 1e9
}

/// By its number in statfs(2).
fn file_system(folder: &Path) -> String {
    match statfs(folder).map(|statistics| statistics.f_type as u64) {
        Ok(0xEF53) => "ext4".to_owned(),
        Ok(0x5846_5342) => "XFS".to_owned(),
        Ok(0x9123_683E) => "Btrfs".to_owned(),
        Ok(0x0102_1994) => "tmpfs".to_owned(),
        Ok(0x794C_7630) => "overlayfs".to_owned(),
        Ok(number) => format!("file system {number:#x}"),
        Err(error) => format!("a file system that cannot be named ({error})"),
    }
}

fn commit(source: &Path) -> String {
    let git = |arguments: &[&str]| said(Command::new("git").current_dir(source).args(arguments));
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".to_owned() };
    match git(&["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if !changes.is_empty() => format!("{commit} and what was changed since"),
        _ => commit,
    }
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
