//! What this ffmpeg was built with.

use std::collections::BTreeSet;

/// What this ffmpeg was built with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Abilities {
    encoders: BTreeSet<String>,
    /// Kinds of devices that it reads from.
    devices: BTreeSet<String>,
}

impl Abilities {
    /// From what it prints for `-encoders` and `-devices`.
    pub(super) fn of(encoders: &str, devices: &str) -> Self {
        // A table of flags and names follows a line of hyphens.
        let entries = |text: &str| -> Vec<(String, String)> {
            let rows = text.lines().skip_while(|line| !line.trim_start().starts_with("--"));
            let rows = rows.skip(1).map(|row| {
                let mut words = row.split_whitespace();
                (words.next().unwrap_or_default(), words.next().unwrap_or_default())
            });
            rows.map(|(flags, name)| (flags.to_owned(), name.to_owned())).collect()
        };
        let reads = entries(devices).into_iter().filter(|(flags, _)| flags.contains('D'));
        Self {
            encoders: entries(encoders).into_iter().map(|(_, name)| name).collect(),
            devices: reads
                .flat_map(|(_, names)| names.split(',').map(str::to_owned).collect::<Vec<_>>())
                .collect(),
        }
    }

    pub(crate) fn encodes(&self, encoder: &str) -> bool {
        self.encoders.contains(encoder)
    }

    pub(crate) fn reads(&self, device: &str) -> bool {
        self.devices.contains(device)
    }

    /// One with these encoders and devices.
    #[cfg(test)]
    pub(crate) fn with(encoders: &[&str], devices: &[&str]) -> Self {
        let all = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self { encoders: all(encoders), devices: all(devices) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_and_devices_are_read_from_the_tables() {
        let encoders = "Encoders:\n V..... = Video\n A..... = Audio\n ------\n \
                        V....D libx264              libx264 H.264 (codec h264)\n \
                        A....D aac                  AAC (Advanced Audio Coding)\n";
        let devices = "Devices:\n D. = Demuxing supported\n .E = Muxing supported\n --\n \
                       DE alsa            ALSA audio output\n  \
                        E caca            caca output device\n \
                       DE video4linux2,v4l2 Video4Linux2 output device\n";
        let abilities = Abilities::of(encoders, devices);
        assert_eq!(
            abilities,
            Abilities::with(&["libx264", "aac"], &["alsa", "video4linux2", "v4l2"])
        );
        assert!(!abilities.encodes("=") && !abilities.reads("caca"));
        // As newer ones write it: another column, for what is a device.
        let devices = "Devices:\n D.. = Demuxing supported\n ---\n D d alsa  ALSA\n";
        assert!(!Abilities::of("", devices).reads("ALSA"));
    }
}
