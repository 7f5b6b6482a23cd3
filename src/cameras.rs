//! `localcamera cameras`: what is plugged into this computer.

use anyhow::{Context, Result};

use crate::console;
use crate::ffmpeg::{self, Ffmpeg};
use crate::sources;

/// Says which cameras are plugged in, a line for each.
///
/// # Errors
/// When the system lets nothing run.
pub(crate) fn run() -> Result<()> {
    let ffmpeg = Ffmpeg::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let cameras = runtime.block_on(sources::cameras(&ffmpeg));
    sources::table(&cameras).iter().for_each(|line| console::say(line));
    if !ffmpeg.is_there() {
        let advice = ffmpeg::advice();
        console::note(&format!(
            "ffmpeg is not installed: what the cameras deliver is not known, and none of them can \
             be recorded. {advice}"
        ));
    }
    Ok(())
}
