//! The cameras that Linux knows.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Device;

/// A node of a camera, as it stands in sysfs.
struct Node {
    number: u32,
    /// Which of the camera's nodes it is.
    index: u32,
    name: String,
    /// What it belongs to.
    device: PathBuf,
}

/// The nodes below `sys`, by their numbers, each with a name that no other has. A name stays what
/// it is for as long as the camera stays in its socket, whatever else is plugged in or out, but
/// for the second camera of the same name.
pub(super) fn devices(sys: &Path, dev: &Path) -> Vec<Device> {
    let mut nodes = nodes(sys);
    nodes.sort_by_key(|node| node.number);
    let microphones = microphones(sys);
    let mut cameras_named: HashMap<&str, Vec<&Path>> = HashMap::new();
    for node in &nodes {
        let named = cameras_named.entry(&node.name).or_default();
        if !named.contains(&node.device.as_path()) {
            named.push(&node.device);
        }
    }
    let device = |node: &Node| {
        let socket = socket(&node.device);
        let mut name = node.name.clone();
        if cameras_named.get(node.name.as_str()).is_some_and(|named| named.len() > 1) {
            let end = node.device.file_name().unwrap_or_default().to_string_lossy();
            name = format!("{name} ({})", socket.as_deref().unwrap_or(&end));
        }
        if node.index > 0 {
            name = format!("{name} #{}", node.index);
        }
        Device {
            number: node.number,
            id: dev.join(format!("video{}", node.number)).to_string_lossy().into_owned(),
            name,
            is_side: node.index > 0,
            microphone: socket.and_then(|socket| microphones.get(&socket).cloned()),
        }
    };
    nodes.iter().map(device).collect()
}

fn nodes(sys: &Path) -> Vec<Node> {
    let entries = fs::read_dir(sys.join("class/video4linux")).into_iter().flatten().flatten();
    let node = |folder: PathBuf| {
        let number = folder.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()?;
        let name = text(&folder.join("name")).unwrap_or_else(|| format!("camera {number}"));
        let index = text(&folder.join("index")).and_then(|index| index.parse().ok());
        let device = folder.join("device").canonicalize().unwrap_or_else(|_| folder.clone());
        Some(Node { number, index: index.unwrap_or(0), name, device })
    };
    entries.filter_map(|entry| node(entry.path())).collect()
}

/// Of the sound cards that listen, how ffmpeg opens them, by the USB sockets they are in: a
/// camera's own microphone is in its socket. `plughw` converts to what is asked for.
fn microphones(sys: &Path) -> HashMap<String, String> {
    let entries = fs::read_dir(sys.join("class/sound")).into_iter().flatten().flatten();
    let microphone = |folder: PathBuf| {
        let card = folder.file_name()?.to_str()?.strip_prefix("card")?.to_owned();
        let socket = socket(&folder.join("device").canonicalize().ok()?)?;
        let prefix = format!("pcmC{card}D");
        let hears = fs::read_dir(&folder).ok()?.flatten().find_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_prefix(&prefix)?.strip_suffix('c')?.to_owned())
        })?;
        let id = text(&folder.join("id")).unwrap_or(card);
        Some((socket, format!("plughw:CARD={id},DEV={hears}")))
    };
    entries.filter_map(|entry| microphone(entry.path())).collect()
}

/// The USB socket that a device is in, such as `usb 1-2.4`.
fn socket(device: &Path) -> Option<String> {
    let parts = device.components().rev().filter_map(|part| part.as_os_str().to_str());
    let is_socket = |part: &&str| {
        part.split_once('-').is_some_and(|(bus, port)| {
            let is_number =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            is_number(bus) && port.split('.').all(is_number)
        })
    };
    parts.into_iter().find(is_socket).map(|socket| format!("usb {socket}"))
}

fn text(path: &Path) -> Option<String> {
    // Sysfs gives a page at most.
    let text = fs::read_to_string(path).ok()?;
    let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    struct Sys(tempfile::TempDir);

    impl Sys {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        /// A node of a camera that hangs at `at`.
        fn node(&self, number: u32, index: u32, name: &str, at: &str) -> &Self {
            let folder = self.folder(&format!("class/video4linux/video{number}"), at);
            fs::write(folder.join("name"), format!("{name}\n")).unwrap();
            fs::write(folder.join("index"), format!("{index}\n")).unwrap();
            self
        }

        fn card(&self, number: u32, id: &str, pcm: &str, at: &str) -> &Self {
            let folder = self.folder(&format!("class/sound/card{number}"), at);
            fs::write(folder.join("id"), format!("{id}\n")).unwrap();
            fs::create_dir(folder.join(pcm)).unwrap();
            self
        }

        fn folder(&self, class: &str, at: &str) -> PathBuf {
            let (folder, device) = (self.0.path().join(class), self.0.path().join(at));
            fs::create_dir_all(&folder).unwrap();
            fs::create_dir_all(&device).unwrap();
            symlink(device, folder.join("device")).unwrap();
            folder
        }

        fn devices(&self) -> Vec<Device> {
            devices(self.0.path(), Path::new("/dev"))
        }

        fn names(&self) -> Vec<String> {
            self.devices().into_iter().map(|device| device.name).collect()
        }
    }

    #[test]
    fn a_camera_has_its_name_its_path_and_its_microphone() {
        let sys = Sys::new();
        sys.node(1, 1, "USB Camera", "devices/usb1/1-2/1-2:1.0")
            .node(0, 0, "USB Camera", "devices/usb1/1-2/1-2:1.0")
            .card(0, "PCH", "pcmC0D0c", "devices/pci0")
            .card(2, "Speaker", "pcmC2D0p", "devices/usb1/1-3/1-3:1.0")
            .card(1, "Camera", "pcmC1D0c", "devices/usb1/1-2/1-2:1.2");
        let devices = sys.devices();
        let first = Device {
            number: 0,
            id: "/dev/video0".to_owned(),
            name: "USB Camera".to_owned(),
            is_side: false,
            microphone: Some("plughw:CARD=Camera,DEV=0".to_owned()),
        };
        assert_eq!(devices[0], first);
        assert!(devices[1].is_side && devices[1].name == "USB Camera #1");
    }

    #[test]
    fn two_of_the_same_name_are_told_apart_by_their_sockets() {
        let sys = Sys::new();
        sys.node(0, 0, "USB Camera", "devices/usb1/1-2/1-2:1.0");
        assert_eq!(sys.names(), ["USB Camera"]);
        sys.node(2, 0, "USB Camera", "devices/usb1/1-4.1/1-4.1:1.0").node(
            10,
            0,
            "Ribbon",
            "devices/platform/soc",
        );
        assert_eq!(sys.names(), ["USB Camera (usb 1-2)", "USB Camera (usb 1-4.1)", "Ribbon"],);
    }

    #[test]
    fn without_any_the_list_is_empty() {
        assert_eq!(Sys::new().devices(), []);
    }
}
