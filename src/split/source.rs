//! What is read: files that follow one another as if they were one, or a pipe.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};

use super::appending::aligned;
use super::names;
use crate::config::Input;
use crate::interruption::Interruption;

/// Buffers that are used again: more than one file's samples between two writes lie in.
const MAX_BUFFERS: usize = 48;

/// What the first bytes of a piece are looked at for.
const SIGNATURE_BYTES: usize = 8;

/// The inputs in the order in which they are read. What came first stays so where it alone has a
/// header: then it is no pattern's order, but somebody's.
pub(super) fn in_order(inputs: &[Input]) -> Vec<Input> {
    let ordered = names::in_order(inputs);
    let begins = |inputs: &[Input]| inputs.first().is_some_and(has_header);
    if begins(inputs) && !begins(&ordered) { inputs.to_vec() } else { ordered }
}

fn has_header(input: &Input) -> bool {
    let Input::Path(path) = input else { return false };
    let mut head = [0; SIGNATURE_BYTES];
    // A pipe must not be read to look, and what cannot be read is said where it is opened.
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    is_file
        && File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok()
        && begins_recording(&head)
}

/// Whether a recording begins with these bytes.
fn begins_recording(head: &[u8]) -> bool {
    let is_mp4 = head.starts_with(&[0, 0]) && head.ends_with(b"ftyp");
    is_mp4 || head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3])
}

#[derive(Debug)]
pub(super) struct Source {
    pieces: Vec<Piece>,
    /// A pipe has one piece, of which nobody knows how long it is.
    is_pipe: bool,
    buffers: Buffers,
}

#[derive(Debug)]
struct Piece {
    file: File,
    name: String,
    /// Where it begins among all of them, and where it ends.
    from: u64,
    to: u64,
}

impl Source {
    pub(super) fn open(inputs: &[Input]) -> Result<Self> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut is_pipe = false;
        for input in inputs {
            let (file, name) = match input {
                Input::Stdin => (stdin()?, "standard input".to_owned()),
                Input::Path(path) => (open(path)?, path.display().to_string()),
            };
            let metadata = file.metadata().with_context(|| format!("cannot read {name}"))?;
            if metadata.is_dir() {
                bail!("{name} is a folder; name the recordings in it");
            }
            is_pipe |= !metadata.is_file();
            let from = pieces.last().map_or(0, |piece| piece.to);
            pieces.push(Piece { file, name, from, to: from + metadata.len() });
        }
        if is_pipe && pieces.len() > 1 {
            bail!("a pipe is a whole recording: it cannot be read as one with other files");
        }
        if !is_pipe && pieces.iter().all(|piece| piece.from == piece.to) {
            bail!("{} is empty, so there is nothing to split", pieces[0].name);
        }
        Ok(Self { pieces, is_pipe, buffers: Buffers::default() })
    }

    /// How much there is, where that is known.
    pub(super) fn total(&self) -> Option<u64> {
        let end = self.pieces.last().map_or(0, |piece| piece.to);
        (!self.is_pipe).then_some(end)
    }

    /// The files that have become longer while they were read.
    pub(super) fn grown(&self) -> Result<Vec<&str>> {
        let mut grown = Vec::new();
        for Piece { file, name, from, to } in &self.pieces {
            let metadata = file.metadata().with_context(|| format!("cannot read {name}"))?;
            if metadata.len() > to - from {
                grown.push(&**name);
            }
        }
        Ok(grown)
    }

    /// The next bytes of a pipe; fewer at its end and where an interruption comes.
    pub(super) fn read_pipe(&mut self, max: usize, interruption: &Interruption) -> Result<Bytes> {
        let Some(piece) = self.pieces.first_mut() else { return Ok(Bytes::new()) };
        let mut buffer = self.buffers.take(max);
        let mut filled = 0;
        while filled < max {
            let waited = interruption.wait(&piece.file);
            if interruption.is_there() {
                break;
            }
            match waited.and_then(|()| piece.file.read(&mut buffer[filled..])) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot read {}", piece.name));
                }
            }
        }
        buffer.truncate(filled);
        Ok(self.buffers.lend(buffer))
    }

    /// Bytes of the files, fewer only at their end.
    pub(super) fn read_at(&mut self, at: u64, max: usize) -> Result<Bytes> {
        let mut buffer = self.buffers.take(max);
        let mut filled = 0;
        for piece in &self.pieces {
            let position = at + filled as u64;
            if filled == max || position < piece.from || position >= piece.to {
                continue;
            }
            let left = usize::try_from(piece.to - position).unwrap_or(usize::MAX);
            let wanted = (max - filled).min(left);
            let target = &mut buffer[filled..filled + wanted];
            let read = read_full(&piece.file, target, position - piece.from);
            let read = read.with_context(|| format!("cannot read {}", piece.name))?;
            if read < wanted {
                bail!("{} has become shorter while it was read", piece.name);
            }
            filled += read;
        }
        buffer.truncate(filled);
        Ok(self.buffers.lend(buffer))
    }

    /// Where recordings begin of which none goes on with the one in front of it: with the files
    /// that have a header of their own.
    pub(super) fn beginnings(&mut self) -> Result<Vec<u64>> {
        let starts: Vec<u64> = self.pieces.iter().map(|piece| piece.from).collect();
        let mut beginnings = vec![0];
        for &start in starts.iter().skip(1) {
            let head = self.read_at(start, SIGNATURE_BYTES)?;
            if begins_recording(&head) {
                beginnings.push(start);
            }
        }
        beginnings.dedup();
        Ok(beginnings)
    }

    /// The pieces in which so many bytes lie, where in each, and how many of them.
    pub(super) fn places(&self, at: u64, bytes: u64) -> impl Iterator<Item = (&str, u64, u64)> {
        let end = at.saturating_add(bytes);
        let last = self.pieces.len().saturating_sub(1);
        self.pieces.iter().enumerate().filter_map(move |(index, piece)| {
            // Of a pipe, and of what would come behind the end, there is one piece.
            let to = if index == last { u64::MAX } else { piece.to };
            let (first, end) = (at.max(piece.from), end.min(to));
            let is_here = first < end || bytes == 0 && (piece.from..to).contains(&at);
            is_here.then(|| (&*piece.name, first - piece.from, end.saturating_sub(first)))
        })
    }
}

fn read_full(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn open(path: &Path) -> Result<File> {
    let shown = path.display();
    File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!("there is no file {shown}"),
        _ => anyhow::anyhow!(error).context(format!("cannot open {shown}")),
    })
}

/// Standard input, which can be a file too.
fn stdin() -> Result<File> {
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    Ok(File::from(stdin.context("cannot read standard input")?))
}

/// Memory that is read into again when nothing of what it held is needed any more: fresh memory
/// costs more than reading does.
#[derive(Debug, Default)]
struct Buffers {
    lent: Vec<Bytes>,
}

impl Buffers {
    fn take(&mut self, len: usize) -> BytesMut {
        // The one that was filled last is still in a cache.
        let free = self.lent.iter().rposition(Bytes::is_unique);
        let free = free.and_then(|index| self.lent.remove(index).try_into_mut().ok());
        let mut buffer = free.unwrap_or_else(|| aligned(len));
        buffer.resize(len, 0);
        buffer
    }

    fn lend(&mut self, buffer: BytesMut) -> Bytes {
        let bytes = buffer.freeze();
        if self.lent.len() < MAX_BUFFERS {
            self.lent.push(bytes.clone());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_as_if_they_were_one() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b", "c"].map(|name| folder.path().join(name));
        std::fs::write(&paths[0], b"0123").unwrap();
        std::fs::write(&paths[1], b"").unwrap();
        std::fs::write(&paths[2], b"\0\0\0\x10ftypisom").unwrap();
        let inputs = paths.clone().map(Input::Path);
        let mut source = Source::open(&inputs).unwrap();
        assert_eq!(source.total(), Some(16));
        assert_eq!(source.read_at(2, 6).unwrap(), &b"23\0\0\0\x10"[..]);
        assert_eq!(source.read_at(12, 100).unwrap(), &b"isom"[..]);
        assert_eq!(source.beginnings().unwrap(), [0, 4]);
        let names: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
        let places = |at, bytes| source.places(at, bytes).collect::<Vec<_>>();
        assert_eq!(places(7, 0), [(names[2], 3, 0)]);
        assert_eq!(places(1, 6), [(names[0], 1, 3), (names[2], 0, 3)]);
        assert_eq!(places(7, 1000), [(names[2], 3, 1000)]);
        let empty = Source::open(&[Input::Path(paths[1].clone())]).unwrap_err().to_string();
        assert!(empty.contains("is empty"), "{empty}");
        let folder = Source::open(&[Input::Path(folder.path().into())]).unwrap_err().to_string();
        assert!(folder.contains("is a folder"), "{folder}");
    }

    #[test]
    fn buffers_are_used_again_when_nobody_needs_them() {
        let mut buffers = Buffers::default();
        let first = buffers.take(1000);
        let address = first.as_ptr();
        let lent = buffers.lend(first);
        assert_ne!(buffers.take(1000).as_ptr(), address);
        drop(lent);
        let again = buffers.take(500);
        assert_eq!((again.as_ptr(), again.len()), (address, 500));
    }
}
