//! A server that says anything at all.

use std::collections::BTreeMap;

use ingest_protocol::client::{GenerationStart, RestoredGeneration};
use ingest_protocol::{Client, ClientOutput};

use crate::device;
use crate::random::Random;

const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "2",
    "7",
    "50",
    "100",
    "101",
    "1e3",
    "5000",
    "4294967296",
    "18446744073709551615",
    "1e400",
    "-1",
    "0.5",
    "null",
    "\"3\"",
];

fn number(random: &mut Random) -> &'static str {
    NUMBERS[random.below(NUMBERS.len())]
}

fn object(random: &mut Random, members: &[&str]) -> String {
    let kept: Vec<&&str> = members.iter().filter(|_| !random.one_in(12)).collect();
    let texts = kept.iter().map(|member| match **member {
        "ended" => format!(r#""ended":{}"#, random.one_in(2)),
        _ => format!(r#""{member}":{}"#, number(random)),
    });
    texts.collect::<Vec<_>>().join(",")
}

fn message(random: &mut Random) -> String {
    let position = ["generation", "received", "durable", "ended"];
    match random.below(9) {
        0..3 => {
            let positions =
                (0..random.below(5)).map(|_| format!("{{{}}}", object(random, &position)));
            let positions = positions.collect::<Vec<_>>().join(",");
            let limits = object(random, &["message_bytes", "credit_bytes", "idle_ms"]);
            let others = object(random, &["now_ms", "retry_ms", "addresses"]);
            format!(
                r#"{{"type":"welcome","positions":[{positions}],"limits":{{{limits}}},"x":{{{others}}}}}"#
            )
        }
        3..6 => format!(
            r#"{{"type":"ack",{}}}"#,
            object(random, &["generation", "received", "durable", "credit_bytes"])
        ),
        6 => {
            let codes = ["bad_stream", "lost", "storage", "tomorrow", "hole"];
            let code = codes[random.below(codes.len())];
            format!(r#"{{"type":"error","code":"{code}","generation":{}}}"#, number(random))
        }
        7 => ["[]", "{", "null", "7", "\"", r#"{"type":7}"#, r#"{"type":"ack"}"#, ""]
            [random.below(8)]
        .to_owned(),
        _ if random.one_in(30) => r#"{"type":"summary","files":[{"file":7},3]}"#.to_owned(),
        _ => r#"{"type":"weather","sun":true}"#.to_owned(),
    }
}

#[test]
fn a_server_that_says_anything_gets_no_hole_and_no_panic() {
    let mut chunks = 0;
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let start = GenerationStart {
            mime: String::new(),
            started_ms: 0,
            offset_ms: None,
            reason: String::new(),
        };
        let restored =
            RestoredGeneration { start: start.clone(), first: 50, end: 100, ended: true };
        let mut client = Client::restore(device::identity(), &[restored], Vec::new(), false);
        let mut totals = vec![100];
        let mut freed = vec![50];
        let mut sent = BTreeMap::new();
        let mut is_over = false;
        for now_ms in 0..60 {
            let newest = totals.len() - 1;
            match random.below(10) {
                0 => {
                    client.begin(start.clone());
                    totals.push(0);
                    freed.push(0);
                }
                1..4 if client.wants(newest as u32) => {
                    client.appended(newest as u32, 100);
                    totals[newest] += 100;
                }
                4 => client.end(newest as u32),
                5 if random.one_in(2) => {
                    client.connected(now_ms);
                    sent.clear();
                }
                _ => client.text(&message(&mut random), now_ms),
            }
            while let Some(output) = client.poll(true, now_ms) {
                assert!(!is_over, "seed {seed}: nothing follows the end");
                match output {
                    ClientOutput::Chunk { generation, position, length } => {
                        chunks += 1;
                        let number = generation as usize;
                        assert!(length > 0 && position >= freed[number], "seed {seed}");
                        let end = position + length as u64;
                        assert!(end <= totals[number], "seed {seed}");
                        let before = sent.insert(generation, end);
                        assert!(before.is_none_or(|before| before == position), "seed {seed}");
                    }
                    ClientOutput::Forget { generation, below } => {
                        assert!(below > freed[generation as usize], "seed {seed}");
                        freed[generation as usize] = below;
                    }
                    ClientOutput::Over(_) => is_over = true,
                    _ => {}
                }
            }
            let view = client.view();
            assert!(view.durable_bytes <= view.sent_bytes, "seed {seed}: {view:?}");
            assert!(view.sent_bytes <= view.total_bytes, "seed {seed}: {view:?}");
            let _ = client.deadline();
        }
    }
    assert!(chunks > 1000, "{chunks}");
}
