//! The state folder: who has it, and whether the server can read what is in it.

use std::path::PathBuf;

use super::super::finding::{Check, Finding};
use super::disk::{Folder, fleeting, unwritable};
use super::{OTHERS, list};
use crate::program;

/// A server that has the state folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Running {
    /// Where it is known.
    pub(in super::super) pid: Option<u32>,
}

/// What a file of the folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Content {
    Good,
    /// A newer program wrote it, in this version.
    Newer(u32),
    Broken,
    Unreadable(String),
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct StateFile {
    pub(in super::super) path: PathBuf,
    pub(in super::super) mode: u32,
    pub(in super::super) content: Content,
    /// What is lost without it.
    pub(in super::super) loss: &'static str,
}

#[derive(Debug, Clone)]
pub(in super::super) struct Facts {
    pub(in super::super) folder: Folder,
    /// Of the folder, where it is there.
    pub(in super::super) mode: Option<u32>,
    pub(in super::super) running: Option<Running>,
    pub(in super::super) files: Vec<StateFile>,
    /// The names of files that were put aside.
    pub(in super::super) aside: Vec<String>,
    /// Why its owner cannot speak to a running server by it.
    pub(in super::super) socket: Result<(), String>,
}

pub(in super::super) fn judge(facts: &Facts) -> Vec<Finding> {
    let shown = facts.folder.path.display();
    let message = match &facts.running {
        Some(Running { pid: Some(pid) }) => {
            format!("in {shown}, used by the server that runs here (process {pid})")
        }
        Some(Running { pid: None }) => format!("in {shown}, used by a server that runs"),
        None if facts.folder.is_there => format!("in {shown}, no server runs on it"),
        None => format!("in {shown}, which the first start makes"),
    };
    let mut findings = Vec::new();
    match unwritable(&facts.folder, Check::State) {
        Some(finding) => findings.push(finding),
        None => findings.push(Finding::ok(Check::State, message)),
    }
    let lost = "nobody is let in then, and nothing is known of the devices";
    findings.extend(fleeting(&facts.folder, Check::State, lost));
    findings.extend(facts.files.iter().filter_map(unusable));
    if !facts.aside.is_empty() {
        findings.push(Finding::advice(
            Check::State,
            format!(
                "{} in {shown} could not be understood once, and was put aside",
                list(&facts.aside)
            ),
            "Restore from a backup what is missed since; then remove it",
        ));
    }
    let open = facts.files.iter().filter(|file| file.mode & OTHERS != 0);
    let paths: Vec<String> = open.map(|file| file.path.display().to_string()).collect();
    if facts.mode.is_some_and(|mode| mode & OTHERS != 0) && !paths.is_empty() {
        findings.push(Finding::advice(
            Check::State,
            format!("{} can be read by others, and say who may come in", list(&paths)),
            format!("chmod go= {shown} {}", paths.join(" ")),
        ));
    }
    if let Err(reason) = &facts.socket {
        findings.push(Finding::advice(
            Check::State,
            format!(
                "`{}`, `token` and `device` cannot speak to a running server: {reason}",
                program::command("user")
            ),
            "Choose a folder with a shorter path (--state DIR)",
        ));
    }
    findings
}

fn unusable(file: &StateFile) -> Option<Finding> {
    let shown = file.path.display();
    let (message, advice) = match &file.content {
        Content::Good => return None,
        Content::Newer(version) => (
            format!(
                "{shown} was written by a newer localcamera (v {version}), and this one does not start with it"
            ),
            format!("Start that version, or move the file away: then {}", file.loss),
        ),
        Content::Broken => (
            format!(
                "{shown} cannot be understood: the next start puts it aside, and {}",
                file.loss
            ),
            "Restore it from a backup before that".to_owned(),
        ),
        Content::Unreadable(reason) => (
            format!("{shown} cannot be read: {reason}"),
            "Make it readable and its folder writable for the user that the server runs as"
                .to_owned(),
        ),
    };
    Some(Finding::problem(Check::State, message, advice))
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::disk::FileSystem;
    use super::*;

    fn facts(content: Content, mode: u32) -> Facts {
        Facts {
            folder: Folder {
                name: "state",
                path: "state".into(),
                is_there: true,
                sync_ms: Ok(1),
                free_bytes: None,
                file_system: FileSystem::Usual,
            },
            mode: Some(mode),
            running: None,
            files: vec![StateFile {
                path: "state/access.json".into(),
                mode,
                content,
                loss: "nobody is let in",
            }],
            aside: Vec::new(),
            socket: Ok(()),
        }
    }

    fn worst(facts: &Facts) -> Finding {
        judge(facts).into_iter().max_by_key(|finding| finding.verdict).unwrap()
    }

    #[test]
    fn what_the_server_would_not_read_is_named_with_what_is_lost() {
        assert_eq!(worst(&facts(Content::Good, 0o600)).verdict, Verdict::Ok);
        for content in
            [Content::Newer(7), Content::Broken, Content::Unreadable("denied".to_owned())]
        {
            let found = worst(&facts(content, 0o600));
            assert_eq!(found.verdict, Verdict::Problem);
            assert!(found.message.contains("state/access.json"), "{found:?}");
        }
        assert!(worst(&facts(Content::Broken, 0o600)).message.contains("nobody is let in"));
    }

    #[test]
    fn what_others_may_read_and_what_was_put_aside_is_advice() {
        let found = worst(&facts(Content::Good, 0o644));
        assert_eq!(found.advice.as_deref(), Some("chmod go= state state/access.json"));
        let mut aside = facts(Content::Good, 0o600);
        aside.aside = vec!["devices.json.broken".to_owned()];
        assert!(worst(&aside).message.contains("devices.json.broken"));
        aside.socket = Err("too long".to_owned());
        assert_eq!(judge(&aside).len(), 3);
    }

    #[test]
    fn what_would_be_gone_with_a_restart_is_said() {
        let mut memory = facts(Content::Good, 0o600);
        memory.folder.file_system = FileSystem::Memory;
        assert!(worst(&memory).message.contains("this computer's memory"));
    }

    #[test]
    fn a_server_that_runs_is_no_fault() {
        let mut running = facts(Content::Good, 0o600);
        running.running = Some(Running { pid: Some(7) });
        let found = worst(&running);
        assert!(found.verdict == Verdict::Ok && found.message.contains("process 7"));
    }
}
