//! `[[source]]` of the configuration file, and the same as it comes from a page: what the server
//! fetches by itself.

mod address;
mod entry;
mod files;
mod hours;
mod microphone;

use std::path::PathBuf;

pub(crate) use address::{Address, Login, Scheme};
pub(crate) use entry::{Writer, read};
pub(crate) use hours::Hours;

/// As long as a name in an address may be.
const MAX_NAME: usize = 64;

/// What a stream with the smaller picture of a camera is called, behind the camera's name.
const SMALL: &str = "-small";

/// Each has a connection, a journal and files of its own; more than this are another program's
/// work.
pub(crate) const MAX_SOURCES: usize = 64;

/// What a source is called in addresses, in files and by its stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("a name has 1 to {MAX_NAME} small letters, digits and hyphens"))
    }
}

/// A source as it is configured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: Name,
    /// For people.
    pub(crate) title: String,
    pub(crate) input: Input,
    pub(crate) record: bool,
    /// When it records, if it does.
    pub(crate) hours: Hours,
    pub(crate) is_paused: bool,
}

impl Spec {
    /// The name of the stream with its smaller picture, if it has one.
    pub(crate) fn small_name(&self) -> Option<Result<Name, String>> {
        let Input::Rtsp(Rtsp { small: Some(_), .. }) = &self.input else { return None };
        let name = format!("{}{SMALL}", self.name).parse();
        Some(name.map_err(|_: String| {
            let most = MAX_NAME - SMALL.len();
            format!("with a small_address it has at most {most} characters, since its smaller stream is NAME{SMALL}")
        }))
    }

    /// Whether another source has a stream of the same name.
    pub(crate) fn clashes_with(&self, other: &Self) -> bool {
        self.stream_names().any(|own| other.stream_names().any(|other| own == other))
    }

    /// The names of its streams.
    pub(crate) fn stream_names(&self) -> impl Iterator<Item = Name> + use<> {
        let small = self.small_name().and_then(Result::ok);
        std::iter::once(self.name.clone()).chain(small)
    }
}

/// The sources of the configuration file.
pub(super) fn checked(tables: Vec<toml::Table>) -> Result<Vec<Spec>, String> {
    if tables.len() > MAX_SOURCES {
        return Err(format!("source: more than {MAX_SOURCES} are not allowed"));
    }
    let mut all: Vec<Spec> = Vec::new();
    for (table, number) in tables.into_iter().zip(1..) {
        let name = table.get("name").and_then(toml::Value::as_str).map(entry::cut);
        let named = name.map(|name| format!(" (\"{name}\")")).unwrap_or_default();
        // What a table may hold and JSON may not, such as a date, becomes something that is refused.
        let members = serde_json::to_value(table).ok().and_then(|value| match value {
            serde_json::Value::Object(members) => Some(members),
            _ => None,
        });
        let spec = read(members.unwrap_or_default(), Writer::File);
        let spec = spec.map_err(|error| format!("source, number {number}{named}: {error}"))?;
        if let Some(other) = all.iter().find(|other| other.clashes_with(&spec)) {
            return Err(format!(
                "source, number {number}{named}: name = \"{}\" is not allowed: a stream of the source \"{}\" has that name",
                spec.name, other.name
            ));
        }
        all.push(spec);
    }
    Ok(all)
}

/// Where the media comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    Rtsp(Rtsp),
    Camera(Camera),
    File(File),
    Pattern(Pattern),
}

/// A camera on the network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rtsp {
    pub(crate) address: Address,
    /// Of a smaller picture of the same camera.
    pub(crate) small: Option<Address>,
    pub(crate) login: Option<Login>,
    pub(crate) transport: Transport,
    pub(crate) has_sound: bool,
}

/// How the media travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Transport {
    #[default]
    Tcp,
    Udp,
}

/// A camera that is plugged into the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Camera {
    /// Its number, name or path.
    pub(crate) device: String,
    /// Width and height.
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) frames_per_second: Option<f64>,
    pub(crate) bitrate_kbps: Option<u32>,
    pub(crate) sound: CameraSound,
}

/// What is heard with a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CameraSound {
    None,
    /// What the system takes by itself.
    Default,
    /// A sound device by its name.
    Device(String),
}

/// A file, over and over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) has_sound: bool,
}

/// A picture that needs no camera.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    /// Width and height.
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) frames_per_second: Option<f64>,
    pub(crate) bitrate_kbps: Option<u32>,
    pub(crate) has_sound: bool,
}
