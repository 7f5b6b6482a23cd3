//! What ffmpeg is told, and where what it writes goes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use container::{Kind, Track};
use tokio::sync::watch;

use super::super::Format;
use super::super::transcoder::{Job, Made, Reader, Times, at_most};
use super::super::ts::{PACKET_BYTES, Splitter};
use super::rate::Rate;
use super::ring::{Cursor, Ring};
use crate::config::MpegtsSettings;

/// Whatever else asks for a key picture, there is one after so many.
const MAX_GROUP_PICTURES: u32 = 600;

/// MPEG-1 video of a stream, for all who watch it.
#[derive(Debug)]
pub(super) struct Mpeg1 {
    settings: MpegtsSettings,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    changed: watch::Sender<()>,
}

/// Hands pictures to the viewers.
pub(super) struct Pictures {
    splitter: Splitter,
    shared: Arc<Shared>,
}

impl Mpeg1 {
    pub(super) fn new(settings: MpegtsSettings) -> Self {
        let ring = Mutex::new(Ring::new(settings.buffer_bytes));
        Self { settings, shared: Arc::new(Shared { ring, changed: watch::Sender::new(()) }) }
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<Bytes> {
        self.shared.ring().next(cursor)
    }

    /// The rate that stands in the video's header, and how many pictures a second there are.
    fn rates(&self) -> (Rate, f64) {
        let wish = self.settings.frames_per_second;
        let rate = Rate::nearest(wish);
        (rate, wish.min(rate.per_second()))
    }
}

impl Shared {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job for Mpeg1 {
    const FORMAT: &'static str = "mpegts";
    const IS_PACED: bool = true;
    type Reader = Pictures;

    fn detail(&self) -> String {
        let (width, height) = self.settings.size;
        let (_, per_second) = self.rates();
        let per_second = (per_second * 1000.0).round() / 1000.0;
        format!("{width}x{height} {per_second}/s {} kbit/s", self.settings.bitrate_kbps)
    }

    fn track(&self, format: &Format) -> Option<usize> {
        format.tracks.iter().position(|track| track.kind == Kind::Video)
    }

    fn arguments(&self, _track: &Track) -> Vec<String> {
        let (width, height) = self.settings.size;
        let (rate, per_second) = self.rates();
        // Bars where the sides differ in proportion; what is shown has square pixels.
        let size = format!("{width}:{height}");
        let filters = format!(
            "{},scale={size}:force_original_aspect_ratio=decrease,\
             pad={size}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p",
            at_most(per_second)
        );
        // The encoder takes all pictures of the header's rate for there: each gets what those that
        // are left out would have got.
        let kbps = f64::from(self.settings.bitrate_kbps) * rate.per_second() / per_second;
        let bps = format!("{:.0}k", kbps);
        let keys = format!(
            "expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+{}))",
            self.settings.keyframe_seconds
        );
        let rate = format!("{}/{}", rate.pictures, rate.seconds);
        let group = MAX_GROUP_PICTURES.to_string();
        let mut all = vec!["-map", "0:v:0", "-vf", &filters];
        // Pictures that do not exist are not made up: times say when each is shown.
        all.extend(["-fps_mode", "vfr", "-r", &rate, "-c:v", "mpeg1video"]);
        // JSMpeg leaves out pictures that need later ones. Without the second flag the encoder
        // waits for one picture more, for nothing; ffmpeg asks for the first to allow it.
        all.extend(["-bf", "0", "-strict", "unofficial", "-flags", "low_delay"]);
        all.extend(["-b:v", &bps, "-maxrate", &bps, "-bufsize", &bps]);
        all.extend(["-g", &group, "-force_key_frames", &keys]);
        all.extend(["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0"]);
        all.extend(["-mpegts_copyts", "1", "-flush_packets", "1"]);
        all.into_iter().map(str::to_owned).collect()
    }

    fn reader(&self) -> Pictures {
        Pictures { splitter: Splitter::default(), shared: Arc::clone(&self.shared) }
    }
}

impl Reader for Pictures {
    fn take(&mut self, bytes: Bytes, _times: Times) -> Result<Made, String> {
        self.splitter.push(&bytes);
        let mut made = Made::default();
        while let Some(unit) = self.splitter.next().map_err(|error| error.to_string())? {
            made.packets += (unit.packets.len() / PACKET_BYTES) as u64;
            made.newest_ns = unit.at_ns.or(made.newest_ns);
            self.shared.ring().push(&unit);
        }
        if made.packets > 0 {
            self.shared.changed.send_replace(());
        }
        Ok(made)
    }
}
