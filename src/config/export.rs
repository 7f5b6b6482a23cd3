//! The command line of `localcamera export`.

use std::path::PathBuf;

use clap::Args;

use super::wall_time::WallTime;

/// Which part of which recording to take along, and where to put it.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Export {
    /// A recording by its id, or by the beginning of it, or the last one of a device by its name
    #[arg(value_name = "SESSION")]
    pub(crate) session: String,

    /// From then on [default: its beginning]
    #[arg(long, value_name = "T")]
    pub(crate) from: Option<WallTime>,

    /// Up to then [default: its end]
    #[arg(long, value_name = "T")]
    pub(crate) to: Option<WallTime>,

    /// The file, or a folder in which it gets a name of its own
    #[arg(long, value_name = "FILE", default_value = ".", hide_default_value = true)]
    pub(crate) out: PathBuf,

    /// One MP4 whatever was recorded: encodes it anew with ffmpeg, which takes its time
    #[arg(long)]
    pub(crate) reencode: bool,

    /// The recordings folder [default: as when serving]
    #[arg(long, value_name = "DIR", env = "LOCALCAMERA_RECORDINGS", hide_env = true)]
    pub(crate) recordings: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Writes what was recorded between two times as one WebM or MP4: every sample as it is, nothing encoded \
anew. It begins with the key frame at or before the first time; an MP4 shows from that time on, and \
of a WebM it is said how much comes before. Where the recording changes its codec, size or rotation \
in between, one file cannot hold it: then name a .zip, which gets one file for each, or --reencode. \
A server may be recording meanwhile. Nothing is ever overwritten.

Times are 2026-11-20 16:31:49 or 16:31:49 (of the recording's first day) by this computer's clock, \
or 2026-11-20T16:31:49+01:00 anywhere. Seconds and their fractions can be left out.
Prints the file's name on standard output. Exit code 0 when it is whole, 3 when recorded files are \
missing or damaged and had to be left out, 2 for bad usage, 1 when it failed.

  localcamera export s-qd2kdzu5yt --from 16:30 --to 16:45 --out lesson.mp4
  localcamera export \"Front door\" --out .";
