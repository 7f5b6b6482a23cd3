//! Watching by WebRTC, with a client made of the same library as the server's side.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use container::Demuxer;
use str0m::change::SdpAnswer;
use str0m::format::Codec;
use str0m::media::{Direction, MediaData, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::net::UdpSocket;

use crate::support::PATIENCE;
use crate::support::captures::{self, Capture};
use crate::support::client::Client;
use crate::support::http::{Answer, request};
use crate::support::server::{Server, command};

/// A viewer by WebRTC.
pub(crate) struct Watcher {
    rtc: Rtc,
    socket: UdpSocket,
    video: Mid,
    audio: Option<Mid>,
    frames: Vec<MediaData>,
    packets: Vec<MediaData>,
}

/// Asks for a stream, with sound or without it. `Err` is what the server has against it.
async fn watch(server: &Server, has_sound: bool) -> Result<(Watcher, Answer), Answer> {
    watch_as(server, has_sound, &[]).await
}

/// The same as somebody whom these headers name.
pub(crate) async fn watch_as(
    server: &Server,
    has_sound: bool,
    who: &[(&str, &str)],
) -> Result<(Watcher, Answer), Answer> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut rtc = Rtc::builder().enable_opus(true, false).build(Instant::now());
    let host = Candidate::host(socket.local_addr().unwrap(), "udp").unwrap();
    rtc.add_local_candidate(host).unwrap();
    let mut change = rtc.sdp_api();
    let direction = Direction::RecvOnly;
    let video = change.add_media(MediaKind::Video, direction, None, None, None);
    let audio = has_sound.then(|| change.add_media(MediaKind::Audio, direction, None, None, None));
    let (offer, pending) = change.apply().unwrap();
    let own = format!("https://{}", server.https);
    let headers = [&[("content-type", "application/sdp"), ("origin", &own)], who].concat();
    let body = offer.to_sdp_string();
    let answer = request(server, "POST", "/whep/test-device", &headers, body.as_bytes()).await;
    if answer.status != 201 {
        return Err(answer);
    }
    let sdp = SdpAnswer::from_sdp_string(std::str::from_utf8(&answer.body).unwrap()).unwrap();
    rtc.sdp_api().accept_answer(pending, sdp).unwrap();
    let (frames, packets) = (Vec::new(), Vec::new());
    Ok((Watcher { rtc, socket, video, audio, frames, packets }, answer))
}

impl Watcher {
    /// Receives a picture.
    pub(crate) async fn until_shown(&mut self) {
        self.until(|watcher| !watcher.frames.is_empty()).await;
    }

    /// Goes on watching, until nobody has patience any more.
    pub(crate) async fn go_on(&mut self) {
        self.until(|_| false).await;
    }

    /// Receives until enough has come.
    async fn until(&mut self, is_enough: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        let mut datagram = vec![0; 2048];
        while !is_enough(self) {
            let (frames, packets) = (self.frames.len(), self.packets.len());
            assert!(began.elapsed() < PATIENCE, "{frames} frames and {packets} packets came");
            let timeout = match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => at,
                Output::Transmit(packet) => {
                    self.socket.send_to(&packet.contents, packet.destination).await.unwrap();
                    continue;
                }
                Output::Event(Event::MediaData(data)) => {
                    match Some(data.mid) == self.audio {
                        true => self.packets.push(data),
                        false => self.frames.push(data),
                    }
                    continue;
                }
                Output::Event(_) => continue,
            };
            let wait = timeout.min(Instant::now() + Duration::from_millis(200));
            let received =
                tokio::time::timeout_at(wait.into(), self.socket.recv_from(&mut datagram));
            match received.await {
                Ok(received) => self.take(&datagram, received.unwrap()),
                Err(_) => self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap(),
            }
        }
    }

    fn take(&mut self, datagram: &[u8], (length, source): (usize, SocketAddr)) {
        let destination = self.socket.local_addr().unwrap();
        let contents = datagram[..length].try_into().unwrap();
        let receive = Receive { proto: Protocol::Udp, source, destination, contents };
        self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
    }
}

/// When something was captured, as the sender reports have it.
fn captured(data: &MediaData) -> Option<SystemTime> {
    let report = data.last_sender_info?;
    let rate = data.time.frequency();
    let of = |time: str0m::media::MediaTime| time.rebase(rate).numer() as u32;
    // RTP times wrap at 32 bits.
    let ticks = of(data.time).wrapping_sub(of(report.rtp_time)).cast_signed();
    let away = Duration::from_secs_f64(f64::from(ticks.unsigned_abs()) / f64::from(rate.get()));
    Some(if ticks < 0 { report.ntp_time - away } else { report.ntp_time + away })
}

/// A device begins to deliver this long after it began to record: as long as what comes at once.
const BEGUN_MS: i64 = 3000;

/// A device that records this, as it happens: a chunk each time something is to go on.
struct Device<'a> {
    client: Client,
    capture: &'a Capture,
    sent: usize,
    position: u64,
}

impl<'a> Device<'a> {
    async fn begin(server: &Server, capture: &'a Capture, begun_ms: i64) -> Self {
        let (mut client, welcome) = Client::hello(server, "session-1").await;
        client
            .text(serde_json::json!({
                "type": "generation", "generation": 0, "mime": capture.mime, "reason": "start",
                "started_ms": welcome["now_ms"].as_i64().unwrap() - begun_ms, "offset_ms": 0,
            }))
            .await;
        let mut device = Self { client, capture, sent: 0, position: 0 };
        device.send(3).await;
        device.client.acknowledged(0, 1).await;
        device
    }

    async fn send(&mut self, chunks: usize) {
        for chunk in self.capture.chunks().iter().skip(self.sent).take(chunks) {
            self.client.chunk(0, self.position, chunk).await;
            self.position += chunk.len() as u64;
            self.sent += 1;
        }
    }
}

#[tokio::test]
async fn aac_is_heard_as_opus() {
    let capture = captures::named("webkit-mp4-h264-aac");
    let server = Server::start(&[]);
    let mut device = Device::begin(&server, &capture, 0).await;
    let (mut watcher, answer) = watch(&server, true).await.unwrap();
    assert_eq!(answer.header("localcamera-sound"), Some("converted"));
    watcher.until(|watcher| !watcher.frames.is_empty()).await;
    // What comes from now on is heard.
    device.send(4).await;
    watcher.until(|watcher| watcher.packets.len() > 60 && watcher.frames.len() > 60).await;
    let packets = &watcher.packets;
    assert_eq!(packets[0].params.spec().codec, Codec::Opus);
    // Each begins where the one before ended, 20 ms at 48 kHz, unless a busy machine has left
    // some out.
    let steps: Vec<u64> = packets
        .windows(2)
        .map(|pair| pair[1].time.numer().wrapping_sub(pair[0].time.numer()))
        .collect();
    assert!(steps.iter().all(|step| *step >= 960), "{steps:?}");
    let close = steps.iter().filter(|step| **step == 960).count();
    assert!(close * 10 >= steps.len() * 8, "{steps:?}");
    assert!(packets.iter().all(|packet| !packet.data.is_empty()));
    drop(device);
}

#[tokio::test]
async fn sender_reports_say_when_picture_and_sound_were_captured() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let began = SystemTime::now();
    let mut device = Device::begin(&server, &capture, BEGUN_MS).await;
    let took_s = began.elapsed().unwrap().as_secs_f64();
    let (mut watcher, _) = watch(&server, true).await.unwrap();
    watcher.until(|watcher| !watcher.frames.is_empty()).await;
    // No more than is played at its own pace.
    device.send(2).await;
    let reported = |all: &[MediaData]| all.iter().filter_map(captured).count();
    watcher
        .until(|watcher| reported(&watcher.frames) > 20 && reported(&watcher.packets) > 15)
        .await;
    // What goes out untouched is known again by its bytes.
    let captured_at_s = media_times(&capture);
    for all in [&watcher.frames, &watcher.packets] {
        let starts = all.iter().filter_map(|data| {
            // What was there before has been compressed in time.
            let media = captured_at_s.get(&data.data[..]).filter(|media| **media > 3.2)?;
            Some(seconds_since(began, captured(data)?) - media)
        });
        let starts: Vec<f64> = starts.collect();
        assert!(starts.len() > 5, "{starts:?}");
        // Each says when the generation began, which was when the device said so.
        let begun_s = BEGUN_MS as f64 / 1000.0;
        let is_wrong = |start: &&f64| !(-0.05..took_s + 0.05).contains(&(**start + begun_s));
        let wrong: Vec<&f64> = starts.iter().filter(is_wrong).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
    drop(device);
}

fn seconds_since(began: SystemTime, at: SystemTime) -> f64 {
    match at.duration_since(began) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// When each frame of a capture is shown, by its bytes.
fn media_times(capture: &Capture) -> HashMap<Vec<u8>, f64> {
    let mut demuxer = Demuxer::new();
    demuxer.push(capture.stream.clone().into());
    let mut times = HashMap::new();
    let mut tracks = Vec::new();
    while let Some(event) = demuxer.poll().unwrap() {
        match event {
            container::Event::Init(init) => tracks.clone_from(&init.tracks),
            container::Event::Sample(sample) => {
                let at_ns = tracks[sample.track].to_nanos(sample.pts);
                times.insert(sample.data.to_vec(), at_ns as f64 / 1e9);
            }
            container::Event::Config { .. } => {}
        }
    }
    times
}

#[tokio::test]
async fn what_is_not_heard_is_said() {
    let capture = captures::named("webkit-mp4-h264-aac");
    // Without ffmpeg there is a picture.
    let folder = tempfile::tempdir().unwrap();
    let mut without = command(folder.path());
    without.env("PATH", folder.path());
    let server = Server::run(without, folder, &[]);
    let mut device = Device::begin(&server, &capture, 0).await;
    let (mut watcher, answer) = watch(&server, true).await.unwrap();
    assert_eq!(answer.header("localcamera-sound"), Some("missing; reason=no_ffmpeg"));
    device.send(2).await;
    watcher.until(|watcher| watcher.frames.len() > 10).await;
    assert!(watcher.packets.is_empty() && watcher.frames.iter().all(|f| f.mid == watcher.video));
    drop(device);
    let server = Server::start(&[]);
    let device = Device::begin(&server, &capture, 0).await;
    let (_, answer) = watch(&server, false).await.unwrap();
    assert_eq!(answer.header("localcamera-sound"), Some("missing; reason=not_offered"));
    drop(device);
    // What is Opus already goes out as it is.
    let capture = captures::named("chromium-webm-vp8-opus");
    let server = Server::start(&[]);
    let device = Device::begin(&server, &capture, 0).await;
    let (_, answer) = watch(&server, true).await.unwrap();
    assert_eq!(answer.header("localcamera-sound"), Some("original"));
    drop(device);
}
