//! What a push has to deliver: what earlier ones left in the spool, then its own stream.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result};
use ingest_protocol::Client;
use ingest_protocol::client::{GenerationStart, Identity, RestoredGeneration};
use tokio::sync::watch;

use super::intake::{Arrived, Intake};
use super::memory::{Folder, Start};
use super::source::{self, Regular, Source};
use super::spool::{self, PIECE_BYTES, Spool};
use crate::addresses;
use crate::clock;
use crate::config::{Input, Push};
use crate::console;

/// A recording that is to be delivered.
#[derive(Debug)]
pub(super) struct Recording {
    /// What a person calls it.
    pub(super) label: String,
    pub(super) source: Source,
    pub(super) arrived: watch::Receiver<Arrived>,
    /// Whether an earlier push has left it behind.
    pub(super) is_left: bool,
}

impl Recording {
    /// What earlier pushes have left in a spool, the oldest first.
    pub(super) fn left_behind(folder: &Folder) -> Result<Vec<Self>> {
        let shown = folder.path.display();
        let folders = spool::left_behind(&folder.path)
            .with_context(|| format!("cannot read the spool {shown}"))?;
        let mut recordings = Vec::new();
        for folder in folders {
            let shown = folder.display().to_string();
            match Spool::adopt(folder) {
                Ok(Some((spool, 0))) => {
                    // Killed before its first byte; the next push tries again to remove it.
                    let _ = spool.discard();
                }
                Ok(Some((spool, end))) => {
                    let began = clock::local_text(spool.session().started_ms.saturating_mul(1000));
                    recordings.push(Self {
                        label: format!("what a push of {began} left"),
                        source: Source::Spool(spool),
                        arrived: all_of(end),
                        is_left: true,
                    });
                }
                // Another push is at work on it.
                Ok(None) => {}
                Err(error) => console::note(&format!(
                    "{shown} cannot be delivered, and stays as it is: {error}"
                )),
            }
        }
        Ok(recordings)
    }

    /// The stream that the push was called for. A pipe is read from now on.
    pub(super) fn take_up(push: &Push, folder: &Folder) -> Result<(Self, Option<Intake>)> {
        match &push.input {
            Input::Stdin => {
                let stdin = std::io::stdin().as_fd().try_clone_to_owned();
                let stdin = stdin.context("cannot read standard input")?;
                Self::pipe(push, folder, File::from(stdin), "standard input".to_owned())
            }
            Input::Path(path) => match source::open(path)? {
                (file, true) => Ok((Self::regular(push, folder, file, path)?, None)),
                (file, false) => Self::pipe(push, folder, file, path.display().to_string()),
            },
        }
    }

    fn regular(push: &Push, folder: &Folder, file: File, path: &Path) -> Result<Self> {
        let label = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let name = push.name.clone().unwrap_or_else(|| label.clone());
        let regular = Regular::open(file, path, folder, name, clock::now_ms())?;
        let arrived = all_of(regular.bytes());
        Ok(Self { label, source: Source::Regular(regular), arrived, is_left: false })
    }

    fn pipe(
        push: &Push,
        folder: &Folder,
        input: File,
        label: String,
    ) -> Result<(Self, Option<Intake>)> {
        let name = push.name.clone().or_else(addresses::hostname);
        let session = folder.session(name.unwrap_or_default(), clock::now_ms(), None);
        let to = push.to.to_string();
        let begun = Spool::create(&folder.path, session, to, PIECE_BYTES)
            .and_then(|(spool, writer)| Ok((spool, Intake::begin(input, writer)?)));
        let (spool, intake) = begun.with_context(|| {
            format!(
                "cannot write to the spool {}; choose another with --spool DIR",
                folder.path.display()
            )
        })?;
        let arrived = intake.arrived();
        let recording = Self { label, source: Source::Spool(spool), arrived, is_left: false };
        Ok((recording, Some(intake)))
    }

    /// The conversation about it, and what that knows of the stream already.
    pub(super) fn client(&self) -> (Client, Arrived) {
        let session = self.source.session().clone();
        let identity = Identity {
            device: session.device,
            key: None,
            name: session.name,
            session: session.session,
            started_ms: session.started_ms,
            client: concat!("localcamera-push/", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        if !self.is_left {
            return (Client::new(identity), Arrived::default());
        }
        // Killed before it could be noted, it began when the push did.
        let began = Start { mime: String::new(), started_ms: session.started_ms, offset_ms: None };
        let arrived = self.arrived.borrow().clone();
        let left = RestoredGeneration {
            start: generation_start(session.start.unwrap_or(began)),
            first: self.source.first(),
            end: arrived.bytes,
            ended: true,
        };
        (Client::restore(identity, &[left], Vec::new(), true), arrived)
    }

    /// Whether nothing has come of it.
    pub(super) fn is_nothing(&self) -> bool {
        self.arrived.borrow().bytes == 0
    }

    /// Bytes that the server may not have, when it is known to have those below `durable`.
    pub(super) fn waiting(&self, durable: u64) -> u64 {
        self.arrived.borrow().bytes.saturating_sub(durable.max(self.source.first()))
    }
}

/// A stream of which nothing more will come.
fn all_of(bytes: u64) -> watch::Receiver<Arrived> {
    watch::channel(Arrived { bytes, is_ended: true, ..Arrived::default() }).1
}

/// How its generation begins, as the conversation puts it.
pub(super) fn generation_start(start: Start) -> GenerationStart {
    let Start { mime, started_ms, offset_ms } = start;
    GenerationStart { mime, started_ms, offset_ms, reason: "start".to_owned() }
}
