//! What ffprobe tells of a file or a camera on the network, and what of it is recorded as it is.
//! Pure.

use serde_json::Value;

use super::encoding::{Family, Wanted};
use super::plan::{Sound, Video};

/// Viewers join at a key frame, and files are cut there: what has them farther apart is encoded.
const MAX_KEY_FRAME_SECONDS: f64 = 5.0;

/// Of a file, so much is looked at for its key frames.
pub(super) const LOOKED_AT_SECONDS: u32 = 20;

/// What there is, as far as ffprobe tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    /// What ffmpeg calls the container.
    container: String,
    video: Option<VideoFacts>,
    /// The codec of the sound.
    sound: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct VideoFacts {
    codec: String,
    pixels: String,
    size: Option<(u32, u32)>,
    frames_per_second: Option<f64>,
    has_b_frames: bool,
    is_turned: bool,
    /// The longest time between two key frames of those that were looked at.
    key_frame_seconds: f64,
}

impl Facts {
    /// What ffprobe is asked of a file; the input follows.
    pub(super) fn question() -> [&'static str; 6] {
        let [of, json, show, streams] = Self::question_about_streams();
        [of, json, show, streams, show, "packet=stream_index,pts_time,flags"]
    }

    /// What ffprobe is asked where packets would have to be waited for.
    pub(super) fn question_about_streams() -> [&'static str; 4] {
        [
            "-of",
            "json",
            "-show_entries",
            "format=format_name:stream=index,codec_type,codec_name,pix_fmt,width,height,\
             avg_frame_rate,has_b_frames:stream_side_data=rotation",
        ]
    }

    /// Reads the answer.
    pub(super) fn read(json: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(json).ok()?;
        let streams = json["streams"].as_array()?;
        let first = |kind: &str| streams.iter().find(|stream| stream["codec_type"] == *kind);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let video =
            first("video").map(|stream| VideoFacts {
                codec: text(&stream["codec_name"]),
                pixels: text(&stream["pix_fmt"]),
                size: number(&stream["width"]).zip(number(&stream["height"])),
                frames_per_second: ratio(stream["avg_frame_rate"].as_str()),
                has_b_frames: stream["has_b_frames"].as_u64() != Some(0),
                is_turned: stream["side_data_list"].as_array().into_iter().flatten().any(|data| {
                    data["rotation"].as_f64().is_some_and(|degrees| degrees.abs() > 1.0)
                }),
                key_frame_seconds: longest(&json["packets"], &stream["index"]),
            });
        let sound = first("audio").map(|stream| text(&stream["codec_name"]));
        Some(Self { container: text(&json["format"]["format_name"]), video, sound })
    }

    /// What becomes of a file: it is copied where a copy plays everywhere, live and recorded, and
    /// its beginning follows on its end. Decode times, which B-frames need, and the turning of a
    /// picture are lost on the way through Matroska.
    pub(super) fn of_file(&self, has_sound: bool) -> (Video, Sound) {
        let container = &self.container;
        let is_indexed = container.contains("matroska") || container.contains("mp4");
        self.becomes(has_sound, is_indexed)
    }

    /// What becomes of a camera on the network. It sends key frames as it was set up to.
    pub(super) fn of_camera(&self, has_sound: bool) -> (Video, Sound) {
        self.becomes(has_sound, true)
    }

    /// Whether pictures come as JPEGs.
    pub(super) fn has_jpegs(&self) -> bool {
        self.video.as_ref().is_some_and(|video| video.codec == "mjpeg")
    }

    fn becomes(&self, has_sound: bool, may_be_copied: bool) -> (Video, Sound) {
        let copied = self.video.as_ref().and_then(VideoFacts::family).filter(|_| may_be_copied);
        let video = match (&self.video, copied) {
            (None, _) => Video::None,
            (Some(_), Some(family)) => Video::Copied(family),
            (Some(video), None) => Video::Encoded(Wanted {
                size: video.size,
                frames_per_second: video.frames_per_second,
                bitrate_kbps: None,
            }),
        };
        let sound = match (self.sound.as_deref().filter(|_| has_sound), copied) {
            (None, _) => Sound::None,
            (Some("aac" | "opus"), Some(Family::Mp4)) => Sound::Copied,
            (Some("opus" | "vorbis"), Some(Family::Webm)) => Sound::Copied,
            (Some("opus"), None) if may_be_copied && self.video.is_none() => Sound::Copied,
            (Some(_), _) => Sound::Encoded,
        };
        (video, sound)
    }
}

impl VideoFacts {
    /// Where it can be copied to.
    fn family(&self) -> Option<Family> {
        let family = match (self.codec.as_str(), self.pixels.as_str()) {
            ("h264", "yuv420p" | "yuvj420p") | ("hevc", "yuv420p" | "yuv420p10le") => Family::Mp4,
            ("vp8" | "vp9" | "av1", "yuv420p") => Family::Webm,
            _ => return None,
        };
        let is_good = !self.has_b_frames
            && !self.is_turned
            && self.key_frame_seconds <= MAX_KEY_FRAME_SECONDS;
        is_good.then_some(family)
    }
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|&number| number > 0)
}

/// Such as `30000/1001`; `0/0` is none.
fn ratio(text: Option<&str>) -> Option<f64> {
    let (above, below) = text?.split_once('/')?;
    let ratio = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

/// The longest time between two key frames, and from the last one to the end of what is known.
fn longest(packets: &Value, stream: &Value) -> f64 {
    let (mut longest, mut last_key, mut last) = (0.0_f64, None, 0.0_f64);
    for packet in packets.as_array().into_iter().flatten() {
        let at = packet["pts_time"].as_str().and_then(|at| at.parse::<f64>().ok());
        let Some(at) = at.filter(|_| packet["stream_index"] == *stream) else { continue };
        last = last.max(at);
        if packet["flags"].as_str().is_some_and(|flags| flags.starts_with('K')) {
            longest = longest.max(last_key.map_or(0.0, |key| at - key));
            last_key = Some(at);
        }
    }
    longest.max(last_key.map_or(0.0, |key| last - key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As ffprobe writes it, of a file with these streams and key frames this far apart.
    fn facts(container: &str, video: &str, sound: Option<&str>, key_seconds: f64) -> Facts {
        let sound = sound.map(|codec| {
            format!(r#", {{"index": 1, "codec_name": "{codec}", "codec_type": "audio"}}"#)
        });
        let json = format!(
            r#"{{"packets": [
                {{"stream_index": 0, "pts_time": "0.000000", "flags": "K_"}},
                {{"stream_index": 1, "pts_time": "9.000000", "flags": "K_"}},
                {{"stream_index": 0, "pts_time": "0.040000", "flags": "__"}},
                {{"stream_index": 0, "pts_time": "{key_seconds}", "flags": "K__"}}],
               "streams": [{{"index": 0, "codec_type": "video", "width": 640, "height": 480,
                "avg_frame_rate": "30000/1001", {video}}}{}],
               "format": {{"format_name": "{container}"}}}}"#,
            sound.unwrap_or_default(),
        );
        Facts::read(&json).unwrap()
    }

    const MP4: &str = "mov,mp4,m4a,3gp,3g2,mj2";
    const WEBM: &str = "matroska,webm";
    const AVC: &str = r#""codec_name": "h264", "pix_fmt": "yuv420p", "has_b_frames": 0"#;
    const VP9: &str = r#""codec_name": "vp9", "pix_fmt": "yuv420p", "has_b_frames": 0"#;

    #[test]
    fn what_plays_everywhere_is_copied() {
        let film = facts(MP4, AVC, Some("aac"), 2.0);
        assert_eq!(film.of_file(true), (Video::Copied(Family::Mp4), Sound::Copied));
        assert_eq!(film.of_file(false), (Video::Copied(Family::Mp4), Sound::None));
        let film = facts(WEBM, VP9, Some("opus"), 5.0);
        assert_eq!(film.of_file(true), (Video::Copied(Family::Webm), Sound::Copied));
        let film = facts(WEBM, VP9, Some("aac"), 2.0);
        assert_eq!(film.of_file(true), (Video::Copied(Family::Webm), Sound::Encoded));
        assert_eq!(facts(WEBM, VP9, None, 2.0).of_file(true).1, Sound::None);
    }

    #[test]
    fn what_a_copy_would_spoil_is_encoded() {
        let wanted = Wanted {
            size: Some((640, 480)),
            frames_per_second: Some(30_000.0 / 1001.0),
            bitrate_kbps: None,
        };
        let b_frames = AVC.replace(": 0", ": 2");
        let turned = format!(r#"{AVC}, "side_data_list": [{{"rotation": -90}}]"#);
        let rare = AVC.replace("yuv420p", "yuv422p10le");
        for (container, video, key_seconds) in [
            (MP4, b_frames.as_str(), 2.0),
            (MP4, &turned, 2.0),
            (MP4, &rare, 2.0),
            (MP4, AVC, 10.0),
            ("mpegts", AVC, 2.0),
        ] {
            let film = facts(container, video, Some("aac"), key_seconds);
            assert_eq!(film.of_file(true), (Video::Encoded(wanted), Sound::Encoded), "{video}");
        }
    }

    #[test]
    fn a_camera_is_copied_whatever_it_comes_in() {
        let camera = facts("concat", AVC, Some("pcm_alaw"), 2.0);
        assert_eq!(camera.of_camera(true), (Video::Copied(Family::Mp4), Sound::Encoded));
        let jpegs = r#""codec_name": "mjpeg", "pix_fmt": "yuvj422p", "has_b_frames": 0"#;
        assert!(facts("concat", jpegs, None, 2.0).has_jpegs() && !camera.has_jpegs());
    }

    #[test]
    fn sound_alone_is_enough() {
        let json = r#"{"streams": [{"index": 0, "codec_name": "opus", "codec_type": "audio"}],
                       "format": {"format_name": "ogg"}}"#;
        let facts = Facts::read(json).unwrap();
        assert_eq!(facts.of_file(true), (Video::None, Sound::Encoded));
        assert_eq!(Facts::read("nonsense"), None);
    }
}
