//! What ffmpeg is told, and where the pictures go that it makes.

use bytes::Bytes;
use container::{Kind, Track};
use tokio::sync::watch;

use super::super::Format;
use super::super::transcoder::{Job, Made, Reader, Times, at_most};
use super::super::ts::Splitter;
use super::Picture;
use crate::clock;

/// Of one stream: each costs as much again. Who asks for still another gets the nearest.
const MAX_OF_A_STREAM: usize = 3;

/// ffmpeg's best and worst quality.
const SCALES: std::ops::RangeInclusive<u8> = 2..=31;

/// JPEGs of a stream.
#[derive(Debug)]
pub(super) struct Jpeg {
    quality: u8,
    per_second: f64,
    pictures: watch::Sender<Option<Picture>>,
}

/// Hands pictures to those who look.
pub(super) struct Shutter {
    splitter: Splitter,
    pictures: watch::Sender<Option<Picture>>,
}

impl Jpeg {
    pub(super) fn new(quality: u8, per_second: f64) -> Self {
        Self { quality, per_second, pictures: watch::Sender::new(None) }
    }

    pub(super) fn pictures(&self) -> watch::Receiver<Option<Picture>> {
        self.pictures.subscribe()
    }

    /// The quality as ffmpeg counts. Its tables times this over eight are about as coarse as those
    /// of JPEG programs (ITU-T T.81, annex K) at their quality.
    pub(super) fn scale(&self) -> u8 {
        let quality = f64::from(self.quality.clamp(1, 100));
        let percent = if quality < 50.0 { 5000.0 / quality } else { 200.0 - 2.0 * quality };
        let scale = (0.173 * percent).round() as u8;
        scale.clamp(*SCALES.start(), *SCALES.end())
    }
}

/// Which of those that are at work will do for somebody who wants so many pictures of this scale.
pub(super) fn choose(others: &[&Jpeg], scale: u8, per_second: f64) -> Option<usize> {
    let same = |other: &&Jpeg| other.scale() == scale && other.per_second >= per_second;
    if let Some(index) = others.iter().position(same) {
        return Some(index);
    }
    if others.len() < MAX_OF_A_STREAM {
        return None;
    }
    let all = others.iter().enumerate();
    all.min_by_key(|(_, other)| other.scale().abs_diff(scale)).map(|(index, _)| index)
}

impl Job for Jpeg {
    const FORMAT: &'static str = "jpeg";
    const IS_OFTEN_BRIEF: bool = true;
    const IS_PACED: bool = true;
    type Reader = Shutter;

    fn detail(&self) -> String {
        format!("quality {} {}/s", self.quality, self.per_second)
    }

    fn track(&self, format: &Format) -> Option<usize> {
        format.tracks.iter().position(|track| track.kind == Kind::Video)
    }

    fn arguments(&self, _track: &Track) -> Vec<String> {
        let (filter, scale) = (at_most(self.per_second), self.scale().to_string());
        let mut all = vec!["-map", "0:v:0", "-vf", &filter];
        // Each picture keeps its time.
        all.extend(["-fps_mode", "passthrough", "-enc_time_base", "1:90000"]);
        all.extend(["-c:v", "mjpeg", "-q:v", &scale]);
        // As a stream of its own kind: each picture leaves at once, with its time.
        all.extend(["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0"]);
        all.extend(["-mpegts_copyts", "1", "-flush_packets", "1"]);
        all.into_iter().map(str::to_owned).collect()
    }

    fn reader(&self) -> Shutter {
        Shutter { splitter: Splitter::default(), pictures: self.pictures.clone() }
    }
}

impl Reader for Shutter {
    fn take(&mut self, bytes: Bytes, times: Times) -> Result<Made, String> {
        self.splitter.push(&bytes);
        let mut made = Made::default();
        while let Some(unit) = self.splitter.next().map_err(|error| error.to_string())? {
            let came_us = clock::now_us();
            // Of a device whose clock is ahead nothing comes before it was captured.
            let at_us = unit.at_ns.map_or(came_us, |at_ns| times.wall_us(at_ns).min(came_us));
            self.pictures.send_replace(Some(Picture { jpeg: unit.payload, at_us, came_us }));
            made.packets += 1;
            made.newest_ns = unit.at_ns.or(made.newest_ns);
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_are_those_of_ffmpeg() {
        let scales = [0, 28, 50, 75, 90, 100].map(|quality| Jpeg::new(quality, 10.0).scale());
        assert_eq!(scales, [31, 31, 17, 9, 3, 2]);
    }

    #[test]
    fn what_is_made_already_is_taken_where_it_will_do() {
        let all = [(75, 10.0), (40, 10.0), (75, 30.0)].map(|(q, fps)| Jpeg::new(q, fps));
        let all: Vec<&Jpeg> = all.iter().collect();
        let choose = |others: &[&Jpeg], quality, per_second| {
            choose(others, Jpeg::new(quality, 1.0).scale(), per_second)
        };
        assert_eq!(choose(&all, 75, 10.0), Some(0));
        assert_eq!(choose(&all, 75, 20.0), Some(2));
        assert_eq!(choose(&all[..2], 75, 20.0), None);
        assert_eq!(choose(&all, 45, 10.0), Some(1), "the nearest of those that there are");
        assert_eq!(choose(&all[..1], 45, 10.0), None);
    }
}
