//! Opus (RFC 6716 section 3.1, RFC 7845 section 5.1).

/// Duration of a packet in samples of 48 kHz, from its table-of-contents byte.
#[must_use]
pub fn packet_duration(packet: &[u8]) -> Option<u32> {
    let &toc = packet.first()?;
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1920, 2880][usize::from(config % 4)],
        config @ 12..=15 => [480, 960][usize::from(config % 2)],
        config => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3F),
    };
    Some(frame * frames)
}

/// The `dOps` payload of an MP4 sample entry (Opus in ISOBMFF section 4.3.2) that says what an
/// `OpusHead` says; the fields are the same, big-endian.
#[must_use]
pub fn head_to_dops(head: &[u8]) -> Option<Vec<u8>> {
    let (magic, rest) = head.split_at_checked(8)?;
    if magic != b"OpusHead" || rest.len() < 11 {
        return None;
    }
    let mut dops = vec![0, rest[1]];
    dops.extend(rest[2..4].iter().rev());
    dops.extend(rest[4..8].iter().rev());
    dops.extend(rest[8..10].iter().rev());
    dops.extend(&rest[10..]);
    Some(dops)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_durations_follow_the_table() {
        // SILK wideband 60 ms, CELT fullband 20 ms, the same twice, and three of 2.5 ms.
        assert_eq!(packet_duration(&[11 << 3]), Some(2880));
        assert_eq!(packet_duration(&[31 << 3]), Some(960));
        assert_eq!(packet_duration(&[31 << 3 | 1]), Some(1920));
        assert_eq!(packet_duration(&[28 << 3 | 3, 3]), Some(360));
        assert_eq!(packet_duration(&[]), None);
    }

    #[test]
    fn a_head_becomes_big_endian() {
        let head = b"OpusHead\x01\x02\x38\x01\x80\xBB\x00\x00\x00\x00\x00";
        let dops = head_to_dops(head).unwrap();
        assert_eq!(dops, [0, 2, 0x01, 0x38, 0, 0, 0xBB, 0x80, 0, 0, 0]);
    }
}
