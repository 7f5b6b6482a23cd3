//! Sessions of sources that a killed server has left. Nobody comes back to them: they are over, and
//! the time without a server is told.

use super::fault::DiskError;
use super::recovery::Site;
use crate::clock::{self, WallUs};
use crate::library::journal::{Event, LOST, Line};
use crate::metrics::{self, Gap};

/// Why nothing was recorded.
const SERVER_DOWN: &str = "server_down";

impl Site {
    /// Makes the session whole and ends it. Blocks. Nothing of its source was recorded from its end
    /// until `missing_until_us`, when the next session or the server began.
    ///
    /// A clock that starts in the past, as that of a computer without a battery does, does not know
    /// how long nothing was recorded: the session is ended when a later start does, unless another
    /// session follows it.
    ///
    /// # Errors
    /// When the disk refuses; it can be tried again.
    pub(super) fn end(&self, missing_until_us: WallUs, is_followed: bool) -> Result<(), DiskError> {
        let Some((left, mut journal)) = self.recover()? else { return Ok(()) };
        let is_missing = left.told_us < missing_until_us;
        if left.is_stopped || !(is_missing || is_followed) {
            return Ok(());
        }
        let gap = is_missing.then(|| Event::Gap {
            start_us: left.told_us,
            end_us: missing_until_us,
            reason: SERVER_DOWN.to_owned(),
            // What is said of a camera that is away is said when it is back.
            detail: Some("the camera may have been away for a part of it".to_owned()),
            device_ms: None,
        });
        metrics::GAPS.add(Gap::ServerDown, u64::from(is_missing));
        let stop = Event::Stop { reason: LOST.to_owned() };
        let lines: Vec<Line> =
            gap.into_iter().chain([stop]).map(|event| Line::new(clock::now(), event)).collect();
        self.tell(&lines, &mut journal)
    }
}
