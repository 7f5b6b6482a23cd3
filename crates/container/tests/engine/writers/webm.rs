//! Matroska as the recorders of this world write it (RFC 9559).

use container::{Kind, NANOS_PER_SECOND};

use super::{Expected, Media, Packet, Source, Stream};

/// How an element says how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// All value bits set, in one byte or in eight.
    Unknown1,
    Unknown8,
    Known,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clusters {
    /// At each key frame, and after thirty seconds.
    AtKeys,
    /// Whenever so much time has passed, whatever comes then.
    EveryMs(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocks {
    Simple,
    /// BlockGroups with a duration.
    Groups,
    /// BlockGroups in which each picture has an alpha plane.
    Additions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacing {
    None,
    Xiph,
    Ebml,
    Fixed,
}

/// A way to write Matroska.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    pub(crate) doc_type: &'static str,
    pub(crate) segment: Length,
    pub(crate) cluster: Length,
    pub(crate) clusters: Clusters,
    pub(crate) blocks: Blocks,
    pub(crate) lacing: Lacing,
    /// Eight bytes for each size.
    pub(crate) wide_sizes: bool,
    /// A Void and a CRC-32 wherever they may stand.
    pub(crate) padding: bool,
    pub(crate) seek_head: bool,
    pub(crate) cues_at_end: bool,
    /// Nanoseconds per tick; `None` leaves the default of a millisecond unsaid.
    pub(crate) scale_ns: Option<u64>,
    /// CodecDelay of the sound.
    pub(crate) delay_ns: i64,
    /// Nominal times between packets are stated.
    pub(crate) default_durations: bool,
    pub(crate) alpha_mode: bool,
    /// Parameter sets stand in the stream and its header has none (Annex B).
    pub(crate) in_band: bool,
}

impl Style {
    /// Chromium's `LiveWebmMuxerDelegate`.
    pub(crate) fn chromium() -> Self {
        Self {
            doc_type: "webm",
            segment: Length::Unknown8,
            cluster: Length::Unknown8,
            clusters: Clusters::AtKeys,
            blocks: Blocks::Simple,
            lacing: Lacing::None,
            wide_sizes: false,
            padding: false,
            seek_head: false,
            cues_at_end: false,
            scale_ns: Some(1_000_000),
            delay_ns: 0,
            default_durations: false,
            alpha_mode: true,
            in_band: false,
        }
    }

    /// Firefox's `EbmlComposer`: clusters of a second, an empty SeekHead.
    pub(crate) fn firefox() -> Self {
        Self {
            clusters: Clusters::EveryMs(1000),
            seek_head: true,
            alpha_mode: false,
            delay_ns: 6_500_000,
            ..Self::chromium()
        }
    }

    /// libwebm in file mode on a writer that cannot seek: Cues behind everything.
    pub(crate) fn safari() -> Self {
        Self { cues_at_end: true, alpha_mode: false, ..Self::chromium() }
    }

    /// Everything of a length that is known, as a file has it.
    pub(crate) fn file() -> Self {
        Self {
            segment: Length::Known,
            cluster: Length::Known,
            seek_head: true,
            cues_at_end: true,
            alpha_mode: false,
            ..Self::chromium()
        }
    }
}

fn id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    let skip = bytes.iter().take_while(|&&byte| byte == 0).count();
    out.extend(&bytes[skip..]);
}

fn element(out: &mut Vec<u8>, style: &Style, element: u32, payload: &[u8]) {
    id(out, element);
    let len = payload.len() as u64;
    match len {
        _ if style.wide_sizes => out.extend((len | 1 << 56).to_be_bytes()),
        0..=126 => out.push(0x80 | len as u8),
        127..=16_382 => out.extend((len as u16 | 0x4000).to_be_bytes()),
        _ => out.extend((len as u32 | 0x1000_0000).to_be_bytes()),
    }
    out.extend(payload);
}

fn unsigned(out: &mut Vec<u8>, style: &Style, name: u32, value: u64) {
    let bytes = value.to_be_bytes();
    let skip = bytes.iter().take_while(|&&byte| byte == 0).count().min(7);
    element(out, style, name, &bytes[skip..]);
}

/// A master element, with a checksum in front and a Void behind where the style pads.
fn master(out: &mut Vec<u8>, style: &Style, name: u32, length: Length, body: &[u8]) {
    let mut whole = Vec::new();
    if style.padding {
        // Nobody here checks it; it stands where RFC 8794 section 11.3.1 wants it.
        element(&mut whole, style, 0xBF, &[1, 2, 3, 4]);
    }
    whole.extend(body);
    if style.padding {
        element(&mut whole, style, 0xEC, &[0; 5]);
    }
    match length {
        Length::Known => element(out, style, name, &whole),
        Length::Unknown1 | Length::Unknown8 => {
            id(out, name);
            match length {
                Length::Unknown1 => out.push(0xFF),
                _ => out.extend([1, 255, 255, 255, 255, 255, 255, 255]),
            }
            out.extend(whole);
        }
    }
}

fn track_entry(style: &Style, index: usize, media: &Media, step_ns: u64) -> Vec<u8> {
    let mut body = Vec::new();
    unsigned(&mut body, style, 0xD7, index as u64 + 1);
    unsigned(&mut body, style, 0x73C5, 1000 + index as u64);
    unsigned(&mut body, style, 0x83, if media.kind == Kind::Video { 1 } else { 2 });
    element(&mut body, style, 0x86, media.codec.as_bytes());
    if let Some(private) = media.private.as_ref().filter(|_| !style.in_band) {
        element(&mut body, style, 0x63A2, private);
    }
    if media.kind == Kind::Video {
        let mut video = Vec::new();
        unsigned(&mut video, style, 0xB0, media.width.into());
        unsigned(&mut video, style, 0xBA, media.height.into());
        if style.alpha_mode {
            unsigned(&mut body, style, 0x55EE, 1);
            unsigned(&mut video, style, 0x53C0, 1);
        }
        master(&mut body, style, 0xE0, Length::Known, &video);
    } else {
        let mut audio = Vec::new();
        element(&mut audio, style, 0xB5, &f64::from(media.sample_rate).to_be_bytes());
        unsigned(&mut audio, style, 0x9F, media.channels.into());
        if media.codec.starts_with("A_PCM") {
            unsigned(&mut audio, style, 0x6264, 16);
        }
        master(&mut body, style, 0xE1, Length::Known, &audio);
        if style.delay_ns > 0 {
            unsigned(&mut body, style, 0x56AA, style.delay_ns as u64);
            unsigned(&mut body, style, 0x56BB, 80_000_000);
        }
    }
    if style.default_durations {
        unsigned(&mut body, style, 0x0023_E383, step_ns);
    }
    body
}

struct Frame<'a> {
    packets: Vec<&'a Packet>,
    at: i64,
}

/// The stream, and what a reader finds in it.
pub(crate) fn write(source: &Source, style: &Style) -> Stream {
    let scale = style.scale_ns.unwrap_or(1_000_000) as i64;
    let delay = |track: usize| match source.tracks[track].kind {
        Kind::Audio => style.delay_ns,
        Kind::Video => 0,
    };
    let steps: Vec<i64> = (0..source.tracks.len()).map(|track| step_ns(source, track)).collect();
    let at = |packet: &Packet| {
        (2 * (packet.pts_ns + delay(packet.track)) + scale).div_euclid(2 * scale).max(0)
    };

    let mut front = Vec::new();
    let mut body = Vec::new();
    unsigned(&mut body, style, 0x4286, 1);
    element(&mut body, style, 0x4282, style.doc_type.as_bytes());
    unsigned(&mut body, style, 0x4287, 4);
    unsigned(&mut body, style, 0x4285, 2);
    master(&mut front, style, 0x1A45_DFA3, Length::Known, &body);

    let mut segment = Vec::new();
    if style.seek_head {
        master(&mut segment, style, 0x114D_9B74, Length::Known, &[]);
    }
    let mut info = Vec::new();
    if let Some(scale) = style.scale_ns {
        unsigned(&mut info, style, 0x002A_D7B1, scale);
    }
    element(&mut info, style, 0x4D80, b"writer");
    element(&mut info, style, 0x5741, b"writer");
    master(&mut segment, style, 0x1549_A966, Length::Known, &info);
    let mut tracks = Vec::new();
    for (index, media) in source.tracks.iter().enumerate() {
        let entry = track_entry(style, index, media, steps[index] as u64);
        master(&mut tracks, style, 0xAE, Length::Known, &entry);
    }
    master(&mut segment, style, 0x1654_AE6B, Length::Known, &tracks);

    let mut expected = Vec::new();
    let mut cues = Vec::new();
    for cluster in clusters(source, style, &at) {
        let start = cluster[0].at;
        let mut body = Vec::new();
        unsigned(&mut body, style, 0xE7, start as u64);
        for frame in &cluster {
            block(&mut body, style, source, frame, start, steps[frame.packets[0].track]);
            for (lace, packet) in frame.packets.iter().enumerate() {
                let shift = lace as i64 * steps[packet.track];
                expected.push(Expected {
                    track: packet.track,
                    pts_ns: frame.at * scale - delay(packet.track) + shift,
                    sync: packet.sync,
                    data: packet.data.clone(),
                });
            }
        }
        let mut positions = Vec::new();
        unsigned(&mut positions, style, 0xF7, 1);
        unsigned(&mut positions, style, 0xF1, segment.len() as u64);
        let mut cue = Vec::new();
        unsigned(&mut cue, style, 0xB3, start as u64);
        master(&mut cue, style, 0xB7, Length::Known, &positions);
        master(&mut cues, style, 0xBB, Length::Known, &cue);
        master(&mut segment, style, 0x1F43_B675, style.cluster, &body);
    }
    if style.cues_at_end {
        master(&mut segment, style, 0x1C53_BB6B, Length::Known, &cues);
    }
    // A checksum of the whole Segment is no live stream's.
    let plain = Style { padding: false, ..style.clone() };
    master(&mut front, &plain, 0x1853_8067, style.segment, &segment);
    Stream::new(front, expected)
}

/// The usual time between a track's packets.
fn step_ns(source: &Source, track: usize) -> i64 {
    let media = &source.tracks[track];
    let own: Vec<&Packet> = source.packets.iter().filter(|p| p.track == track).collect();
    match (media.codec, own.first()) {
        // What the packet itself says.
        ("A_OPUS", Some(packet)) => {
            let samples = container::codec::opus::packet_duration(&packet.data).unwrap();
            i64::from(samples) * NANOS_PER_SECOND / 48_000
        }
        _ if own.len() > 1 => (own[own.len() - 1].dts_ns - own[0].dts_ns) / (own.len() as i64 - 1),
        _ => NANOS_PER_SECOND / 30,
    }
}

fn clusters<'a>(
    source: &'a Source,
    style: &Style,
    at: &impl Fn(&Packet) -> i64,
) -> Vec<Vec<Frame<'a>>> {
    const LACED: usize = 4;
    let scale = style.scale_ns.unwrap_or(1_000_000) as i64;
    let mut frames: Vec<Frame<'a>> = Vec::new();
    // The frame that still takes packets, and how many it may take.
    let mut open: Option<usize> = None;
    for packet in &source.packets {
        let is_audio = source.tracks[packet.track].kind == Kind::Audio;
        let same_size = |frame: &Frame<'_>| {
            style.lacing != Lacing::Fixed || frame.packets[0].data.len() == packet.data.len()
        };
        if is_audio && style.lacing != Lacing::None {
            if let Some(index) = open
                && frames[index].packets.len() < LACED
                && same_size(&frames[index])
            {
                frames[index].packets.push(packet);
                continue;
            }
            open = Some(frames.len());
        }
        frames.push(Frame { packets: vec![packet], at: at(packet) });
    }
    let mut clusters: Vec<Vec<Frame<'a>>> = Vec::new();
    for frame in frames {
        let start = clusters.last().map(|cluster| cluster[0].at);
        let first = frame.packets[0];
        let is_key = Some(first.track) == source.video() && first.sync;
        let passed_ms = start.map(|start| (frame.at - start) * scale / 1_000_000);
        let begins = match (passed_ms, style.clusters) {
            (None, _) => true,
            (Some(ms), Clusters::AtKeys) => is_key || ms >= 30_000,
            (Some(ms), Clusters::EveryMs(every)) => ms >= every,
        };
        // Blocks count from their cluster in 16 bits.
        let is_far = start.is_some_and(|start| frame.at - start > 32_767);
        match clusters.last_mut() {
            Some(cluster) if !begins && !is_far => cluster.push(frame),
            _ => clusters.push(vec![frame]),
        }
    }
    clusters
}

fn block(
    out: &mut Vec<u8>,
    style: &Style,
    source: &Source,
    frame: &Frame<'_>,
    start: i64,
    step_ns: i64,
) {
    let first = frame.packets[0];
    let is_video = source.tracks[first.track].kind == Kind::Video;
    let laced = frame.packets.len() > 1;
    let lacing = match style.lacing {
        _ if !laced => 0,
        Lacing::None => 0,
        Lacing::Xiph => 2,
        Lacing::Fixed => 4,
        Lacing::Ebml => 6,
    };
    let mut payload = vec![0x80 | (first.track as u8 + 1)];
    payload.extend(i16::try_from(frame.at - start).unwrap().to_be_bytes());
    let simple = style.blocks == Blocks::Simple;
    payload.push(lacing | if simple && first.sync { 0x80 } else { 0 });
    if laced {
        payload.push(frame.packets.len() as u8 - 1);
        let sizes: Vec<usize> = frame.packets.iter().map(|packet| packet.data.len()).collect();
        lace_sizes(&mut payload, style.lacing, &sizes);
    }
    for packet in &frame.packets {
        payload.extend(&packet.data);
    }
    if simple {
        return element(out, style, 0xA3, &payload);
    }
    let scale = style.scale_ns.unwrap_or(1_000_000) as i64;
    let mut group = Vec::new();
    element(&mut group, style, 0xA1, &payload);
    unsigned(&mut group, style, 0x9B, (step_ns * frame.packets.len() as i64 / scale) as u64);
    if !first.sync {
        element(&mut group, style, 0xFB, &(-40i16).to_be_bytes());
    }
    if style.blocks == Blocks::Additions && is_video {
        let mut more = Vec::new();
        unsigned(&mut more, style, 0xEE, 1);
        element(&mut more, style, 0xA5, &first.data);
        let mut additions = Vec::new();
        element(&mut additions, style, 0xA6, &more);
        element(&mut group, style, 0x75A1, &additions);
    }
    element(out, style, 0xA0, &group);
}

/// RFC 9559 section 10.3: the sizes of all frames but the last.
fn lace_sizes(out: &mut Vec<u8>, lacing: Lacing, sizes: &[usize]) {
    let but_last = &sizes[..sizes.len() - 1];
    match lacing {
        Lacing::None | Lacing::Fixed => {}
        Lacing::Xiph => {
            for &size in but_last {
                out.extend(std::iter::repeat_n(255, size / 255));
                out.push((size % 255) as u8);
            }
        }
        Lacing::Ebml => {
            out.extend((but_last[0] as u32 | 0x1000_0000).to_be_bytes());
            for pair in but_last.windows(2) {
                // Three bytes hold differences of a million either way.
                let value = pair[1] as i64 - pair[0] as i64 + ((1 << 20) - 1);
                out.extend(&(value as u32 | 0x20_0000).to_be_bytes()[1..]);
            }
        }
    }
}
