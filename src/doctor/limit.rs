//! How long a check may take, so that none keeps the others from being told.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use tokio::task::{JoinError, spawn_blocking};
use tokio::time::error::Elapsed;
use tokio_util::task::AbortOnDropHandle;

use super::finding::{Check, Finding, Verdict};

/// Each check gets so long; they run beside each other. A disk or a camera that takes longer is
/// worth knowing of, and a person waits for all of them.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    Late,
    /// The work has panicked.
    Failed,
}

/// What comes of it within the limit. It is a task of its own: a panic costs this answer alone.
pub(super) async fn limited<T: Send + 'static>(
    patience: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Silence> {
    let task = AbortOnDropHandle::new(tokio::spawn(work));
    answer(tokio::time::timeout(patience, task).await)
}

/// The same of work that blocks: a disk that hangs keeps a thread, and nobody waits for it.
pub(super) async fn blocking<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Silence> {
    answer(tokio::time::timeout(patience, spawn_blocking(work)).await)
}

fn answer<T>(answered: Result<Result<T, JoinError>, Elapsed>) -> Result<T, Silence> {
    match answered {
        Ok(done) => done.map_err(|_| Silence::Failed),
        Err(_) => Err(Silence::Late),
    }
}

/// What there is to say instead. `place`: where the files lie that were to be read.
pub(super) fn unanswered(check: Check, silence: Silence, place: Option<&Path>) -> Finding {
    // The server reads and writes there, and waits for it.
    let verdict = match check {
        Check::Certificate | Check::Disk | Check::State => Verdict::Problem,
        _ => Verdict::Advice,
    };
    let place = place.map(|place| format!("{}: ", place.display())).unwrap_or_default();
    let what = match silence {
        Silence::Late => format!("{place}no answer within {} s", PATIENCE.as_secs()),
        Silence::Failed => format!("{place}this check has failed"),
    };
    let advice = match check {
        Check::Certificate | Check::Disk | Check::State => {
            "See whether its disk is connected and answers, for instance with `ls -l`, and whether \
             all in it are usual files"
        }
        Check::Cameras => "A camera or a name server hangs: unplug it, or look at each one alone",
        Check::Ffmpeg => "See whether `ffmpeg -version` answers",
        _ => "Ask again; where it stays so, LOCALCAMERA_LOG=debug may say more",
    };
    Finding::bad(check, verdict, what, advice.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_hangs_or_panics_costs_its_own_answer_alone() {
        let short = Duration::from_millis(10);
        let (release, hangs) = std::sync::mpsc::channel::<()>();
        let late = blocking(short, move || hangs.recv().is_ok()).await;
        assert_eq!(late, Err(Silence::Late));
        drop(release);
        assert_eq!(limited(short, std::future::pending::<()>()).await, Err(Silence::Late));
        let failed = limited(PATIENCE, async { [0][std::hint::black_box(1)] }).await;
        assert_eq!(failed, Err(Silence::Failed));
        assert_eq!(blocking(PATIENCE, || 7).await, Ok(7));
    }

    #[test]
    fn the_folder_that_does_not_answer_is_named() {
        let said = unanswered(Check::Disk, Silence::Late, Some("/mnt/rec".as_ref()));
        assert_eq!(
            (said.verdict, &*said.message),
            (Verdict::Problem, "/mnt/rec: no answer within 6 s")
        );
    }
}
