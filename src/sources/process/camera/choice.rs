//! Which camera is meant. Pure, but for what a path leads to.

use std::path::{Path, PathBuf};

use super::Device;

/// Why no camera is chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum NotFound {
    #[error("{wanted} is not plugged in; {}", there_are(.there))]
    Nothing { wanted: String, there: Vec<String> },
    #[error("more than one is called {wanted}: choose {}", .fitting.join(" or "))]
    Many { wanted: String, fitting: Vec<String> },
}

fn there_are(there: &[String]) -> String {
    match there {
        [] => "there is no camera at all".to_owned(),
        there => format!("there are {}", there.join(", ")),
    }
}

/// Chooses by number, path or name. A name may be a part of the whole, where only one has it.
/// `leads_to` follows a path, such as `/dev/v4l/by-id/…`.
pub(super) fn choose<'a>(
    wanted: &str,
    devices: &'a [Device],
    leads_to: impl Fn(&Path) -> Option<PathBuf>,
) -> Result<&'a Device, NotFound> {
    let nothing = || {
        let there = devices.iter().filter(|device| !device.is_side);
        let there = there.map(|device| device.name.clone()).collect();
        NotFound::Nothing { wanted: wanted.to_owned(), there }
    };
    if let Ok(number) = wanted.parse::<u32>() {
        return devices.iter().find(|device| device.number == number).ok_or_else(nothing);
    }
    if let Some(device) = devices.iter().find(|device| device.id == wanted) {
        return Ok(device);
    }
    if Path::new(wanted).is_absolute() {
        let end = leads_to(Path::new(wanted)).ok_or_else(nothing)?;
        return devices.iter().find(|d| Path::new(&d.id) == end).ok_or_else(nothing);
    }
    let small = wanted.to_lowercase();
    let named = |is_it: &dyn Fn(&str) -> bool| -> Vec<&Device> {
        devices.iter().filter(|device| is_it(&device.name.to_lowercase())).collect()
    };
    let mut fitting = named(&|name| name == small);
    if fitting.is_empty() {
        fitting = named(&|name| name.contains(&small));
        fitting.retain(|device| !device.is_side);
    }
    match fitting[..] {
        [] => Err(nothing()),
        [device] => Ok(device),
        _ => Err(NotFound::Many {
            wanted: wanted.to_owned(),
            fitting: fitting.iter().map(|device| device.name.clone()).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Vec<Device> {
        let device = |number: u32, name: &str, is_side| Device {
            number,
            id: format!("/dev/video{number}"),
            name: name.to_owned(),
            is_side,
            microphone: None,
        };
        vec![
            device(0, "HD Pro Webcam C920", false),
            device(1, "HD Pro Webcam C920 #1", true),
            device(2, "USB Camera (usb 1-2)", false),
            device(4, "USB Camera (usb 1-4)", false),
        ]
    }

    fn chosen(wanted: &str) -> Result<u32, NotFound> {
        let devices = devices();
        let leads_to = |path: &Path| {
            (path == Path::new("/dev/v4l/by-id/c920")).then(|| PathBuf::from("/dev/video0"))
        };
        choose(wanted, &devices, leads_to).map(|device| device.number)
    }

    #[test]
    fn a_camera_is_chosen_by_number_path_and_name() {
        assert_eq!(chosen("4"), Ok(4));
        assert_eq!(chosen("/dev/video2"), Ok(2));
        assert_eq!(chosen("/dev/v4l/by-id/c920"), Ok(0));
        assert_eq!(chosen("HD Pro Webcam C920"), Ok(0));
        assert_eq!(chosen("c920"), Ok(0));
        assert_eq!(chosen("usb camera (USB 1-4)"), Ok(4));
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        for absent in ["3", "/dev/video9", "Brio"] {
            let message = chosen(absent).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{absent} is not plugged in; ")), "{message}");
            assert!(message.contains("C920, USB Camera (usb 1-2)"), "{message}");
        }
        let none = choose("0", &[], |_| None).unwrap_err().to_string();
        assert_eq!(none, "0 is not plugged in; there is no camera at all");
    }

    #[test]
    fn two_that_fit_are_named() {
        let message = chosen("USB Camera").unwrap_err().to_string();
        assert!(message.ends_with("USB Camera (usb 1-2) or USB Camera (usb 1-4)"), "{message}");
    }
}
