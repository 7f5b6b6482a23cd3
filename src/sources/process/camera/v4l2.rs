//! What ffmpeg tells of a camera on Linux. Pure.

use super::format::{Delivers, Format, Size};

/// What ffmpeg says of a node that delivers no pictures.
pub(super) const NO_CAMERA: &str = "Not a video capture device";

/// Reads what it prints for `-list_formats all`.
pub(super) fn formats(said: &str) -> Vec<Format> {
    said.lines().filter_map(format).collect()
}

/// Such as `[v4l2 @ 0x1] Compressed:       mjpeg :          Motion-JPEG : 640x480 320x240`.
fn format(line: &str) -> Option<Format> {
    let line = line.split_once("] ").map_or(line, |(_, rest)| rest);
    let (kind, rest) = line.split_once(':')?;
    if !matches!(kind.trim(), "Compressed" | "Raw") {
        return None;
    }
    let (name, rest) = rest.split_once(':')?;
    let name = name.trim();
    if name == "Unsupported" {
        return None;
    }
    // The description between may hold a colon, sizes never do.
    let sizes = rest.rsplit(':').next().unwrap_or_default();
    // A range is one word: {32-2592, 2}x{32-1944, 2}.
    let sizes = sizes.replace(", ", ",");
    let sizes: Vec<_> = sizes.split_whitespace().filter_map(size).collect();
    Some(Format { delivers: Delivers::of(name), name: name.to_owned(), sizes })
}

fn size(word: &str) -> Option<Size> {
    let (width, height) = word.split_once('x')?;
    let range = |word: &str| -> Option<(u32, u32)> {
        let Some(range) = word.strip_prefix('{') else {
            let exact = word.parse().ok()?;
            return Some((exact, exact));
        };
        let (from, rest) = range.split_once('-')?;
        let to = rest.split([',', '}']).next()?;
        Some((from.parse().ok()?, to.parse().ok()?))
    };
    let (width, height) = (range(width)?, range(height)?);
    Some(Size { from: (width.0, height.0), to: (width.1, height.1), frames_per_second: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_usb_camera_has_is_read() {
        let said = "[video4linux2,v4l2 @ 0x55d0a4f1a6c0] Compressed:       mjpeg :          \
                    Motion-JPEG : 1280x720 640x480\n\
                    [video4linux2,v4l2 @ 0x55d0a4f1a6c0] Raw       :     yuyv422 :           \
                    YUYV 4:2:2 : 640x480\n\
                    [video4linux2,v4l2 @ 0x55d0a4f1a6c0] Raw       : Unsupported :  \
                    Y8I : 640x480\n\
                    /dev/video0: Immediate exit requested\n";
        let found = formats(said);
        let lines: Vec<_> = found.iter().flat_map(Format::lines).collect();
        assert_eq!(lines, ["mjpeg 1280x720", "mjpeg 640x480", "yuyv422 640x480"]);
        assert_eq!(found[0].delivers, Delivers::Jpegs);
    }

    #[test]
    fn what_a_ribbon_camera_has_is_read() {
        let said = "[v4l2 @ 0x1] Compressed:        h264 :                H.264 : \
                    {32-2592, 2}x{32-1944, 2}\n";
        let found = formats(said);
        assert_eq!(found[0].delivers, Delivers::H264);
        assert_eq!((found[0].sizes[0].from, found[0].sizes[0].to), ((32, 32), (2592, 1944)));
    }

    #[test]
    fn what_is_no_camera_has_no_formats() {
        let said = "[video4linux2,v4l2 @ 0x5] Not a video capture device.\n/dev/video1: No such \
                    device\n";
        assert!(formats(said).is_empty() && said.contains(NO_CAMERA));
    }
}
