//! How ffmpeg takes a camera. Pure.

use std::ffi::OsString;

use super::super::encoding::{Family, Wanted};
use super::super::plan::{Plan, Sound, Video};
use super::format::{Delivers, Format, choose};
use super::{Device, System};
use crate::ffmpeg::Abilities;
use crate::sources::spec::{Camera, CameraSound};

/// avfoundation takes a rate by itself that few cameras have.
const MAC_RATE: &str = "30";

/// A packet of a microphone holds some milliseconds; as many as come while the camera is opened.
const SOUND_PACKETS: &str = "1024";

/// Uncompressed pictures that wait for Windows' ffmpeg.
const WINDOWS_BUFFER: &str = "128M";

/// What is taken of a camera that has these formats. Its sound is what is asked for, or its own
/// microphone; `has_sound` is false where that did not work.
pub(in super::super) fn plan(
    camera: &Camera,
    (device, formats): (&Device, &[Format]),
    has_sound: bool,
    abilities: &Abilities,
) -> Plan {
    of(System::HERE, camera, (device, formats), has_sound, abilities)
}

fn of(
    system: System,
    camera: &Camera,
    (device, formats): (&Device, &[Format]),
    has_sound: bool,
    abilities: &Abilities,
) -> Plan {
    let mut wanted = Wanted {
        size: camera.size,
        frames_per_second: camera.frames_per_second,
        bitrate_kbps: camera.bitrate_kbps,
    };
    let chosen = choose(formats, &wanted);
    if let Some((_, size)) = chosen {
        wanted.size = size;
    }
    let delivers = chosen.map_or(Delivers::Plain, |(format, _)| format.delivers);
    let microphone = match &camera.sound {
        _ if !has_sound => None,
        CameraSound::None => None,
        CameraSound::Default => device.microphone.as_deref(),
        CameraSound::Device(name) => Some(name.as_str()),
    };
    let microphone = microphone.filter(|_| system != System::V4l2 || abilities.reads("alsa"));
    let mut video: Vec<String> = Vec::new();
    let mut tell = |words: &[&str]| video.extend(words.iter().map(|&word| word.to_owned()));
    tell(&["-f", system.device()]);
    if let Some((width, height)) = wanted.size {
        tell(&["-video_size", &format!("{width}x{height}")]);
    }
    match wanted.frames_per_second {
        Some(rate) => tell(&["-framerate", &format!("{rate}")]),
        None if system == System::AvFoundation => tell(&["-framerate", MAC_RATE]),
        None => {}
    }
    let mut sound: Option<Vec<String>> = None;
    match system {
        System::V4l2 => {
            if let Some((format, _)) = chosen {
                tell(&["-input_format", &format.name]);
            }
            if let Some(microphone) = microphone {
                // Pictures and sound meet on the computer's clock: each counts from a zero of its
                // own otherwise, and they are not opened in the same instant.
                tell(&["-ts", "abs"]);
                let words = ["-thread_queue_size", SOUND_PACKETS, "-f", "alsa", "-i", microphone];
                sound = Some(words.map(str::to_owned).into());
            }
            tell(&["-i", &device.id]);
        }
        System::AvFoundation => {
            let heard = microphone.map(|microphone| format!(":{microphone}"));
            tell(&["-i", &format!("{}{}", device.id, heard.unwrap_or_default())]);
        }
        System::DirectShow => {
            match chosen {
                Some((format, _)) if delivers != Delivers::Plain => {
                    tell(&["-vcodec", &format.name]);
                }
                Some((format, _)) => tell(&["-pixel_format", &format.name]),
                None => {}
            }
            // A colon ends a name.
            let heard = microphone.map(|name| format!(":audio={}", name.replace(':', "_")));
            tell(&["-rtbufsize", WINDOWS_BUFFER]);
            tell(&["-i", &format!("video={}{}", device.id, heard.unwrap_or_default())]);
        }
    }
    let owned = |words: Vec<String>| words.into_iter().map(OsString::from).collect();
    Plan {
        is_on_clock: sound.is_some(),
        inputs: [Some(video), sound].into_iter().flatten().map(owned).collect(),
        video: match delivers {
            Delivers::H264 => Video::Copied(Family::Mp4),
            Delivers::Jpegs | Delivers::Plain => Video::Encoded(wanted),
        },
        sound: if microphone.is_some() { Sound::Encoded } else { Sound::None },
        has_pictures: delivers == Delivers::Jpegs,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{dshow, v4l2};
    use super::*;

    fn device(id: &str, microphone: Option<&str>) -> Device {
        let (id, microphone) = (id.to_owned(), microphone.map(str::to_owned));
        Device { id, microphone, ..Device::default() }
    }

    fn camera() -> Camera {
        Camera {
            device: "0".to_owned(),
            size: None,
            frames_per_second: None,
            bitrate_kbps: None,
            sound: CameraSound::Default,
        }
    }

    fn all() -> Abilities {
        Abilities::with(&["libx264", "aac"], &["alsa", "v4l2"])
    }

    fn inputs(plan: &Plan) -> Vec<String> {
        let line = |words: &Vec<OsString>| {
            words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        plan.inputs.iter().map(line).collect()
    }

    #[test]
    fn a_usb_camera_on_linux_gives_jpegs_and_the_sound_of_its_own_microphone() {
        let formats = v4l2::formats(
            "[v4l2 @ 1] Compressed: mjpeg : Motion-JPEG : 1280x720 640x480\n\
             [v4l2 @ 1] Raw       : yuyv422 : YUYV 4:2:2 : 640x480\n",
        );
        let device = device("/dev/video0", Some("plughw:CARD=C,DEV=0"));
        let plan = of(System::V4l2, &camera(), (&device, &formats), true, &all());
        let expected = [
            "-f v4l2 -video_size 1280x720 -input_format mjpeg -ts abs -i /dev/video0",
            "-thread_queue_size 1024 -f alsa -i plughw:CARD=C,DEV=0",
        ];
        assert_eq!(inputs(&plan), expected);
        assert!(plan.has_pictures && plan.is_on_clock && plan.sound == Sound::Encoded);
        assert!(matches!(plan.video, Video::Encoded(Wanted { size: Some((1280, 720)), .. })));

        let silent = of(System::V4l2, &camera(), (&device, &formats), false, &all());
        assert_eq!(
            (silent.inputs.len(), silent.sound, silent.is_on_clock),
            (1, Sound::None, false)
        );
        let deaf = Abilities::with(&["libx264", "aac"], &["v4l2"]);
        let deaf = of(System::V4l2, &camera(), (&device, &formats), true, &deaf);
        assert_eq!((deaf.inputs.len(), deaf.sound), (1, Sound::None));
    }

    #[test]
    fn h264_is_copied() {
        let formats = v4l2::formats("[v4l2 @ 1] Compressed: h264 : H.264 : 1920x1080\n");
        let camera = Camera { frames_per_second: Some(15.0), ..camera() };
        let device = device("/dev/video2", None);
        let plan = of(System::V4l2, &camera, (&device, &formats), true, &all());
        assert_eq!(
            inputs(&plan),
            ["-f v4l2 -video_size 1920x1080 -framerate 15 -input_format h264 -i /dev/video2"],
        );
        assert_eq!((plan.video, plan.has_pictures), (Video::Copied(Family::Mp4), false));
    }

    #[test]
    fn a_camera_that_says_nothing_of_itself_is_asked_for_what_it_does_by_itself() {
        let plan = of(System::V4l2, &camera(), (&device("/dev/video0", None), &[]), true, &all());
        assert_eq!(inputs(&plan), ["-f v4l2 -i /dev/video0"]);
        assert!(matches!(plan.video, Video::Encoded(_)));
    }

    #[test]
    fn a_mac_is_asked_for_pictures_and_sound_at_once() {
        let device = device("1", Some("default"));
        let plan = of(System::AvFoundation, &camera(), (&device, &[]), true, &all());
        assert_eq!(inputs(&plan), ["-f avfoundation -framerate 30 -i 1:default"]);
        assert_eq!(plan.sound, Sound::Encoded);
        let camera = Camera { sound: CameraSound::None, ..camera() };
        let plan = of(System::AvFoundation, &camera, (&device, &[]), true, &all());
        assert_eq!(inputs(&plan), ["-f avfoundation -framerate 30 -i 1"]);
    }

    #[test]
    fn windows_is_asked_in_its_own_way() {
        let formats = dshow::formats(
            "[dshow @ 1]   vcodec=mjpeg  min s=1280x720 fps=5 max s=1280x720 fps=30\n",
        );
        let camera = Camera { sound: CameraSound::Device("Line: in".to_owned()), ..camera() };
        let device = device("@device_pnp_1", None);
        let plan = of(System::DirectShow, &camera, (&device, &formats), true, &all());
        assert_eq!(
            inputs(&plan),
            ["-f dshow -video_size 1280x720 -vcodec mjpeg -rtbufsize 128M -i \
              video=@device_pnp_1:audio=Line_ in"],
        );
        assert!(plan.has_pictures);
    }
}
