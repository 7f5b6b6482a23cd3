//! Whether the disk takes what is recorded, and for how long.

use std::path::PathBuf;

use super::super::finding::{Check, Finding};

/// What a camera of the capture page sends as it is set: 2.5 Mbit/s.
const TYPICAL_BYTES_PER_HOUR: u64 = 2_500_000 / 8 * 3600;

/// With less than a day nobody who goes home finds tomorrow recorded.
const FEW_HOURS: u64 = 24;

/// Media is synced several times a second; devices see the light go out behind slower disks.
const SLOW_SYNC_MS: u64 = 500;

const MEGABYTE: u64 = 1_000_000;
const GIGABYTE: u64 = 1_000 * MEGABYTE;

/// File systems of which something is to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum FileSystem {
    Usual,
    /// Another computer's, by this protocol.
    Network(&'static str),
    /// Gone with the next restart of the computer.
    Memory,
    /// Gone with its container.
    Container,
    /// Without permissions, and without files over 4 GB.
    Fat,
}

/// Why a folder takes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum Refused {
    /// What it is a link to, or lies behind one to, is not there.
    #[error("{} is a link to {}, which is not there", .link.display(), .target.display())]
    Unconnected { link: PathBuf, target: PathBuf },
    #[error("{0}")]
    Other(String),
}

/// A folder that was asked whether it can be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Folder {
    /// What it is called, and its flag.
    pub(in super::super) name: &'static str,
    pub(in super::super) path: PathBuf,
    /// Whether it is there; otherwise its parent was asked.
    pub(in super::super) is_there: bool,
    /// How long a small sync took, or why nothing could be written; 0 where nothing was tried.
    pub(in super::super) sync_ms: Result<u64, Refused>,
    pub(in super::super) free_bytes: Option<u64>,
    pub(in super::super) file_system: FileSystem,
}

/// The folder of the recordings. `reserve_bytes`: free space below which nothing is recorded.
/// `is_anothers`: whether another server has it.
pub(in super::super) fn judge(
    folder: &Folder,
    reserve_bytes: u64,
    is_anothers: bool,
) -> Vec<Finding> {
    let shown = folder.path.display();
    let mut findings = Vec::new();
    if is_anothers {
        findings.push(Finding::problem(
            Check::Disk,
            format!("another localcamera is using the recordings folder {shown}"),
            "Stop it, or choose another folder with --recordings DIR",
        ));
    }
    let room = folder.free_bytes.map(|free_bytes| room(folder, free_bytes, reserve_bytes));
    let is_full =
        room.as_ref().is_some_and(|room| room.verdict == super::super::finding::Verdict::Problem);
    // A full disk says the same in other words.
    if !is_full {
        findings.extend(unwritable(folder, Check::Disk));
    }
    findings.extend(room);
    if let Ok(sync_ms) = &folder.sync_ms
        && *sync_ms > SLOW_SYNC_MS
    {
        findings.push(Finding::advice(
            Check::Disk,
            format!("the disk of {shown} took {sync_ms} ms to store a small file for good"),
            "Recording waits for that several times a second: use a faster disk (a card or stick \
             may be worn out), or stop what else writes to it",
        ));
    }
    let (message, advice) = match folder.file_system {
        FileSystem::Usual => return findings,
        FileSystem::Network(kind) => (
            format!("{shown} lies on another computer ({kind})"),
            "Recordings wait whenever that or the network does; a disk of this computer is safer",
        ),
        FileSystem::Memory | FileSystem::Container => {
            findings.extend(fleeting(folder, Check::Disk, "all that was recorded"));
            return findings;
        }
        FileSystem::Fat => (
            format!("{shown} lies on a FAT file system"),
            "It loses files in a power cut more easily than others, and keeps no permissions: ext4 \
             or the like is safer",
        ),
    };
    findings.push(Finding::advice(Check::Disk, message, advice));
    findings
}

/// What there is to say of a folder that takes nothing.
pub(super) fn unwritable(folder: &Folder, check: Check) -> Option<Finding> {
    let Folder { name, path, is_there, sync_ms, .. } = folder;
    let reason = sync_ms.as_ref().err()?;
    let what = if *is_there { "write to" } else { "make" };
    Some(Finding::problem(
        check,
        format!("cannot {what} the {name} folder {}: {reason}", path.display()),
        match reason {
            Refused::Unconnected { .. } => {
                format!("Connect the disk, or choose another folder with --{name} DIR")
            }
            Refused::Other(_) => format!(
                "Choose another with --{name} DIR, or make it writable for the user that the \
                 server runs as"
            ),
        },
    ))
}

/// What there is to say of a folder that does not stay. `lost`: what that costs.
pub(super) fn fleeting(folder: &Folder, check: Check, lost: &str) -> Option<Finding> {
    let Folder { name, path, file_system, .. } = folder;
    let shown = path.display();
    let (message, advice) = match file_system {
        FileSystem::Memory => (
            format!("{shown} lies in this computer's memory"),
            format!(
                "With the next restart it is gone, and {lost}: name a folder on a disk with --{name} DIR"
            ),
        ),
        FileSystem::Container => (
            format!("{shown} lies in a container's own file system"),
            format!("With the container it is gone, and {lost}: mount a folder of the host there"),
        ),
        FileSystem::Usual | FileSystem::Network(_) | FileSystem::Fat => return None,
    };
    Some(Finding::advice(check, message, advice))
}

fn room(folder: &Folder, free_bytes: u64, reserve_bytes: u64) -> Finding {
    let shown = folder.path.display();
    let room_bytes = free_bytes.saturating_sub(reserve_bytes);
    if room_bytes == 0 {
        return Finding::problem(
            Check::Disk,
            format!(
                "only {} are free on the disk of {shown}, and {} are kept free (--reserve-mb): \
                 nothing is recorded",
                size(free_bytes),
                size(reserve_bytes)
            ),
            "Make room there; devices hold their video meanwhile, and everything goes on by itself",
        );
    }
    let hours = room_bytes / TYPICAL_BYTES_PER_HOUR;
    let lasts = match hours {
        0 => "less than an hour".to_owned(),
        1..=72 => format!("about {hours} hours"),
        _ => format!("about {} days", hours / 24),
    };
    let message =
        format!("{} free in {shown}, {lasts} of one camera at 2.5 Mbit/s", size(free_bytes));
    match hours < FEW_HOURS {
        true => Finding::advice(
            Check::Disk,
            message,
            "Make room, or record to a larger disk (--recordings DIR)",
        ),
        false => Finding::ok(Check::Disk, message),
    }
}

fn size(bytes: u64) -> String {
    match bytes / GIGABYTE {
        0..=9 => format!("{} MB", bytes / MEGABYTE),
        gigabytes => format!("{gigabytes} GB"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    fn folder(free_bytes: u64) -> Folder {
        Folder {
            name: "recordings",
            path: "rec".into(),
            is_there: true,
            sync_ms: Ok(5),
            free_bytes: Some(free_bytes),
            file_system: FileSystem::Usual,
        }
    }

    fn judged(folder: &Folder) -> Vec<(Verdict, String)> {
        let findings = judge(folder, 500 * MEGABYTE, false).into_iter();
        findings.map(|finding| (finding.verdict, finding.message)).collect()
    }

    #[test]
    fn free_space_is_told_in_time() {
        let said = |free_bytes| judged(&folder(free_bytes)).remove(0);
        assert!(matches!(said(1_000 * GIGABYTE), (Verdict::Ok, m) if m.contains("37 days")));
        assert!(matches!(said(50 * GIGABYTE), (Verdict::Ok, m) if m.contains("44 hours")));
        assert!(matches!(said(10 * GIGABYTE), (Verdict::Advice, m) if m.contains("8 hours")));
        assert!(matches!(said(GIGABYTE), (Verdict::Advice, m) if m.contains("less than")));
        assert!(matches!(said(500 * MEGABYTE), (Verdict::Problem, m) if m.contains("500 MB")));
    }

    #[test]
    fn a_full_disk_is_said_once_and_one_that_refuses_by_its_reason() {
        let mut refused = folder(100 * GIGABYTE);
        refused.sync_ms = Err(Refused::Other("Read-only file system".to_owned()));
        assert!(judged(&refused)[0].1.contains("rec: Read-only file system"));
        refused.free_bytes = Some(0);
        assert_eq!(judged(&refused).len(), 1);
    }

    #[test]
    fn a_disk_that_is_not_connected_and_a_folder_of_another_server_are_problems() {
        let (link, target) = ("rec".into(), "/mnt/disk".into());
        let mut gone = folder(100 * GIGABYTE);
        gone.sync_ms = Err(Refused::Unconnected { link, target });
        let said = judge(&gone, 0, false).remove(0);
        assert!(said.message.contains("rec is a link to /mnt/disk, which is not there"));
        assert!(said.advice.unwrap().starts_with("Connect the disk"));
        let said = judge(&folder(100 * GIGABYTE), 0, true).remove(0);
        assert!(said.verdict == Verdict::Problem && said.message.contains("another localcamera"));
    }

    #[test]
    fn slow_and_odd_disks_are_said() {
        let mut odd = folder(100 * GIGABYTE);
        odd.sync_ms = Ok(2000);
        odd.file_system = FileSystem::Network("NFS");
        let said = judged(&odd);
        assert_eq!(said.len(), 3);
        assert!(said[1].1.contains("2000 ms") && said[2].1.contains("NFS"), "{said:?}");
    }
}
