//! What ffmpeg tells of the cameras of a Mac. Pure.

use super::Device;
use super::dshow::number_doubles;

/// Screens are in the same list.
const SCREEN: &str = "Capture screen";

/// Reads what it prints for `-list_devices`.
pub(super) fn devices(said: &str) -> Vec<Device> {
    let mut is_video = false;
    let mut found = Vec::new();
    for line in said.lines() {
        let Some((_, rest)) = line.split_once("] ") else { continue };
        if rest.starts_with("AVFoundation ") {
            is_video = rest.contains("video devices");
            continue;
        }
        let entry = rest.strip_prefix('[').and_then(|rest| rest.split_once("] "));
        let Some((number, name)) = entry.filter(|(_, name)| !name.starts_with(SCREEN)) else {
            continue;
        };
        if let (true, Ok(number)) = (is_video, number.parse()) {
            let (id, name) = (format!("{number}"), name.trim().to_owned());
            found.push(Device { number, id, name, is_side: false, microphone: None });
        }
    }
    // What the system takes by itself: a Mac's camera has no microphone of its own.
    found.iter_mut().for_each(|device| device.microphone = Some("default".to_owned()));
    number_doubles(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_read_and_screens_and_microphones_are_not() {
        let said = "[AVFoundation indev @ 0x7f8e0a004c80] AVFoundation video devices:\n\
                    [AVFoundation indev @ 0x7f8e0a004c80] [0] FaceTime HD Camera\n\
                    [AVFoundation indev @ 0x7f8e0a004c80] [1] USB Camera\n\
                    [AVFoundation indev @ 0x7f8e0a004c80] [2] USB Camera\n\
                    [AVFoundation indev @ 0x7f8e0a004c80] [3] Capture screen 0\n\
                    [AVFoundation indev @ 0x7f8e0a004c80] AVFoundation audio devices:\n\
                    [AVFoundation indev @ 0x7f8e0a004c80] [0] MacBook Pro Microphone\n\
                    : Input/output error\n";
        let found = devices(said);
        let names: Vec<_> = found.iter().map(|d| (&*d.id, &*d.name)).collect();
        let expected = [("0", "FaceTime HD Camera"), ("1", "USB Camera"), ("2", "USB Camera (2)")];
        assert_eq!(names, expected);
        assert_eq!(devices(""), []);
    }
}
