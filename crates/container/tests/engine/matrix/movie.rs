//! A finished MP4 read by its tables (ISO 14496-12 clauses 8.5 to 8.7), without the engine.

use container::Kind;

use super::recording::Read;
use crate::writers::nanos;

/// Every sample of the file in the order of its track, with the time at which it is shown.
pub(crate) fn read(file: &[u8]) -> Vec<Read> {
    let moov = child(file, b"moov").unwrap();
    let movie_scale = number(child(moov, b"mvhd").unwrap(), 12);
    let mut samples = Vec::new();
    for (index, trak) in children(moov).filter(|(kind, _)| kind == b"trak").enumerate() {
        samples.extend(track(file, index, trak.1, movie_scale));
    }
    samples
}

fn track(file: &[u8], index: usize, trak: &[u8], movie_scale: u32) -> Vec<Read> {
    let mdia = child(trak, b"mdia").unwrap();
    let kind = match &child(mdia, b"hdlr").unwrap()[8..12] {
        b"vide" => Kind::Video,
        _ => Kind::Audio,
    };
    let scale = number(child(mdia, b"mdhd").unwrap(), 12);
    let stbl = child(child(mdia, b"minf").unwrap(), b"stbl").unwrap();
    let table = |kind: &[u8; 4]| child(stbl, kind);

    let sizes = table(b"stsz").unwrap();
    assert_eq!(number(sizes, 4), 0, "samples of one size");
    let count = number(sizes, 8) as usize;
    let sizes: Vec<usize> = (0..count).map(|n| number(sizes, 12 + 4 * n) as usize).collect();

    let mut times = Vec::with_capacity(count);
    let mut at = 0i64;
    for pair in pairs(table(b"stts").unwrap()) {
        for _ in 0..pair.0 {
            times.push(at);
            at += i64::from(pair.1);
        }
    }
    assert_eq!(times.len(), count, "stts");
    if let Some(ctts) = table(b"ctts") {
        let shifts =
            pairs(ctts).flat_map(|(n, shift)| std::iter::repeat_n(shift as i32, n as usize));
        let shifts: Vec<i32> = shifts.collect();
        assert_eq!(shifts.len(), count, "ctts");
        times.iter_mut().zip(shifts).for_each(|(time, shift)| *time += i64::from(shift));
    }
    let sync: Option<Vec<usize>> = table(b"stss").map(|stss| {
        (0..number(stss, 4) as usize).map(|n| number(stss, 8 + 4 * n) as usize).collect()
    });

    let offsets: Vec<usize> = match (table(b"stco"), table(b"co64")) {
        (Some(stco), _) => {
            (0..number(stco, 4) as usize).map(|n| number(stco, 8 + 4 * n) as usize).collect()
        }
        (None, co64) => {
            let co64 = co64.unwrap();
            let entry = |n: usize| u64::from_be_bytes(*co64[8 + 8 * n..].first_chunk().unwrap());
            (0..number(co64, 4) as usize).map(|n| entry(n) as usize).collect()
        }
    };
    let stsc = table(b"stsc").unwrap();
    let groups: Vec<(usize, usize)> = (0..number(stsc, 4) as usize)
        .map(|n| (number(stsc, 8 + 12 * n) as usize, number(stsc, 12 + 12 * n) as usize))
        .collect();
    let mut places = Vec::with_capacity(count);
    for (chunk, &offset) in (1..).zip(&offsets) {
        let (_, samples) = groups.iter().rev().find(|(first, _)| *first <= chunk).unwrap();
        let mut at = offset;
        for _ in 0..*samples {
            places.push(at);
            at += sizes[places.len() - 1];
        }
    }
    assert_eq!(places.len(), count, "stsc");

    let (empty, media_time) = edits(trak);
    let empty_ns = nanos(empty, movie_scale);
    let read = |n: usize| Read {
        track: index,
        kind,
        pts_ns: nanos(times[n] - media_time, scale) + empty_ns,
        sync: kind == Kind::Audio || sync.as_ref().is_none_or(|sync| sync.contains(&(n + 1))),
        data: file[places[n]..places[n] + sizes[n]].to_vec().into(),
    };
    (0..count).map(read).collect()
}

/// How much is empty at the start, in ticks of the movie, and where the media begins.
fn edits(trak: &[u8]) -> (i64, i64) {
    let Some(elst) = child(trak, b"edts").and_then(|edts| child(edts, b"elst")) else {
        return (0, 0);
    };
    assert_eq!(elst[0], 0, "a short file's edits fit into 32 bits");
    let mut empty = 0;
    for n in 0..number(elst, 4) as usize {
        let media_time = number(elst, 12 + 12 * n) as i32;
        match media_time {
            -1 => empty += i64::from(number(elst, 8 + 12 * n)),
            _ => return (empty, media_time.into()),
        }
    }
    (empty, 0)
}

fn pairs(table: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    (0..number(table, 4) as usize).map(|n| (number(table, 8 + 8 * n), number(table, 12 + 8 * n)))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(*bytes[at..].first_chunk().unwrap())
}

fn child<'a>(boxes: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    children(boxes).find(|(kind, _)| kind == wanted).map(|(_, payload)| payload)
}

fn children(boxes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = boxes;
    std::iter::from_fn(move || {
        let kind = *rest.get(4..)?.first_chunk()?;
        let (len, header) = match number(rest, 0) {
            1 => (u64::from_be_bytes(*rest[8..].first_chunk().unwrap()) as usize, 16),
            len => (len as usize, 8),
        };
        let (whole, after) = rest.split_at(len);
        rest = after;
        Some((kind, &whole[header..]))
    })
}
