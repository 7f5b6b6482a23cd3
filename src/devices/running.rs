//! A command that has been handed over.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::command::{Answer, Code, Refusal};
use super::saving::Wait;

/// A camera takes seconds to start; what has said nothing for this long will not.
const SILENCE: Duration = Duration::from_secs(60);

/// A person who is asked may have to come from the other end of a room first. Pages give up
/// before that.
const ASKED: Duration = Duration::from_secs(120);

/// "Asking", once, and what comes of it.
const ANSWERS: usize = 2;

/// A command that has been handed over. Dropping it gives it up.
#[derive(Debug)]
pub(crate) enum Running {
    AtDevice(AtDevice),
    Saving(Wait),
}

/// It waits for its device.
#[derive(Debug)]
pub(crate) struct AtDevice {
    device: String,
    answers: mpsc::Receiver<Answer>,
    deadline: Instant,
    is_asked: bool,
}

impl Running {
    pub(super) fn new(device: &str) -> (Self, mpsc::Sender<Answer>) {
        let (sender, answers) = mpsc::channel(ANSWERS);
        let deadline = Instant::now() + SILENCE;
        let own = AtDevice { device: device.to_owned(), answers, deadline, is_asked: false };
        (Self::AtDevice(own), sender)
    }

    pub(super) fn saving(wait: Wait) -> Self {
        Self::Saving(wait)
    }

    /// What comes of it next. Nothing comes behind [`Answer::Over`].
    pub(crate) async fn next(&mut self) -> Answer {
        match self {
            Self::AtDevice(running) => running.next().await,
            Self::Saving(wait) => Answer::Over(wait.saved().await),
        }
    }

    /// What comes of it in the end.
    pub(crate) async fn end(mut self) -> Result<(), Refusal> {
        loop {
            if let Answer::Over(outcome) = self.next().await {
                return outcome;
            }
        }
    }
}

impl AtDevice {
    async fn next(&mut self) -> Answer {
        let no_answer = |what: &str| {
            Answer::Over(Err(Code::NoAnswer.because(format!("{} {what}", self.device))))
        };
        match tokio::time::timeout_at(self.deadline, self.answers.recv()).await {
            Ok(Some(answer)) => {
                if matches!(answer, Answer::Asking(_)) {
                    self.is_asked = true;
                    self.deadline = Instant::now() + ASKED;
                }
                answer
            }
            Ok(None) => no_answer("was disconnected before it answered"),
            Err(_) if self.is_asked => no_answer("was asked, and nobody decided"),
            Err(_) => no_answer("is connected and does not answer"),
        }
    }
}
