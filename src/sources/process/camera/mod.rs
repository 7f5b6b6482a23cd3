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

pub(super) use choice::NotFound;
use choice::choose;
use format::Format;
pub(super) use plan::plan;

use super::AttachedCamera;
use crate::ffmpeg::{Ffmpeg, Words};

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
        Err(NotFound::Nothing { .. }) if System::HERE == System::V4l2 && is_node(device) => {
            Device { id: device.to_owned(), name: device.to_owned(), ..Device::default() }
        }
        Err(error) => return Err(error),
    };
    let formats = formats(ffmpeg, &device).await.0;
    Ok((device, formats))
}

fn is_node(device: &str) -> bool {
    PathBuf::from(device).is_absolute() && Path::new(device).exists()
}

async fn devices(ffmpeg: &Ffmpeg) -> Vec<Device> {
    let complaints = |answer: std::io::Result<crate::ffmpeg::Answer>| {
        // It ends with an error after its list, always.
        answer.map(|answer| answer.complaints).unwrap_or_default()
    };
    match System::HERE {
        System::V4l2 => sysfs::devices(Path::new("/sys"), Path::new("/dev")),
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
