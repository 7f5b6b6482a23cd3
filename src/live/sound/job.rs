//! What ffmpeg is told, and where the packets go that it makes.

use bytes::Bytes;
use container::Track;
use tokio::sync::broadcast;

use super::super::Format;
use super::super::transcoder::{Job, Made, Reader, Times};
use super::output::Output;
use super::{Packet, to_convert};

/// Packets that wait for who does not take them: 5 s of 20 ms each.
const KEPT_PACKETS: usize = 256;

/// Speech is clear with it, and music decent (RFC 7587 section 3.1.1).
const MONO_BPS: &str = "48k";
const STEREO_BPS: &str = "96k";

/// A stream's sound as Opus.
#[derive(Debug)]
pub(super) struct Opus {
    packets: broadcast::Sender<Packet>,
}

/// Hands packets to those who listen.
pub(super) struct Ear {
    output: Output,
    packets: broadcast::Sender<Packet>,
}

impl Opus {
    pub(super) fn new() -> Self {
        Self { packets: broadcast::Sender::new(KEPT_PACKETS) }
    }

    pub(super) fn packets(&self) -> broadcast::Receiver<Packet> {
        self.packets.subscribe()
    }
}

impl Job for Opus {
    const FORMAT: &'static str = "opus";
    /// WebRTC has a pace of its own, for sound and picture together.
    const IS_PACED: bool = false;
    type Reader = Ear;

    fn detail(&self) -> String {
        "48000 Hz".to_owned()
    }

    fn track(&self, format: &Format) -> Option<usize> {
        to_convert(&format.tracks).map(|(index, _)| index)
    }

    fn arguments(&self, track: &Track) -> Vec<String> {
        let is_mono = track.channels == 1;
        let (channels, bps) = if is_mono { ("1", MONO_BPS) } else { ("2", STEREO_BPS) };
        let mut all = vec!["-map", "0:a:0", "-ac", channels, "-ar", "48000"];
        all.extend(["-c:a", "libopus", "-b:a", bps, "-frame_duration", "20"]);
        // Each packet leaves in a cluster of its own as soon as the next one is there.
        all.extend(["-f", "webm", "-live", "1", "-cluster_size_limit", "0"]);
        all.extend(["-flush_packets", "1"]);
        all.into_iter().map(str::to_owned).collect()
    }

    fn reader(&self) -> Ear {
        Ear { output: Output::default(), packets: self.packets.clone() }
    }
}

impl Reader for Ear {
    fn take(&mut self, bytes: Bytes, times: Times) -> Result<Made, String> {
        let packets = self.output.take(bytes).map_err(|error| error.to_string())?;
        let newest_ns = packets.last().map(|(at_ns, _)| *at_ns);
        let made = Made { packets: packets.len() as u64, newest_ns };
        for (at_ns, data) in packets {
            let at_ns = times.media_ns(at_ns);
            // Nobody may listen just now.
            let _ = self.packets.send(Packet { anchor_us: times.anchor_us, at_ns, data });
        }
        Ok(made)
    }
}
