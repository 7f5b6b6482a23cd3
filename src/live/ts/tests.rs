use super::*;

const PMT_PID: u16 = 0x1000;
const PID: u16 = 0x100;

/// A stream as ffmpeg writes one: tables, then pictures.
#[derive(Default)]
struct World {
    bytes: Vec<u8>,
    counter: u8,
}

fn packet(pid: u16, begins: bool, counter: u8, adaptation: &[u8], payload: &[u8]) -> Vec<u8> {
    let room = PACKET_BYTES - 4;
    let mut field = adaptation.to_vec();
    let filled = if field.is_empty() { payload.len() } else { 1 + field.len() + payload.len() };
    let missing = room - filled;
    let has_field = !field.is_empty() || missing > 0;
    let mut packet = vec![SYNC, (pid >> 8) as u8 | if begins { 0x40 } else { 0 }, pid as u8];
    packet.push(0x10 | if has_field { 0x20 } else { 0 } | counter & 0xF);
    if has_field {
        if field.is_empty() && missing > 1 {
            field.push(0);
        }
        field.resize(room - 1 - payload.len(), 0xFF);
        packet.push(field.len() as u8);
        packet.extend(&field);
    }
    packet.extend(payload);
    assert_eq!(packet.len(), PACKET_BYTES);
    packet
}

impl World {
    fn tables(&mut self) {
        let mut pat = vec![0, 0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1];
        pat.extend([0xE0 | (PMT_PID >> 8) as u8, PMT_PID as u8, 1, 2, 3, 4]);
        pat.resize(184, 0xFF);
        self.bytes.extend(packet(PAT_PID, true, 7, &[], &pat));
        self.bytes.extend(packet(PMT_PID, true, 7, &[], &[0xFF; 184]));
        // A table of names, which nobody needs.
        self.bytes.extend(packet(0x11, true, 7, &[], &[0xFF; 184]));
    }

    fn picture(&mut self, ticks: i64, is_key: bool, data: &[u8]) {
        let time = [
            0x21 | (ticks >> 29) as u8 & 0xE,
            (ticks >> 22) as u8,
            1 | (ticks >> 14) as u8,
            (ticks >> 7) as u8,
            1 | (ticks << 1) as u8,
        ];
        let pes = [&[0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5][..], &time, data].concat();
        let clock = [if is_key { 0x50 } else { 0x10 }, 0, 0, 0, 0, 0, 0];
        let (first, mut rest) = pes.split_at(pes.len().min(PACKET_BYTES - 4 - 8));
        self.next(true, &clock, first);
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.len().min(PACKET_BYTES - 4));
            self.next(false, &[], piece);
            rest = behind;
        }
    }

    fn next(&mut self, begins: bool, adaptation: &[u8], payload: &[u8]) {
        self.bytes.extend(packet(PID, begins, self.counter, adaptation, payload));
        self.counter += 1;
    }
}

fn all(splitter: &mut Splitter) -> Vec<Unit> {
    std::iter::from_fn(|| splitter.next().unwrap()).collect()
}

/// As many bytes, none of which begins anything.
fn data(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| 1 + (at % 250) as u8).collect()
}

#[test]
fn pictures_come_out_whole_however_the_bytes_arrive() {
    let mut world = World::default();
    world.tables();
    let sizes = [1, 100, 161, 162, 163, 500, 162 + 184, 162 + 183, 162 + 182, 5000];
    for (number, &size) in (0..).zip(&sizes) {
        world.picture(90_000 * number, number % 4 == 0, &data(size));
        world.tables();
    }
    for step in [1, 47, 187, 188, 189, 1000, world.bytes.len()] {
        let mut splitter = Splitter::default();
        let mut units = Vec::new();
        for piece in world.bytes.chunks(step) {
            splitter.push(piece);
            units.extend(all(&mut splitter));
        }
        assert_eq!(units.len(), sizes.len());
        for (number, (unit, size)) in (0..).zip(units.iter().zip(sizes)) {
            assert_eq!(unit.payload, data(size), "{step}");
            assert_eq!(unit.at_ns, Some(NANOS * number));
            assert_eq!(unit.is_key, number % 4 == 0);
            assert_eq!(unit.packets.len() % PACKET_BYTES, 0);
            assert!(unit.packets.chunks(PACKET_BYTES).all(|packet| packet[0] == SYNC));
        }
    }
}

const NANOS: i64 = 1_000_000_000;

#[test]
fn a_picture_is_there_as_soon_as_its_last_packet() {
    let mut world = World::default();
    world.tables();
    for size in [1, 100, 163, 500, 5000] {
        world.picture(0, false, &data(size));
        let mut splitter = Splitter::default();
        splitter.push(&world.bytes);
        assert_eq!(all(&mut splitter).last().unwrap().payload, data(size));
    }
}

#[test]
fn decoding_can_begin_with_each_key_picture() {
    let mut world = World::default();
    world.tables();
    (0..40).for_each(|number| world.picture(number * 3000, number % 2 == 0, &data(700)));
    let mut splitter = Splitter::default();
    splitter.push(&world.bytes);
    let mut expected = [None; 3];
    for unit in all(&mut splitter) {
        let pids = unit.packets.chunks(PACKET_BYTES).map(|packet| {
            (u16::from_be_bytes([packet[1] & 0x1F, packet[2]]), packet[3] & 0xF, packet[3])
        });
        let mut order = Vec::new();
        for (pid, counter, _) in pids {
            order.push(pid);
            // The counter of each goes on by one with each packet.
            let index = [PAT_PID, PMT_PID, PID].iter().position(|own| *own == pid).unwrap();
            assert!(expected[index].is_none_or(|expected| expected == counter), "{pid}");
            expected[index] = Some((counter + 1) & 0xF);
        }
        let begins = [PAT_PID, PMT_PID, PID];
        assert_eq!(order.starts_with(&begins), unit.is_key);
        assert!(order[if unit.is_key { 2 } else { 0 }..].iter().all(|pid| *pid == PID));
    }
}

#[test]
fn only_the_first_picture_says_that_nothing_goes_before_it() {
    let mut world = World::default();
    world.tables();
    (0..3).for_each(|number| world.picture(number, true, &data(10)));
    let mut splitter = Splitter::default();
    splitter.push(&world.bytes);
    let told: Vec<bool> = all(&mut splitter)
        .iter()
        .map(|unit| unit.packets[2 * PACKET_BYTES + 5] & 0x80 != 0)
        .collect();
    assert_eq!(told, [true, false, false]);
}

#[test]
fn a_key_picture_is_known_by_its_header_too() {
    let picture = |kind: u8| [0, 0, 1, 0, 0, kind << 3, 1, 2, 3];
    let header = [0, 0, 1, 0xB3, 1, 2, 3];
    let mut world = World::default();
    world.tables();
    world.picture(0, false, &header);
    (1..4).for_each(|kind| world.picture(0, false, &picture(kind)));
    let mut splitter = Splitter::default();
    splitter.push(&world.bytes);
    let keys: Vec<bool> = all(&mut splitter).iter().map(|unit| unit.is_key).collect();
    assert_eq!(keys, [true, true, false, false]);
}

#[test]
fn times_go_on_where_they_begin_again() {
    let mut world = World::default();
    world.tables();
    let round = 1 << TIME_BITS;
    for ticks in [round - 9000, 0, 9000, round - 4500] {
        world.picture(ticks, true, &data(10));
    }
    let mut splitter = Splitter::default();
    splitter.push(&world.bytes);
    let times: Vec<i64> = all(&mut splitter).iter().map(|unit| unit.at_ns.unwrap()).collect();
    let ticks: Vec<i64> = times.iter().map(|at_ns| at_ns * 9 / 100_000 - round).collect();
    assert!(
        ticks.iter().zip([-9000, 0, 9000, -4500]).all(|(a, b)| (a - b).abs() <= 1),
        "{ticks:?}"
    );
}

#[test]
fn what_is_left_of_a_picture_is_of_no_use() {
    let mut world = World::default();
    world.tables();
    let begin = world.bytes.len();
    world.picture(0, true, &data(1000));
    world.bytes.drain(begin..begin + PACKET_BYTES);
    world.picture(90_000, true, &data(300));
    let mut splitter = Splitter::default();
    splitter.push(&world.bytes);
    let units = all(&mut splitter);
    assert_eq!(units.len(), 1);
    assert_eq!(units[0].payload, data(300));
}

#[test]
fn what_is_no_mpeg_ts_is_an_error() {
    for bytes in [vec![0; 188], b"HTTP/1.1 404 Not Found\r\n".repeat(20)] {
        let mut splitter = Splitter::default();
        splitter.push(&bytes);
        assert_eq!(splitter.next(), Err(Nonsense));
    }
    // Each byte may be anything.
    let mut world = World::default();
    world.tables();
    world.picture(0, true, &data(700));
    for at in 0..world.bytes.len() {
        for value in [0, 1, 0x47, 0x7F, 0xFF] {
            let mut bytes = world.bytes.clone();
            bytes[at] = value;
            let mut splitter = Splitter::default();
            splitter.push(&bytes);
            while let Ok(Some(_)) = splitter.next() {}
        }
    }
}

#[test]
fn a_picture_without_end_is_refused() {
    let mut world = World::default();
    world.tables();
    world.picture(0, true, &data(170));
    let mut splitter = Splitter::default();
    splitter.push(&world.bytes[..world.bytes.len() - PACKET_BYTES]);
    let endless = packet(PID, false, 0, &[], &data(184));
    let mut fed = 0;
    while splitter.next() == Ok(None) {
        splitter.push(&endless.repeat(1000));
        fed += 1000 * PACKET_BYTES;
        assert!(fed < 2 * MAX_UNIT_BYTES);
    }
}
