//! One source as somebody has written it: every value checked, with words for a wrong one.

use std::path::Path;

use serde_json::{Map, Value};

use super::{
    Address, Camera, CameraSound, File, Hours, Input, Login, Name, Pattern, Rtsp, Spec, Transport,
    files, microphone,
};
use crate::config::secret::{self, Secret};

/// Longer names fill a phone's screen.
const MAX_TITLE_CHARS: usize = 80;

/// Of a camera's name, a path, a user.
const MAX_TEXT_CHARS: usize = 1024;

/// A value that is repeated in a message is cut there.
const MAX_REPEATED_CHARS: usize = 80;

/// From a thumbnail to 8K.
const WIDTHS: std::ops::RangeInclusive<u32> = 16..=7680;
const HEIGHTS: std::ops::RangeInclusive<u32> = 16..=4320;

/// From a picture each two seconds to what the fastest USB cameras give. One that sends nothing for
/// ten seconds is taken for one that has stopped.
const FRAMES_PER_SECOND: std::ops::RangeInclusive<f64> = 0.5..=240.0;

/// From a thumbnail's to more than 4K needs.
const BITRATES_KBPS: std::ops::RangeInclusive<u64> = 50..=100_000;

/// Who has written a source.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Writer<'a> {
    /// A person, in the configuration file: `name` is the source's, `title` for people.
    File,
    /// A page, or what was kept of it: `source` is the source's, `name` for people. A password
    /// that it leaves out is that of the source before, if it goes to the same camera. Files are
    /// those below a folder.
    Page { before: Option<&'a Spec>, files: Option<&'a Path> },
}

impl Writer<'_> {
    fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::File => ("name", "title"),
            Self::Page { .. } => ("source", "name"),
        }
    }
}

/// Reads a source. The message begins with the member that is wrong.
pub(crate) fn read(members: Map<String, Value>, writer: Writer<'_>) -> Result<Spec, String> {
    let mut members = Members(members);
    let (name_key, title_key) = writer.keys();
    let name: Name = match members.text(name_key)? {
        Some(text) => text.parse().map_err(|why| not_allowed(name_key, &text.into(), why))?,
        None => {
            return Err(format!("{name_key} is missing: the word by which its stream is known"));
        }
    };
    let title = members.text(title_key)?;
    let title =
        title.map_or_else(|| Ok(name.as_str().to_owned()), |text| titled(title_key, text))?;
    let kind = members.text("kind")?.unwrap_or_default();
    let input = match kind.as_str() {
        "rtsp" => Input::Rtsp(rtsp(&mut members, writer)?),
        "camera" => Input::Camera(camera(&mut members)?),
        "file" => {
            let path = members.text("path")?.ok_or("path is missing: the file to be played")?;
            let path = match writer {
                Writer::File => path.into(),
                Writer::Page { files, .. } => files::below(files, &path)?,
            };
            Input::File(File { path, has_sound: members.flag("sound")?.unwrap_or(true) })
        }
        "pattern" => Input::Pattern(Pattern {
            size: members.size()?,
            frames_per_second: members.frames_per_second()?,
            bitrate_kbps: members.bitrate_kbps()?,
            has_sound: members.flag("sound")?.unwrap_or(true),
        }),
        kind => {
            let why = "it must be rtsp, camera, file or pattern";
            return Err(not_allowed("kind", &kind.into(), why));
        }
    };
    // Who is paused stays so while it is changed.
    let was_paused =
        matches!(writer, Writer::Page { before: Some(before), .. } if before.is_paused);
    let records = matches!(input, Input::Rtsp(_) | Input::Camera(_));
    let spec = Spec {
        name,
        title,
        input,
        record: members.flag("record")?.unwrap_or(records),
        hours: members.hours()?,
        is_paused: members.flag("paused")?.unwrap_or(was_paused),
    };
    if let Some(small) = spec.small_name() {
        small.map_err(|why| not_allowed(name_key, &spec.name.as_str().into(), why))?;
    }
    match members.left() {
        Some(key) => Err(format!(
            "{} is nothing that a source of this kind has; allowed are {name_key}, {title_key}, {}",
            cut(key),
            keys(&spec.input)
        )),
        None => Ok(spec),
    }
}

/// What a source of this kind has, beside its names.
fn keys(input: &Input) -> &'static str {
    match input {
        Input::Rtsp(_) => {
            "kind, address, small_address, user, password, transport, sound, record, hours, paused"
        }
        Input::Camera(_) => {
            "kind, device, size, frames_per_second, bitrate_kbps, sound, record, hours, paused"
        }
        Input::File(_) => "kind, path, sound, record, hours, paused",
        Input::Pattern(_) => {
            "kind, size, frames_per_second, bitrate_kbps, sound, record, hours, paused"
        }
    }
}

fn rtsp(members: &mut Members, writer: Writer<'_>) -> Result<Rtsp, String> {
    let before = match writer {
        Writer::Page { before: Some(Spec { input: Input::Rtsp(before), .. }), .. } => Some(before),
        Writer::File | Writer::Page { .. } => None,
    };
    let address = members.address("address", before.map(|before| &before.address))?;
    let address = address.ok_or("address is missing: where the camera is, rtsp://HOST/PATH")?;
    let small =
        members.address("small_address", before.and_then(|before| before.small.as_ref()))?;
    let user = members.text("user")?;
    let password = members.password(writer)?;
    let login = match (user, password) {
        (None, None) => None,
        (None, Some(_)) => return Err("password needs user".to_owned()),
        (Some(user), Some(password)) => Some(Login { user, password }),
        (Some(user), None) => {
            let kept = before.filter(|before| before.goes_where(&address, small.as_ref()));
            let kept = kept.and_then(|before| before.login.clone());
            let kept = kept.filter(|login| login.user == user);
            Some(kept.unwrap_or(Login { user, password: String::new().into() }))
        }
    };
    let transport = match members.text("transport")?.as_deref() {
        None | Some("tcp") => Transport::Tcp,
        Some("udp") => Transport::Udp,
        Some(other) => {
            return Err(not_allowed("transport", &other.into(), "it must be tcp or udp"));
        }
    };
    let has_sound = members.flag("sound")?.unwrap_or(true);
    Ok(Rtsp { address, small, login, transport, has_sound })
}

fn camera(members: &mut Members) -> Result<Camera, String> {
    let sound = match members.take("sound") {
        None | Some(Value::Bool(true)) => CameraSound::Default,
        Some(Value::Bool(false)) => CameraSound::None,
        Some(Value::String(name)) if microphone::is_allowed(&name) => {
            CameraSound::Device(line("sound", name)?)
        }
        Some(Value::String(name)) => {
            return Err(not_allowed("sound", &name.into(), microphone::ALLOWED));
        }
        Some(other) => {
            let why = "it must be true, false or the name of a sound device";
            return Err(not_allowed("sound", &other, why));
        }
    };
    Ok(Camera {
        device: members.text("device")?.unwrap_or_else(|| "0".to_owned()),
        size: members.size()?,
        frames_per_second: members.frames_per_second()?,
        bitrate_kbps: members.bitrate_kbps()?,
        sound,
    })
}

impl Rtsp {
    /// Whether these are addresses of the same cameras, to which a password may go that was not
    /// said again.
    fn goes_where(&self, address: &Address, small: Option<&Address>) -> bool {
        let own = [Some(&self.address), self.small.as_ref()];
        let is_known = |one: &Address| own.iter().flatten().any(|own| own.is_beside(one));
        is_known(address) && small.is_none_or(is_known)
    }
}

/// The members that have not been read. `null` is as good as nothing.
struct Members(Map<String, Value>);

impl Members {
    fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    fn left(&self) -> Option<&str> {
        self.0.iter().find(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str())
    }

    fn text(&mut self, key: &'static str) -> Result<Option<String>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => line(key, text).map(Some),
            Some(other) => Err(not_allowed(key, &other, "it must be a text")),
        }
    }

    fn flag(&mut self, key: &'static str) -> Result<Option<bool>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(not_allowed(key, &other, "it must be true or false")),
        }
    }

    fn size(&mut self) -> Result<Option<(u32, u32)>, String> {
        let Some(value) = self.take("size") else { return Ok(None) };
        let size = value.as_str().and_then(|text| text.split_once('x'));
        let size =
            size.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        let is_good =
            |(width, height): &(u32, u32)| WIDTHS.contains(width) && HEIGHTS.contains(height);
        size.filter(is_good).map(Some).ok_or_else(|| {
            not_allowed("size", &value, "it must be WIDTHxHEIGHT, from 16x16 to 7680x4320")
        })
    }

    fn frames_per_second(&mut self) -> Result<Option<f64>, String> {
        let key = "frames_per_second";
        let Some(value) = self.take(key) else { return Ok(None) };
        let rate = value.as_f64().filter(|rate| FRAMES_PER_SECOND.contains(rate));
        rate.map(Some).ok_or_else(|| not_allowed(key, &value, "it must be from 0.5 to 240"))
    }

    fn bitrate_kbps(&mut self) -> Result<Option<u32>, String> {
        let key = "bitrate_kbps";
        let Some(value) = self.take(key) else { return Ok(None) };
        let rate = value.as_u64().filter(|rate| BITRATES_KBPS.contains(rate));
        let rate = rate.and_then(|rate| u32::try_from(rate).ok());
        rate.map(Some).ok_or_else(|| not_allowed(key, &value, "it must be from 50 to 100000"))
    }

    fn hours(&mut self) -> Result<Hours, String> {
        let texts = match self.take("hours") {
            None => Vec::new(),
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(values)) => {
                let text = |value: Value| match value {
                    Value::String(text) => Ok(text),
                    other => Err(not_allowed("hours", &other, "it must be a list of texts")),
                };
                values.into_iter().map(text).collect::<Result<_, _>>()?
            }
            Some(other) => return Err(not_allowed("hours", &other, "it must be a list of texts")),
        };
        Hours::parse(&texts).map_err(|why| format!("hours: {why}"))
    }

    /// An address. The one before may come back as it was shown, without what is secret in it.
    fn address(
        &mut self,
        key: &'static str,
        before: Option<&Address>,
    ) -> Result<Option<Address>, String> {
        let text = match self.take(key) {
            None => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(format!("{key} must be a text")),
        };
        if let Some(before) = before.filter(|before| before.to_string() == text) {
            return Ok(Some(before.clone()));
        }
        let (address, login) = Address::parse(&text).map_err(|why| format!("{key}: {why}"))?;
        match login {
            Some(_) => Err(format!(
                "{key} must hold no user name and password; they stand under user and password"
            )),
            None => Ok(Some(address)),
        }
    }

    /// The message does not repeat it.
    fn password(&mut self, writer: Writer<'_>) -> Result<Option<Secret>, String> {
        let Some(value) = self.take("password") else { return Ok(None) };
        match (writer, value) {
            (_, Value::String(text)) => {
                match text.chars().count() > MAX_TEXT_CHARS || text.contains(char::is_control) {
                    true => Err(format!(
                        "password must be one line of at most {MAX_TEXT_CHARS} characters"
                    )),
                    false => Ok(Some(text.into())),
                }
            }
            (Writer::File, value) => {
                let source: Result<secret::Source, _> = serde_json::from_value(value);
                let fetched =
                    source.map_err(|error| error.to_string()).and_then(secret::Source::fetch);
                fetched.map(Some).map_err(|why| format!("password: {why}"))
            }
            // Where else the server could look for one is not a page's to say.
            (Writer::Page { .. }, _) => Err("password must be a text".to_owned()),
        }
    }
}

fn line(key: &str, text: String) -> Result<String, String> {
    let is_good = !text.trim().is_empty()
        && text.chars().count() <= MAX_TEXT_CHARS
        && !text.contains(char::is_control);
    match is_good {
        true => Ok(text),
        false => Err(format!("{key} must be one line of 1 to {MAX_TEXT_CHARS} characters")),
    }
}

fn titled(key: &str, text: String) -> Result<String, String> {
    match text.chars().count() <= MAX_TITLE_CHARS {
        true => Ok(text.trim().to_owned()),
        false => Err(format!("{key} must be a line of 1 to {MAX_TITLE_CHARS} characters")),
    }
}

fn not_allowed(key: &str, value: &Value, why: impl std::fmt::Display) -> String {
    format!("{key} = {} is not allowed: {why}", cut(&value.to_string()))
}

pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_REPEATED_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
