//! What a browser recorded, again and again: each time is a generation of its own.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;

use super::Reached;

/// A capture, and how long one round of it takes.
#[derive(Debug)]
pub(crate) struct Captured {
    bytes: Bytes,
    mime: String,
    duration_ms: u64,
}

impl Captured {
    /// `path` is a capture's `.bin`, beside its `.json`, or any other WebM or fragmented MP4.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(path: &Path, kbps: u64) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        ensure!(!bytes.is_empty(), "{} is empty", path.display());
        let mime = std::fs::read(path.with_extension("json"))
            .ok()
            .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
            .and_then(|description| Some(description["mime_type"].as_str()?.to_owned()));
        Ok(Self::new(bytes.into(), mime.unwrap_or_default(), kbps))
    }

    fn new(bytes: Bytes, mime: String, kbps: u64) -> Self {
        let duration_ms = (bytes.len() as u64 * 8 / kbps.max(1)).max(1);
        Self { bytes, mime, duration_ms }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(super) fn mime(&self) -> &str {
        &self.mime
    }

    pub(crate) fn reached(&self, media_ms: u64) -> Reached {
        let generation = (media_ms / self.duration_ms) as u32;
        let within_ms = media_ms % self.duration_ms;
        Reached { generation, bytes: self.bytes.len() as u64 * within_ms / self.duration_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_is_the_next_generation() {
        let captured = Captured::new(vec![0; 1000].into(), String::new(), 8);
        assert_eq!(captured.reached(0), Reached { generation: 0, bytes: 0 });
        assert_eq!(captured.reached(999), Reached { generation: 0, bytes: 999 });
        assert_eq!(captured.reached(2500), Reached { generation: 2, bytes: 500 });
    }
}
