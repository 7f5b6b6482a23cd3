//! Cameras that are plugged into the server: which there are, which is meant, and how ffmpeg is
//! told to take it.

mod avfoundation;
mod choice;
mod dshow;
mod format;
mod plan;
mod sysfs;
mod v4l2;

use std::path::{Path, PathBuf};

use rustix::fs::FileType;

pub(super) use choice::NotFound;
use choice::choose;
use format::Format;
pub(super) use plan::plan;

use super::AttachedCamera;
use crate::ffmpeg::{Ffmpeg, Words};

/// The number of all of its devices, in Linux' list of them.
const VIDEO4LINUX: u32 = 81;

/// A camera that is plugged in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Device {
    /// Linux's own, elsewhere its place in the list.
    number: u32,
    /// By which ffmpeg opens it.
    id: String,
    /// No other has the same.
    name: String,
    /// Whether it is another face of a camera that is there already.
    is_side: bool,
    /// The microphone in it, as ffmpeg opens that.
    microphone: Option<String>,
}

impl Device {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Where cameras come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    V4l2,
    AvFoundation,
    DirectShow,
}

impl System {
    const HERE: Self = if cfg!(target_os = "macos") {
        Self::AvFoundation
    } else if cfg!(windows) {
        Self::DirectShow
    } else {
        Self::V4l2
    };

    /// What ffmpeg calls it.
    fn device(self) -> &'static str {
        match self {
            Self::V4l2 => "v4l2",
            Self::AvFoundation => "avfoundation",
            Self::DirectShow => "dshow",
        }
    }
}

/// The cameras, with what they deliver.
pub(super) async fn list(ffmpeg: &Ffmpeg) -> Vec<AttachedCamera> {
    let mut cameras = Vec::new();
    for device in devices(ffmpeg).await {
        let (formats, complaint) = formats(ffmpeg, &device).await;
        // A camera that somebody else uses, or that may not be asked, is one all the same.
        if formats.is_empty() && (device.is_side || complaint.mention(v4l2::NO_CAMERA)) {
            continue;
        }
        let formats = formats.iter().flat_map(Format::lines).collect();
        let Device { number, id, name, .. } = device;
        cameras.push(AttachedCamera { number, id, name, formats });
    }
    cameras
}

/// The camera that is meant, with what it delivers.
pub(super) async fn find(ffmpeg: &Ffmpeg, device: &str) -> Result<(Device, Vec<Format>), NotFound> {
    let devices = devices(ffmpeg).await;
    let device = match choose(device, &devices, |path| path.canonicalize().ok()) {
        Ok(device) => device.clone(),
        // Without sysfs, as in a container, its path is enough.
        Err(error @ NotFound::Nothing { .. }) if System::HERE == System::V4l2 => {
            let id = node(Path::new(device)).ok_or(error)?.to_string_lossy().into_owned();
            Device { id, name: device.to_owned(), ..Device::default() }
        }
        Err(error) => return Err(error),
    };
    let formats = formats(ffmpeg, &device).await.0;
    Ok((device, formats))
}

/// Where a path leads, if a camera is there. Opening anything else may have effects of its own.
fn node(device: &Path) -> Option<PathBuf> {
    let path = device.is_absolute().then(|| device.canonicalize().ok()).flatten()?;
    let found = rustix::fs::stat(&path).ok()?;
    let kind = FileType::from_raw_mode(found.st_mode);
    is_camera(kind, rustix::fs::major(found.st_rdev)).then_some(path)
}

fn is_camera(kind: FileType, major: u32) -> bool {
    kind == FileType::CharacterDevice && major == VIDEO4LINUX
}

/// The folder in which `sys` and `dev` lie: the root, but for tests, which have no camera.
fn root() -> PathBuf {
    std::env::var_os("LOCALCAMERA_DEVICES_ROOT").map_or_else(|| "/".into(), PathBuf::from)
}

async fn devices(ffmpeg: &Ffmpeg) -> Vec<Device> {
    let complaints = |answer: std::io::Result<crate::ffmpeg::Answer>| {
        // It ends with an error after its list, always.
        answer.map(|answer| answer.complaints).unwrap_or_default()
    };
    match System::HERE {
        System::V4l2 => sysfs::devices(&root().join("sys"), &root().join("dev")),
        System::AvFoundation => {
            let ask = ["-f", "avfoundation", "-list_devices", "true", "-i", ""];
            avfoundation::devices(&complaints(ffmpeg.ask(ask).await))
        }
        System::DirectShow => {
            let ask = ["-f", "dshow", "-list_devices", "true", "-i", "dummy"];
            dshow::devices(&complaints(ffmpeg.ask(ask).await))
        }
    }
}

/// What a camera delivers, as far as it says, and what ffmpeg says of it beside that.
async fn formats(ffmpeg: &Ffmpeg, device: &Device) -> (Vec<Format>, Words) {
    let video = format!("video={}", device.id);
    let ask = match System::HERE {
        System::V4l2 => ["-f", "v4l2", "-list_formats", "all", "-i", &device.id],
        System::DirectShow => ["-f", "dshow", "-list_options", "true", "-i", &video],
        // It tells no formats before it is opened.
        System::AvFoundation => return (Vec::new(), Words::default()),
    };
    let said = ffmpeg.ask(ask).await.map(|answer| answer.complaints).unwrap_or_default();
    let mut words = Words::default();
    words.push(said.as_bytes());
    words.end();
    let formats = match System::HERE {
        System::V4l2 => v4l2::formats(&said),
        System::DirectShow | System::AvFoundation => dshow::formats(&said),
    };
    (formats, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_camera_is_opened_as_one() {
        assert!(is_camera(FileType::CharacterDevice, VIDEO4LINUX));
        assert!(!is_camera(FileType::BlockDevice, VIDEO4LINUX));
        assert!(!is_camera(FileType::CharacterDevice, 10));
        let folder = tempfile::tempdir().unwrap();
        let (file, pipe) = (folder.path().join("video0"), folder.path().join("pipe"));
        std::fs::write(&file, "").unwrap();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        for other in [&*file, &*pipe, Path::new("/dev/null"), Path::new("null")] {
            assert_eq!(node(other), None, "{}", other.display());
        }
    }
}
