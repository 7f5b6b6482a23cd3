//! What is acknowledged is in a file that plays, at every moment.

use bytes::Bytes;
use container::{Demuxer, Event, Sample};

use crate::support::captures;
use crate::support::client::Client;
use crate::support::files::listing;
use crate::support::server::Server;

#[tokio::test]
async fn acknowledged_samples_are_in_the_growing_file() {
    for capture in [
        captures::named("chromium-webm-vp8-opus"),
        captures::named("firefox-webm-vp8-opus"),
        captures::named("chromium-mp4-h264-opus"),
        captures::named("webkit-mp4-h264-aac"),
    ] {
        let server = Server::start(&[]);
        let (mut client, _) = Client::hello(&server, "session-1").await;
        client.generation(0, &capture.mime).await;
        let mut position = 0;
        for chunk in capture.chunks().into_iter().filter(|chunk| !chunk.is_empty()) {
            client.chunk(0, position, chunk).await;
            position += chunk.len() as u64;
        }
        let half = capture.stream.len() as u64 / 2;
        let ack = client.acknowledged(0, half).await;
        let durable = ack["durable"].as_u64().unwrap() as usize;
        let part = listing(&server.recordings())
            .into_iter()
            .find(|path| path.to_string_lossy().ends_with(".part"))
            .unwrap();
        let recorded = demux(&std::fs::read(&part).unwrap());
        let promised = demux(&capture.stream[..durable]);
        for track in 0..2 {
            let of = |samples: &[Sample]| -> Vec<Bytes> {
                let own = samples.iter().filter(|sample| sample.track == track);
                own.map(|sample| sample.data.clone()).collect()
            };
            let (recorded, promised) = (of(&recorded), of(&promised));
            assert!(!promised.is_empty(), "{}", capture.name);
            assert!(recorded.starts_with(&promised), "{}", capture.name);
        }
        plays(&part);
    }
}

fn demux(bytes: &[u8]) -> Vec<Sample> {
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(bytes));
    let mut samples = Vec::new();
    while let Some(event) = demuxer.poll().unwrap() {
        if let Event::Sample(sample) = event {
            samples.push(sample);
        }
    }
    samples
}

fn plays(file: &std::path::Path) {
    let mut ffmpeg = std::process::Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(file).args(["-f", "null", "-"]);
    let output = ffmpeg.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{}: {said}", file.display());
}
