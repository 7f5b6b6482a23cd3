//! What ffmpeg says of itself, kept for the sentence that tells why it ended.

use std::collections::VecDeque;

/// The reason stands in the last lines.
const MAX_LINES: usize = 12;

/// Of a line, so much is for people.
const MAX_LINE_BYTES: usize = 300;

/// In place of what nobody may see.
const HIDDEN: &str = "…";

/// What is no reason by itself.
const EMPTY_WORDS: [&str; 6] = [
    "Conversion failed!",
    "Last message repeated",
    "Error closing file",
    "Error writing trailer",
    "Immediate exit requested",
    "Exiting normally",
];

/// The last lines that ffmpeg wrote.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// What must not be repeated.
    secrets: Vec<String>,
    lines: VecDeque<String>,
    /// A line whose end has not come.
    begun: Vec<u8>,
}

impl Words {
    /// Keeps words in which none of these occurs.
    pub(crate) fn without(secrets: impl IntoIterator<Item = String>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        Self { secrets, ..Self::default() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' | b'\r' => self.end_line(),
                // What is longer than a person reads is cut after it was cleaned.
                _ if self.begun.len() < 4 * MAX_LINE_BYTES => self.begun.push(byte),
                _ => {}
            }
        }
    }

    /// Nothing more comes.
    pub(crate) fn end(&mut self) {
        self.end_line();
    }

    /// Whether any line holds this.
    pub(crate) fn mention(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    /// The last line that says something.
    pub(crate) fn reason(&self) -> Option<&str> {
        let is_empty = |line: &str| EMPTY_WORDS.iter().any(|empty| line.contains(empty));
        self.lines.iter().rev().map(String::as_str).find(|line| !is_empty(line))
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.begun);
        let line = String::from_utf8_lossy(&line);
        let line = plain(line.trim(), &self.secrets);
        if line.is_empty() {
            return;
        }
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

/// Without the part of ffmpeg that says it, and without secrets.
fn plain(line: &str, secrets: &[String]) -> String {
    let said = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((part, said)) if part.contains(" @ ") => said.trim_start(),
        _ => line,
    };
    // What the script on the standard input is called means nothing to a person.
    let said = said.strip_prefix("pipe:0: ").unwrap_or(said);
    let mut said = without_logins(said);
    for secret in secrets {
        said = said.replace(secret.as_str(), HIDDEN);
    }
    let printable = said.chars().filter(|c| !c.is_control());
    let mut bytes = 0;
    printable
        .take_while(|c| {
            bytes += c.len_utf8();
            bytes <= MAX_LINE_BYTES
        })
        .collect()
}

/// Addresses lose what stands in front of their `@`.
fn without_logins(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str("://");
        // A password with a slash in it is one, too.
        let ends = part.find([' ', '\'', '"']).unwrap_or(part.len());
        match part[..ends].rfind('@') {
            Some(at) => clean.push_str(&part[at + 1..]),
            None => clean.push_str(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, secrets: &[&str]) -> Words {
        let mut words = Words::without(secrets.iter().map(|&secret| secret.to_owned()));
        // However it arrives.
        text.as_bytes().chunks(7).for_each(|piece| words.push(piece));
        words.end();
        words
    }

    #[test]
    fn the_reason_is_the_last_line_that_says_something() {
        let words = said(
            "[mjpeg @ 0x55d0] overread 8\n[video4linux2,v4l2 @ 0x55d0a4f1a6c0] \
             ioctl(VIDIOC_DQBUF): No such device\n/dev/video0: No such device\n    Last message \
             repeated 2 times\nConversion failed!\n",
            &[],
        );
        assert_eq!(words.reason(), Some("/dev/video0: No such device"));
        assert!(words.mention("VIDIOC_DQBUF"));
        assert_eq!(said("", &[]).reason(), None);
    }

    #[test]
    fn no_secret_is_repeated() {
        let words = said(
            "[concat @ 0x56] Impossible to open 'rtsp://viewer:s3%20cret@10.0.0.2:554/t'\n\
             pipe:0: Server returned 401 for s3 cret, rtsp://a:b/c@10.0.0.2 (s3%20cret)",
            &["s3 cret", "s3%20cret", ""],
        );
        assert_eq!(words.reason(), Some("Server returned 401 for …, rtsp://10.0.0.2 (…)"));
        assert!(words.mention("'rtsp://10.0.0.2:554/t'"));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let words = said(&format!("{}\n", "ä".repeat(9999)).repeat(99), &[]);
        assert_eq!(words.lines.len(), MAX_LINES);
        assert!(words.lines.iter().all(|line| line.len() <= MAX_LINE_BYTES));
        let endless = said(&"x".repeat(1 << 20), &[]);
        assert_eq!(endless.reason().map(str::len), Some(MAX_LINE_BYTES));
    }
}
