//! A stream that goes on as a test says, and programs in ffmpeg's place.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use container::{Demuxer, Event, Init, Sample};
use tempfile::TempDir;

use crate::live::Stream;
use crate::live::stream::Owner;

const MS: i64 = 1_000_000;

/// A stream, live.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) stream: Arc<Stream>,
    pub(crate) init: Arc<Init>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) passed: usize,
}

impl World {
    /// One of recorded media, of which nothing has passed yet.
    pub(crate) fn of(folder: TempDir, media: Vec<u8>) -> Self {
        let mut demuxer = Demuxer::new();
        demuxer.push(media.into());
        let (mut init, mut samples) = (None, Vec::new());
        while let Some(event) = demuxer.poll().unwrap() {
            match event {
                Event::Init(found) => init = Some(found),
                Event::Sample(sample) => samples.push(sample),
                Event::Config { .. } => {}
            }
        }
        let (device, session) = ("d".to_owned(), "s".to_owned());
        let (key_sha256, title, source) = (None, String::new(), None);
        let owner = Owner { device, key_sha256, session, title, source };
        let stream = Arc::new(Stream::new("d".to_owned(), owner));
        let init = init.unwrap();
        stream.lock().broadcast.begin(0, Arc::clone(&init), 1000);
        Self { folder, stream, init, samples, passed: 0 }
    }

    pub(crate) fn at_ns(&self, sample: &Sample) -> i64 {
        self.init.tracks[sample.track].to_nanos(sample.pts)
    }

    /// The stream goes on up to `until_ms`; gives the time of the last sample that has passed.
    pub(crate) fn pass(&mut self, until_ms: i64) -> i64 {
        let mut last_ns = 0;
        let mut bytes = 0;
        let mut shared = self.stream.lock();
        while let Some(sample) = self.samples.get(self.passed)
            && self.at_ns(sample) < until_ms * MS
        {
            shared.broadcast.push(sample);
            bytes += sample.data.len();
            last_ns = self.at_ns(sample);
            self.passed += 1;
        }
        shared.broadcast.flush();
        shared.is_live_now(bytes);
        drop(shared);
        self.stream.notify();
        last_ns
    }

    /// A program in ffmpeg's place: it notes its process number, then does what `script` says.
    pub(crate) fn program(&self, script: &str) -> PathBuf {
        let program = self.folder.path().join("program");
        let runs = self.runs();
        let text = format!("#!/bin/sh\necho $$ >> {}\n{script}\n", runs.display());
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        program
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    /// The process numbers of all runs so far.
    pub(crate) fn pids(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.runs()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Between two looks at the file system: who looks all the time starves the transcoder.
pub(crate) async fn look_again() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}
