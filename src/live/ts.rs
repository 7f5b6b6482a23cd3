//! MPEG-TS as ffmpeg writes it (ISO/IEC 13818-1), taken apart into the pictures of its only stream.

use bytes::{Bytes, BytesMut};

/// Every packet is of this size.
pub(super) const PACKET_BYTES: usize = 188;

/// Each packet begins with it.
const SYNC: u8 = 0x47;

/// The packet id of the table that names the others.
const PAT_PID: u16 = 0;

/// What carries nothing.
const NULL_PID: u16 = 0x1FFF;

/// A picture is not larger; what claims to be is no output of ours.
const MAX_UNIT_BYTES: usize = 32 << 20;

/// MPEG-1 video begins a sequence with it.
const SEQUENCE_HEADER: [u8; 4] = [0, 0, 1, 0xB3];

/// In front of a picture in MPEG-1 video.
const PICTURE_HEADER: [u8; 4] = [0, 0, 1, 0];

/// Times count ninetieths of a millisecond, with this many bits.
const TIME_BITS: u32 = 33;

/// What is written is no MPEG-TS, or not as ffmpeg writes it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no MPEG-TS with one stream")]
pub(super) struct Nonsense;

/// The packets of one picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Whole packets. In front of a key picture stand the tables, so that decoding can begin here.
    pub(super) packets: Bytes,
    /// The picture alone.
    pub(super) payload: Bytes,
    /// When it is shown.
    pub(super) at_ns: Option<i64>,
    /// Whether it decodes by itself.
    pub(super) is_key: bool,
}

/// Takes pictures out of a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    input: BytesMut,
    pat: Table,
    pmt: Table,
    unit: Option<Begun>,
    /// Pictures came before.
    is_begun: bool,
    last_ticks: Option<i64>,
}

/// The newest packet of a table, and how often it has been written.
#[derive(Debug, Default)]
struct Table {
    pid: Option<u16>,
    packet: Option<[u8; PACKET_BYTES]>,
    written: u8,
}

#[derive(Debug)]
struct Begun {
    packets: BytesMut,
    payload: BytesMut,
    at_ns: Option<i64>,
    is_random_access: bool,
}

/// The fields of a packet that count here.
struct Packet<'a> {
    pid: u16,
    begins_unit: bool,
    /// The adaptation field behind its length.
    adaptation: Option<&'a [u8]>,
    payload: &'a [u8],
}

impl<'a> Packet<'a> {
    fn read(packet: &'a [u8; PACKET_BYTES]) -> Result<Self, Nonsense> {
        if packet[0] != SYNC {
            return Err(Nonsense);
        }
        let pid = u16::from_be_bytes([packet[1] & 0x1F, packet[2]]);
        let begins_unit = packet[1] & 0x40 != 0;
        let mut rest = &packet[4..];
        let mut adaptation = None;
        if packet[3] & 0x20 != 0 {
            let (&length, behind) = rest.split_first().ok_or(Nonsense)?;
            let (field, behind) = behind.split_at_checked(length.into()).ok_or(Nonsense)?;
            (adaptation, rest) = (Some(field), behind);
        }
        let payload = if packet[3] & 0x10 != 0 { rest } else { &[] };
        Ok(Self { pid, begins_unit, adaptation, payload })
    }

    fn is_random_access(&self) -> bool {
        self.adaptation.and_then(|field| field.first()).is_some_and(|flags| flags & 0x40 != 0)
    }

    /// Whether there is less payload than would have room: the picture ends here.
    fn is_last(&self) -> bool {
        let Some(field) = self.adaptation else { return false };
        match field.first() {
            // One byte of length alone, or flags and nothing else: it is there to fill.
            None => true,
            Some(flags) => {
                let clock_bytes = if flags & 0x10 != 0 { 6 } else { 0 };
                // What else may be in it is not written by ffmpeg.
                field.len() > 1 + clock_bytes || (!self.begins_unit && flags & 0x10 == 0)
            }
        }
    }
}

impl Splitter {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next picture, if it is there.
    ///
    /// # Errors
    /// When the bytes are no MPEG-TS.
    pub(super) fn next(&mut self) -> Result<Option<Unit>, Nonsense> {
        while let Some(packet) = self.input.first_chunk::<PACKET_BYTES>() {
            let packet = *packet;
            let fields = Packet::read(&packet)?;
            let is_next = fields.begins_unit && self.unit.is_some();
            if self.is_picture(fields.pid) && is_next {
                // It is read again, as the first of its own.
                return Ok(self.end());
            }
            let _ = self.input.split_to(PACKET_BYTES);
            if fields.pid == PAT_PID {
                self.pmt.pid = program(fields.payload).or(self.pmt.pid);
                self.pat.packet = Some(packet);
            } else if self.pmt.pid == Some(fields.pid) {
                self.pmt.packet = Some(packet);
            } else if self.is_picture(fields.pid) && self.add(&packet, &fields)? {
                return Ok(self.end());
            }
        }
        Ok(None)
    }

    /// Whether packets of this id are of the stream: the first that follows the tables.
    fn is_picture(&self, pid: u16) -> bool {
        // Tables other than the two have lower ids.
        let is_media = pid >= 0x20 && pid != NULL_PID && self.pmt.pid != Some(pid);
        is_media && self.pmt.packet.is_some()
    }

    /// Adds a packet to the picture; true when it ends with that.
    fn add(&mut self, packet: &[u8; PACKET_BYTES], fields: &Packet<'_>) -> Result<bool, Nonsense> {
        let mut payload = fields.payload;
        if fields.begins_unit {
            let (ticks, data) = elementary(payload)?;
            payload = data;
            let ticks = ticks.map(|ticks| unwrapped(ticks, self.last_ticks));
            self.last_ticks = ticks.or(self.last_ticks);
            self.unit = Some(Begun {
                packets: BytesMut::new(),
                payload: BytesMut::new(),
                at_ns: ticks.map(|ticks| ticks * 100_000 / 9),
                is_random_access: fields.is_random_access(),
            });
        }
        // What is left of a picture whose beginning is missing is of no use.
        let Some(unit) = &mut self.unit else { return Ok(false) };
        unit.packets.extend_from_slice(packet);
        unit.payload.extend_from_slice(payload);
        if unit.packets.len() > MAX_UNIT_BYTES {
            return Err(Nonsense);
        }
        Ok(fields.is_last())
    }

    fn end(&mut self) -> Option<Unit> {
        let Begun { mut packets, payload, at_ns, is_random_access } = self.unit.take()?;
        let is_key = is_random_access || is_intra(&payload);
        if !std::mem::replace(&mut self.is_begun, true) {
            tell_of_beginning(&mut packets);
        }
        let tables = if is_key { self.pat.write().zip(self.pmt.write()) } else { None };
        let packets = match tables {
            Some((pat, pmt)) => [&pat, &pmt, &packets[..]].concat().into(),
            None => packets.freeze(),
        };
        Some(Unit { packets, payload: payload.freeze(), at_ns, is_key })
    }
}

impl Table {
    /// The packet as it is written next: its packets count, too.
    fn write(&mut self) -> Option<[u8; PACKET_BYTES]> {
        let mut packet = self.packet?;
        packet[3] = packet[3] & 0xF0 | self.written & 0x0F;
        self.written = self.written.wrapping_add(1);
        Some(packet)
    }
}

/// The packet id of the first program's table.
fn program(payload: &[u8]) -> Option<u16> {
    // A pointer to the section, which begins at once; its header; the program's number.
    let entry = payload.get(1 + 8..1 + 8 + 4)?;
    Some(u16::from_be_bytes([entry[2] & 0x1F, entry[3]]))
}

/// The time of a PES packet, and what it carries.
fn elementary(pes: &[u8]) -> Result<(Option<i64>, &[u8]), Nonsense> {
    let header = pes.first_chunk::<9>().filter(|header| header[..3] == [0, 0, 1]);
    let header = header.ok_or(Nonsense)?;
    let data = pes.get(9 + usize::from(header[8])..).ok_or(Nonsense)?;
    let Some(&[a, b, c, d, e]) = pes[9..].first_chunk().filter(|_| header[7] & 0x80 != 0) else {
        return Ok((None, data));
    };
    let [a, b, c, d, e] = [a, b, c, d, e].map(i64::from);
    let ticks = (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1;
    Ok((Some(ticks), data))
}

/// Times begin again after a day; these go on.
fn unwrapped(ticks: i64, last: Option<i64>) -> i64 {
    let Some(last) = last else { return ticks };
    let round = 1 << TIME_BITS;
    let ahead = (ticks - last).rem_euclid(round);
    if ahead < round / 2 { last + ahead } else { last + ahead - round }
}

/// Whether a picture of MPEG-1 video decodes by itself.
fn is_intra(payload: &[u8]) -> bool {
    if payload.starts_with(&SEQUENCE_HEADER) {
        return true;
    }
    // Behind the header stand ten bits of order and three of type.
    payload.starts_with(&PICTURE_HEADER) && payload.get(5).is_some_and(|byte| byte >> 3 & 7 == 1)
}

/// Says that counters and times do not follow those of the packets before.
fn tell_of_beginning(packets: &mut [u8]) {
    if let [_, _, _, control, length, flags, ..] = packets
        && *control & 0x20 != 0
        && *length > 0
    {
        *flags |= 0x80;
    }
}

#[cfg(test)]
mod tests;
