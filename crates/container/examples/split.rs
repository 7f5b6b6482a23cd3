//! Cuts a recording on the disk into files of a minute: `split FILE FOLDER`.
//!
//! The least that a program around the engine does: it reads, writes what the engine hands out, and
//! does what finishes a file. What is damaged is not told here, nor is anything synced.
#![allow(clippy::print_stdout, reason = "it says which files it has written")]

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::{Buf, Bytes, BytesMut};
use container::{Action, Demuxer, FinishStep, Muxer, NANOS_PER_SECOND, Segmenter};

const SEGMENT_NS: i64 = 60 * NANOS_PER_SECOND;

/// Little enough to be in a cache still when it is written.
const READ_BYTES: usize = 256 << 10;
const PAGE_BYTES: usize = 4096;
const WRITE_BYTES: usize = 1 << 20;

/// What systems take at once (IOV_MAX).
const MAX_SLICES: usize = 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: split FILE FOLDER".into());
    };
    let mut input = File::open(input)?;
    let (mut demuxer, mut segmenter) = (Demuxer::new(), Segmenter::patient(SEGMENT_NS));
    let mut open = None;
    let mut lent = Vec::new();
    while let Some(bytes) = read(&mut input, &mut lent)? {
        demuxer.push(bytes);
        while let Some(event) = demuxer.poll()? {
            segmenter.push(event);
            apply(&mut segmenter, &mut open, &folder)?;
        }
    }
    segmenter.finish();
    apply(&mut segmenter, &mut open, &folder)
}

/// The next bytes, in memory of which everything has been written, if there is any.
fn read(input: &mut File, lent: &mut Vec<Bytes>) -> io::Result<Option<Bytes>> {
    let free = lent.iter().position(Bytes::is_unique).map(|index| lent.swap_remove(index));
    let free = free.and_then(|bytes| bytes.try_into_mut().ok());
    let mut buffer = free.unwrap_or_else(aligned);
    let read = input.read(&mut buffer)?;
    let buffer = buffer.freeze();
    let bytes = (read > 0).then(|| buffer.slice(..read));
    lent.push(buffer);
    Ok(bytes)
}

/// Memory that begins with a page. Some processors take half as long again to copy to anywhere else.
fn aligned() -> BytesMut {
    let mut buffer = BytesMut::zeroed(READ_BYTES + PAGE_BYTES);
    buffer.advance(buffer.as_ptr().align_offset(PAGE_BYTES));
    buffer.truncate(READ_BYTES);
    buffer
}

fn apply(
    segmenter: &mut Segmenter,
    open: &mut Option<(Muxer, File)>,
    folder: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    while let Some(action) = segmenter.poll() {
        match (action, &mut *open) {
            (Action::Open { segment, spec }, _) => {
                let name = format!("{segment:05}.{}", spec.init.output.extension());
                let file = File::create(folder.join(&name))?;
                println!("{name}");
                *open = Some((Muxer::new(*spec, SEGMENT_NS)?, file));
            }
            (Action::Write { sample, .. }, Some((muxer, file))) => {
                muxer.push(sample);
                if muxer.pending_bytes() >= WRITE_BYTES {
                    append(file, &muxer.commit(None))?;
                }
            }
            (Action::Close { end_ns, .. }, Some((muxer, file))) => {
                append(file, &muxer.commit(None))?;
                if let Some((muxer, file)) = open.take() {
                    finish(&muxer.finish(end_ns).0, &file)?;
                }
            }
            // A file is opened before it is written.
            (Action::Write { .. } | Action::Close { .. }, None) => {}
        }
    }
    Ok(())
}

fn append(file: &mut File, parts: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut rest = &mut slices[..];
    while !rest.is_empty() {
        let at_once = rest.len().min(MAX_SLICES);
        let written = file.write_vectored(&rest[..at_once])?;
        IoSlice::advance_slices(&mut rest, written);
    }
    Ok(())
}

fn finish(steps: &[FinishStep], file: &File) -> io::Result<()> {
    for step in steps {
        match step {
            FinishStep::WriteAt { offset, bytes } => file.write_all_at(bytes, *offset)?,
            FinishStep::Sync => {}
            FinishStep::Rewrite { .. } => {
                return Err(io::Error::other("the index needs more room than was kept"));
            }
        }
    }
    Ok(())
}
