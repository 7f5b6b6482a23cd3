//! `localcamera cameras`: what is plugged into this computer.

use anyhow::{Context, Result};

use crate::console;
use crate::ffmpeg;
use crate::sources::{self, Cameras};

/// Says which cameras are plugged in, a line for each.
///
/// # Errors
/// When the system lets nothing run.
pub(crate) fn run() -> Result<()> {
    let cameras = Cameras::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let list = runtime.block_on(cameras.list());
    sources::table(&list).iter().for_each(|line| console::say(line));
    if !cameras.has_ffmpeg() {
        let advice = ffmpeg::advice();
        console::note(&format!(
            "ffmpeg is not installed: what the cameras deliver is not known, and none of them can \
             be recorded. {advice}"
        ));
    }
    Ok(())
}
