//! What ffmpeg tells of the cameras of Windows. Pure.

use super::Device;
use super::format::{Delivers, Format, Size};

/// Reads what it prints for `-list_devices`, in the older and the newer way.
pub(super) fn devices(said: &str) -> Vec<Device> {
    let (mut cameras, mut microphones) = (Vec::<Device>::new(), Vec::new());
    // The older way says it in a heading, the newer behind each name.
    let mut heading_is_video = true;
    let mut last_is_video = false;
    for line in said.lines() {
        let Some((_, rest)) = line.split_once("] ") else { continue };
        let rest = rest.trim();
        if rest.starts_with("DirectShow ") {
            heading_is_video = rest.contains("video devices");
            continue;
        }
        if let Some(id) = rest.strip_prefix("Alternative name ") {
            // It is there also where two have the same name, and holds no colon.
            if let (true, Some(last)) = (last_is_video, cameras.last_mut()) {
                last.id = id.trim_matches('"').to_owned();
            }
            continue;
        }
        let Some((name, kind)) = rest.strip_prefix('"').and_then(|rest| rest.rsplit_once('"'))
        else {
            continue;
        };
        last_is_video = match kind.trim() {
            "(video)" => true,
            "(audio)" | "(none)" => false,
            _ => heading_is_video,
        };
        if last_is_video {
            let number = u32::try_from(cameras.len()).unwrap_or(u32::MAX);
            let (id, name) = (name.to_owned(), name.to_owned());
            cameras.push(Device { number, id, name, is_side: false, microphone: None });
        } else if kind.trim() != "(none)" {
            microphones.push(name.to_owned());
        }
    }
    for camera in &mut cameras {
        // Windows names a camera's microphone after the camera.
        let own = microphones.iter().find(|microphone| microphone.contains(&camera.name));
        camera.microphone = own.or(microphones.first()).cloned();
    }
    number_doubles(&mut cameras);
    cameras
}

/// Gives the second of a name a number, and the third.
pub(super) fn number_doubles(devices: &mut [Device]) {
    for at in 1..devices.len() {
        let (before, rest) = devices.split_at_mut(at);
        let Some(this) = rest.first_mut() else { return };
        let taken = |name: &str| before.iter().any(|device| device.name == name);
        let name = this.name.clone();
        let mut count = 2;
        while taken(&this.name) {
            this.name = format!("{name} ({count})");
            count += 1;
        }
    }
}

/// Reads what it prints for `-list_options`.
pub(super) fn formats(said: &str) -> Vec<Format> {
    let mut formats: Vec<Format> = Vec::new();
    for line in said.lines() {
        let Some((name, size)) = option(line) else { continue };
        match formats.iter_mut().find(|format| format.name == name) {
            Some(format) if format.sizes.contains(&size) => {}
            Some(format) => format.sizes.push(size),
            None => formats.push(Format {
                delivers: Delivers::of(name),
                name: name.to_owned(),
                sizes: vec![size],
            }),
        }
    }
    formats
}

/// Such as `[dshow @ 1]   vcodec=mjpeg  min s=640x480 fps=5 max s=640x480 fps=30`.
fn option(line: &str) -> Option<(&str, Size)> {
    let mut words = line.split_once("] ")?.1.split_whitespace();
    let kind = words.next()?;
    let name = kind.strip_prefix("vcodec=").or_else(|| kind.strip_prefix("pixel_format="))?;
    let mut sizes = words.clone().filter_map(|word| {
        let (width, height) = word.strip_prefix("s=")?.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    });
    let (from, to) = (sizes.next()?, sizes.next()?);
    let rates = words.filter_map(|word| word.strip_prefix("fps=")?.parse().ok());
    Some((name, Size { from, to, frames_per_second: rates.reduce(f64::max) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_list_is_read() {
        let said = "[dshow @ 000001e0] \"Integrated Camera\" (video)\n\
            [dshow @ 000001e0]   Alternative name \"@device_pnp_\\\\?\\usb#vid_04f2&pid_b6be\"\n\
            [dshow @ 000001e0] \"HD Webcam C270\" (video)\n\
            [dshow @ 000001e0]   Alternative name \"@device_pnp_\\\\?\\usb#vid_046d&pid_0825\"\n\
            [dshow @ 000001e0] \"Virtual\" (none)\n\
            [dshow @ 000001e0] \"Microphone Array (Realtek)\" (audio)\n\
            [dshow @ 000001e0]   Alternative name \"@device_cm_{33D9A762}\\wave_{1}\"\n\
            [dshow @ 000001e0] \"Microphone (HD Webcam C270)\" (audio)\n\
            dummy: Immediate exit requested\n";
        let found = devices(said);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].id, "@device_pnp_\\\\?\\usb#vid_04f2&pid_b6be");
        assert_eq!(found[0].microphone.as_deref(), Some("Microphone Array (Realtek)"));
        assert_eq!((found[1].number, &*found[1].name), (1, "HD Webcam C270"));
        assert_eq!(found[1].microphone.as_deref(), Some("Microphone (HD Webcam C270)"));
    }

    #[test]
    fn the_older_list_is_read() {
        let said = "[dshow @ 02a] DirectShow video devices (some may be both video and audio \
                    devices)\n[dshow @ 02a]  \"USB Camera\"\n\
                    [dshow @ 02a]     Alternative name \"@device_pnp_1\"\n\
                    [dshow @ 02a]  \"USB Camera\"\n\
                    [dshow @ 02a]     Alternative name \"@device_pnp_2\"\n\
                    [dshow @ 02a] DirectShow audio devices\n\
                    [dshow @ 02a]  \"Microphone\"\n";
        let found = devices(said);
        let names: Vec<_> = found.iter().map(|d| (&*d.id, &*d.name)).collect();
        assert_eq!(names, [("@device_pnp_1", "USB Camera"), ("@device_pnp_2", "USB Camera (2)")]);
    }

    #[test]
    fn what_a_camera_has_is_read() {
        let said = "[dshow @ 1] DirectShow video device options (from video devices)\n\
                    [dshow @ 1]  Pin \"Capture\" (alternative pin name \"0\")\n\
                    [dshow @ 1]   pixel_format=yuyv422  min s=640x480 fps=5 max s=640x480 fps=30\n\
                    [dshow @ 1]   pixel_format=yuyv422  min s=640x480 fps=5 max s=640x480 fps=30 \
                    (tv, bt470bg/bt709/unknown, topleft)\n\
                    [dshow @ 1]   vcodec=mjpeg  min s=1280x720 fps=5 max s=1280x720 fps=29.97\n";
        let lines: Vec<_> = formats(said).iter().flat_map(Format::lines).collect();
        assert_eq!(lines, ["yuyv422 640x480 30", "mjpeg 1280x720 30"]);
    }
}
