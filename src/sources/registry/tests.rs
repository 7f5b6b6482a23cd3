use bytes::Bytes;
use container::{BareCodec, BareTrack, Event, Init, Sample};
use serde_json::json;

use super::*;
use crate::live::feed::Step;
use crate::live::{OfSource, Showing, Shown};

fn sources(folder: &tempfile::TempDir) -> (Sources, Streams) {
    // What it would record goes nowhere.
    let (hub, _) = Hub::new();
    let streams = hub.streams();
    let sources = Sources::load(folder.path().to_owned(), Vec::new(), None, hub).unwrap();
    (sources, streams)
}

fn paused(name: &str) -> Map<String, Value> {
    let members = json!({
        "source": name, "kind": "rtsp", "address": "rtsp://127.0.0.1:1/", "paused": true,
    });
    let Value::Object(members) = members else { panic!() };
    members
}

/// Somebody else's stream of this name, for as long as it is held.
fn live(streams: &Streams, name: &str) -> Showing {
    let source = OfSource { source: format!("not-{name}"), is_small: false };
    let (device, title) = (format!("device-{name}"), String::new());
    let mut showing =
        Showing::new(streams.clone(), Shown { name: name.to_owned(), device, title, source });
    showing.begin(1, crate::clock::now_us());
    let init = Init::of_bare(&[BareTrack::video(BareCodec::Mjpeg, (64, 48))]).unwrap();
    let sample = Sample {
        track: 0,
        pts: 0,
        dts: 0,
        duration: None,
        sync: true,
        data: vec![7; 10].into(),
        block_extra: Bytes::new(),
    };
    let steps = [Event::Init(Arc::new(init)), Event::Sample(sample)];
    showing.media(1, &steps.map(|event| Step { event: Some(event), resume: None }));
    assert_eq!(showing.stream().as_deref(), Some(name));
    showing
}

#[tokio::test]
async fn a_name_that_is_live_stays_with_whoever_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let (sources, streams) = sources(&folder);
    sources.add(paused("yard")).await.unwrap();
    let (door, small, yard) =
        (live(&streams, "door"), live(&streams, "yard-small"), live(&streams, "yard"));
    let taken = |name: &str| Refusal::Live(name.parse().unwrap());
    assert_eq!(sources.add(paused("door")).await.unwrap_err(), taken("door"));
    let mut with_small = paused("yard");
    with_small.insert("small_address".to_owned(), "rtsp://127.0.0.1:1/2".into());
    let replaced = sources.replace("yard".to_owned(), with_small.clone()).await;
    assert_eq!(replaced.unwrap_err(), taken("yard-small"));
    // It can be changed under the name that it had before.
    let mut renamed = paused("yard");
    renamed.insert("name".to_owned(), "Yard".into());
    sources.replace("yard".to_owned(), renamed).await.unwrap();
    drop((door, small, yard));
    sources.add(paused("door")).await.unwrap();
    sources.replace("yard".to_owned(), with_small).await.unwrap();
    sources.close().await;
}
