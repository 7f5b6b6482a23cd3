//! One generation's stream on its way to samples.

use std::sync::Arc;

use bytes::Bytes;
use container::{Damage, Demuxer, Event, Init, ResumePoint};

use super::feed::{Loss, Resumption, Step};

/// What goes to the recorder at once, so that a message of tiny frames is no heap of them.
const MAX_BATCH_STEPS: usize = 256;

/// A sample that is kept for viewers keeps what it came in. That is no more than this, the most that
/// devices send at once; of larger messages there are copies in pieces.
const MAX_PIECE_BYTES: usize = ingest_protocol::MAX_MESSAGE_BYTES;

/// A generation's demuxer, and what became of it.
#[derive(Debug, Default)]
pub(crate) struct Demuxing {
    demuxer: Demuxer,
    init: Option<Arc<Init>>,
    received: u64,
    media_ns: Option<i64>,
    reached: Option<ResumePoint>,
    failed: Option<String>,
    batch_steps: usize,
}

impl Demuxing {
    /// Goes on inside a stream.
    pub(crate) fn resume(resumption: &Resumption) -> Result<Self, container::Error> {
        let Resumption { init, at, tracks } = resumption;
        Ok(Self {
            demuxer: Demuxer::resume(init, at, tracks)?,
            init: Some(Arc::new(Demuxer::read_init(init)?)),
            received: at.position,
            reached: Some(at.clone()),
            ..Self::default()
        })
    }

    /// A generation that is over, of which nothing more is read.
    pub(crate) fn over(received: u64) -> Self {
        Self { received, ..Self::default() }
    }

    /// Takes the next bytes; [`Self::batch`] gives what they bring. After an error the rest of
    /// the stream is counted, not read.
    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.received += bytes.len() as u64;
        if self.failed.is_some() {
            return;
        }
        if bytes.len() <= MAX_PIECE_BYTES {
            self.demuxer.push(bytes);
        } else {
            let pieces = bytes.chunks(MAX_PIECE_BYTES).map(Bytes::copy_from_slice);
            pieces.for_each(|piece| self.demuxer.push(piece));
        }
    }

    /// Counts bytes that come after the end.
    pub(crate) fn pass_over(&mut self, bytes: &Bytes) {
        self.received += bytes.len() as u64;
    }

    /// The next steps, or `None` when the bytes are used up.
    pub(crate) fn batch(&mut self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        while self.failed.is_none() && steps.len() < MAX_BATCH_STEPS {
            let event = match self.demuxer.poll() {
                Ok(event) => event,
                Err(error) => {
                    self.failed = Some(format!("the stream cannot be recorded: {error}"));
                    break;
                }
            };
            let resume = self.demuxer.resume_point();
            let resume = resume.filter(|resume| self.reached.as_ref() != Some(resume));
            match &event {
                Some(event) => self.observe(event),
                // The last step says how far everything before it reaches, once.
                None if resume.is_none() => break,
                None => {}
            }
            if resume.is_some() {
                self.reached.clone_from(&resume);
            }
            if steps.is_empty() {
                // Most messages are like those before them.
                steps.reserve_exact(self.batch_steps);
            }
            steps.push(Step { event, resume });
        }
        if steps.is_empty() {
            return None;
        }
        self.batch_steps = steps.len();
        Some(steps)
    }

    /// What had to be left out of the stream since the last call, in words.
    pub(crate) fn damage(&mut self) -> Option<String> {
        let first = self.demuxer.damage()?;
        let more = std::iter::from_fn(|| self.demuxer.damage());
        let bytes = more.fold(first.bytes, |sum, next| sum.saturating_add(next.bytes));
        Some(Damage { bytes, ..first }.to_string())
    }

    /// Lets go of what the demuxer still holds; nothing more comes.
    pub(crate) fn close(&mut self) {
        self.demuxer = Demuxer::new();
    }

    /// The init segment, once there is one.
    pub(crate) fn init(&self) -> Option<Arc<Init>> {
        self.init.clone()
    }

    /// Bytes of the stream so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Why the stream cannot be read on.
    pub(crate) fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Media time of the newest sample, once there is one.
    pub(crate) fn media_ns(&self) -> Option<i64> {
        self.media_ns
    }

    /// What is lost if the stream ends here.
    pub(crate) fn loss(&self) -> Option<Loss> {
        let bytes = self.demuxer.incomplete_bytes();
        let broken = self.failed.clone().map(Loss::Broken);
        broken.or_else(|| (bytes > 0).then_some(Loss::Torn { bytes }))
    }

    fn observe(&mut self, event: &Event) {
        match event {
            Event::Init(init) => {
                self.init = Some(Arc::clone(init));
                self.media_ns = None;
            }
            Event::Sample(sample) => {
                if let Some(track) = self.init.as_ref().and_then(|i| i.tracks.get(sample.track)) {
                    let at_ns = track.to_nanos(sample.pts);
                    self.media_ns = Some(self.media_ns.map_or(at_ns, |known| known.max(at_ns)));
                }
            }
            Event::Config { .. } => {}
        }
    }
}
