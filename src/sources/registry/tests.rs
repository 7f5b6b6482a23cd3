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

fn configured(text: &str) -> Vec<Spec> {
    let Value::Object(members) = json!({
        "name": text, "kind": "rtsp", "address": "rtsp://127.0.0.1:1/", "paused": true,
    }) else {
        panic!()
    };
    vec![read(members, Writer::File).unwrap()]
}

#[tokio::test]
async fn another_file_changes_what_differs_and_nothing_where_a_name_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (sources, streams) = sources(&folder);
    let status = |name: &str| Arc::clone(&sources.known().entries[&name.parse().unwrap()].status);
    sources.add(paused("yard")).await.unwrap();
    sources.take_over(configured("door")).await.unwrap();
    let (door, yard) = (status("door"), status("yard"));
    sources.take_over(configured("door")).await.unwrap();
    assert!(Arc::ptr_eq(&door, &status("door")) && Arc::ptr_eq(&yard, &status("yard")));
    // What a page has added is not taken away, nor what is live.
    let refused = sources.take_over(configured("yard")).await.unwrap_err();
    assert_eq!(refused, Refusal::Exists("yard".parse().unwrap()));
    let gate = live(&streams, "gate");
    let refused = sources.take_over(configured("gate")).await.unwrap_err();
    assert_eq!(refused, Refusal::Live("gate".parse().unwrap()));
    assert!(Arc::ptr_eq(&door, &status("door")));
    drop(gate);
    sources.take_over(configured("gate")).await.unwrap();
    let names: Vec<String> =
        sources.list().iter().map(|source| source.spec.name.to_string()).collect();
    assert_eq!(names, ["gate", "yard"]);
    sources.close().await;
    assert_eq!(sources.take_over(Vec::new()).await, Err(Refusal::Stopping));
}
