//! One viewer's connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use container::codec::opus;
use container::{Kind, Sample, Track};
use str0m::media::{Frequency, MediaTime};
use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, Input, Output, Rtc, RtcError};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::frames::{self, Outgoing};
use super::heard::Heard;
use super::line::Line;
use super::queue::{Payload, Queue, Waiting};
use super::timing::Timing;
use crate::clock::{self, WallUs};
use crate::live::playback::{NoSound, Sound};
use crate::live::sound::Packet;
use crate::live::{Delivery, Format, Told, Viewer};
use crate::metrics::{self, Watched};

/// A browser that has not connected by then never will.
const CONNECT_PATIENCE: Duration = Duration::from_secs(15);

/// A group of pictures is sent again at most this often, whatever is asked for.
const REPLAY_INTERVAL: Duration = Duration::from_secs(2);

/// A longer group is not sent at once: it would take the network from what is live.
const MAX_REPLAY_BYTES: usize = 1 << 20;

/// Frames of one track are at least this far apart.
const LEAST_STEP: Duration = Duration::from_millis(1);

/// Datagrams from the network, with the local address that they came to.
pub(super) type Packets = mpsc::Receiver<(SocketAddr, SocketAddr, Vec<u8>)>;

/// A connection from its answer to its end.
pub(super) struct Session {
    rtc: Rtc,
    sockets: Arc<Vec<UdpSocket>>,
    packets: Packets,
    viewer: Viewer,
    sounds: Heard,
    outgoing: Vec<Outgoing>,
    began: Instant,
    lines: Vec<Line>,
    tracks: Vec<Track>,
    /// Wall time of the samples' time zero.
    anchor_us: WallUs,
    timing: Timing,
    waiting: Queue,
    is_connected: Arc<AtomicBool>,
    /// What was there when the viewer came, until all of it has been taken.
    past: Vec<Sample>,
    is_joining: bool,
    /// Media time of the newest video that has been sent.
    sent_ns: Option<i64>,
    /// Sound in front of it is past.
    joined_ns: i64,
    replayed: Option<Instant>,
    is_over: bool,
}

/// The connection is over.
pub(super) struct Over;

impl Session {
    pub(super) fn new(
        rtc: Rtc,
        sockets: Arc<Vec<UdpSocket>>,
        packets: Packets,
        (viewer, sounds): (Viewer, Heard),
        outgoing: Vec<Outgoing>,
        began: Instant,
        is_connected: Arc<AtomicBool>,
    ) -> Self {
        Self {
            rtc,
            sockets,
            packets,
            viewer,
            sounds,
            outgoing,
            began,
            lines: Vec::new(),
            tracks: Vec::new(),
            anchor_us: 0,
            timing: Timing::default(),
            waiting: Queue::default(),
            is_connected,
            past: Vec::new(),
            is_joining: true,
            sent_ns: None,
            joined_ns: i64::MIN,
            replayed: None,
            is_over: false,
        }
    }

    /// Finds out which of the tracks the offer takes. `Err` names what it lacks.
    pub(super) fn settle(&mut self, offer: &str) -> Result<Sound, String> {
        self.lines = Line::all(&mut self.rtc, &self.outgoing, offer)?;
        let sound = self.outgoing.iter().find(|own| own.kind == Kind::Audio);
        let is_taken = self.lines.iter().any(|line| line.kind == Kind::Audio);
        let is_converted = sound.is_some_and(|sound| sound.is_converted);
        // It was listened to before it was known that the offer takes none of it.
        let _ = self.sounds.listen(is_taken && is_converted);
        Ok(match sound {
            None => Sound::None,
            Some(_) if !is_taken => Sound::Missing(NoSound::NotOffered),
            Some(_) if is_converted => Sound::Converted,
            Some(_) => Sound::Original,
        })
    }

    /// Serves the viewer until either side ends.
    pub(super) async fn run(mut self) {
        let _present = metrics::VIEWERS.enter(Watched::Webrtc);
        while self.turn().await.is_ok() {}
        let _ = self.rtc.close();
        // The peer learns it, if it is there.
        let _ = self.drain();
    }

    async fn turn(&mut self) -> Result<(), Over> {
        self.send_due();
        let timeout = self.drain()?;
        if self.is_over {
            return Err(Over);
        }
        let is_connected = self.is_connected.load(Ordering::Relaxed);
        if !is_connected && self.began.elapsed() > CONNECT_PATIENCE {
            return Err(Over);
        }
        let next = self.waiting.next_due().map(|due| self.began + due);
        let wake =
            next.map_or(timeout, |due| due.min(timeout)).min(Instant::now() + CONNECT_PATIENCE);
        tokio::select! {
            packet = self.packets.recv() => {
                let (source, destination, contents) = packet.ok_or(Over)?;
                let Ok(contents) = contents.as_slice().try_into() else { return Ok(()) };
                let receive = Receive { proto: Protocol::Udp, source, destination, contents };
                self.input(Input::Receive(Instant::now(), receive))?;
            }
            () = self.viewer.changed(), if is_connected => {}
            packet = self.sounds.next(), if is_connected => self.hear(packet),
            () = tokio::time::sleep_until(wake.into()) => {
                self.input(Input::Timeout(Instant::now()))?;
            }
        }
        if self.is_connected.load(Ordering::Relaxed) { self.take() } else { Ok(()) }
    }

    /// Does what the connection asks for; returns when it has to be asked again.
    fn drain(&mut self) -> Result<Instant, Over> {
        loop {
            match self.rtc.poll_output().map_err(|_| Over)? {
                Output::Timeout(at) if self.rtc.is_alive() => return Ok(at),
                Output::Timeout(_) => return Err(Over),
                Output::Transmit(packet) => {
                    let is_from = |socket: &&UdpSocket| {
                        socket.local_addr().is_ok_and(|own| own == packet.source)
                    };
                    let socket = self.sockets.iter().find(is_from).or(self.sockets.first());
                    // A datagram that finds no room is lost, as any may be.
                    let _ = socket.map(|s| s.try_send_to(&packet.contents, packet.destination));
                }
                Output::Event(Event::Connected) => {
                    self.is_connected.store(true, Ordering::Relaxed);
                    self.take()?;
                }
                Output::Event(Event::IceConnectionStateChange(
                    IceConnectionState::Disconnected,
                )) => return Err(Over),
                Output::Event(Event::KeyframeRequest(_)) => self.replay(),
                Output::Event(_) => {}
            }
        }
    }

    /// Takes what is new of the stream.
    fn take(&mut self) -> Result<(), Over> {
        loop {
            match self.viewer.next() {
                Told::Delivery(Delivery::Format(format)) => self.open(&format)?,
                // It goes on with the newest group, as one that has just come.
                Told::Delivery(Delivery::Skipped(ms)) => {
                    metrics::skipped(Watched::Webrtc, ms);
                    self.past.clear();
                    self.waiting.clear();
                    self.is_joining = true;
                }
                Told::Delivery(Delivery::Fragment(piece)) if self.is_joining => {
                    self.past.extend(piece.samples.iter().cloned());
                }
                Told::Delivery(Delivery::Fragment(piece)) => self.pace(&piece.samples),
                Told::Nothing => {
                    if !self.past.is_empty() {
                        self.is_joining = false;
                        self.replayed = Some(Instant::now());
                        let past = std::mem::take(&mut self.past);
                        self.join(&past);
                    }
                    return Ok(());
                }
                Told::Over => return Err(Over),
            }
        }
    }

    /// Another init segment: the same codecs go on, others need another offer.
    fn open(&mut self, format: &Format) -> Result<(), Over> {
        let outgoing = Outgoing::of(&format.tracks);
        let goes_on = self.lines.iter().all(|line| {
            let known = self.outgoing.iter().find(|known| known.track == line.track);
            let new = outgoing.iter().find(|new| new.track == line.track);
            known.zip(new).is_some_and(|(known, new)| known.is_like(new))
        });
        if !goes_on {
            return Err(Over);
        }
        let is_heard = |own: &Outgoing| self.lines.iter().any(|line| line.track == own.track);
        let is_converted = outgoing.iter().any(|own| own.is_converted && is_heard(own));
        // The next offer is told that there is none, and its player may have it in another way.
        self.sounds.listen(is_converted).map_err(|_| Over)?;
        self.outgoing = outgoing;
        self.tracks.clone_from(&format.tracks);
        self.anchor_us = format.anchor_us;
        self.timing.interrupt();
        self.past.clear();
        self.waiting.clear();
        self.sent_ns = None;
        self.is_joining = true;
        Ok(())
    }

    fn pace(&mut self, samples: &[Sample]) {
        let now = self.began.elapsed();
        let video = self.outgoing.iter().find(|own| own.kind == Kind::Video);
        if video.is_some_and(|video| frames::is_reordered(samples, video)) {
            // The group that was there at the offer did not show it. The next offer is told so.
            self.is_over = true;
            return;
        }
        for sample in samples {
            let Some(at_ns) = self.at_ns(sample) else { continue };
            if !self.is_sent(sample) {
                // What is converted comes later, and is due as if it were here.
                self.timing.seen(at_ns, now);
                continue;
            }
            let due = self.timing.due(sample.track.min(1), at_ns, now);
            let data = Payload::Sample(sample.clone());
            self.waiting.push(Waiting { due, at_ns, track: sample.track, data });
        }
        self.bound_waiting();
    }

    /// Converted sound has come.
    fn hear(&mut self, packet: Packet) {
        let Packet { anchor_us, at_ns, data } = packet;
        let line = self.lines.iter().find(|line| line.kind == Kind::Audio);
        let is_now = anchor_us == self.anchor_us && at_ns > self.joined_ns && !self.is_joining;
        let Some(track) = line.map(|line| line.track).filter(|_| is_now) else { return };
        let now = self.began.elapsed();
        let Some(due) = self.timing.due_converted(track.min(1), at_ns, now) else { return };
        self.waiting.push(Waiting { due, at_ns, track, data: Payload::Packet(data) });
        self.bound_waiting();
    }

    fn bound_waiting(&mut self) {
        if self.waiting.is_too_long(self.began.elapsed()) {
            // Nothing that follows could be decoded without what is left out.
            self.waiting.clear();
            self.timing.interrupt();
            self.viewer = self.viewer.again();
            self.is_joining = true;
        }
    }

    /// A viewer has lost too much to go on: what it has been sent of the newest group brings it
    /// back. What waits follows at its time.
    fn replay(&mut self) {
        if self.replayed.is_some_and(|at| at.elapsed() < REPLAY_INTERVAL) {
            return;
        }
        self.replayed = Some(Instant::now());
        let mut group = self.viewer.group();
        group.retain(|sample| {
            let at_ns = self.at_ns(sample);
            at_ns.is_some() && at_ns <= self.sent_ns
        });
        self.catch_up(&group);
    }

    /// Leads a viewer that has just come up to the present.
    fn join(&mut self, past: &[Sample]) {
        let present = self.catch_up(past);
        if let Some(last) = past.last()
            && let Some(at_ns) = self.at_ns(last)
        {
            self.joined_ns = at_ns;
            self.timing.interrupt();
            self.timing.due(last.track.min(1), at_ns, present);
        }
    }

    /// Sends video as fast as the network takes it, in front of all that waits. Its sound is
    /// past. Returns when all of it will have gone.
    fn catch_up(&mut self, samples: &[Sample]) -> Duration {
        let video = self.lines.iter().find(|line| line.kind == Kind::Video).map(|line| line.track);
        let now = self.began.elapsed();
        let bytes: usize = samples.iter().map(|sample| sample.data.len()).sum();
        if bytes > MAX_REPLAY_BYTES {
            return now;
        }
        let tracks = &self.tracks;
        let timed = |sample: &Sample| Some((at_ns(tracks, sample)?, sample.clone()));
        let group = samples.iter().filter(|sample| Some(sample.track) == video);
        self.waiting.lead(now, group.filter_map(timed))
    }

    /// Its media time.
    fn at_ns(&self, sample: &Sample) -> Option<i64> {
        at_ns(&self.tracks, sample)
    }

    /// Whether it goes out as it is.
    fn is_sent(&self, sample: &Sample) -> bool {
        let of = |track: usize| track == sample.track;
        let is_converted = |own: &Outgoing| of(own.track) && own.is_converted;
        self.lines.iter().any(|line| of(line.track)) && !self.outgoing.iter().any(is_converted)
    }

    fn frame(&self, sample: &Sample) -> Option<Bytes> {
        let outgoing = self.outgoing.iter().find(|own| own.track == sample.track)?;
        outgoing.frame(sample).map(Bytes::from)
    }

    fn send_due(&mut self) {
        let now = self.began.elapsed();
        while let Some(waiting) = self.waiting.pop(now) {
            let is_video = |line: &Line| line.track == waiting.track && line.kind == Kind::Video;
            if self.lines.iter().any(is_video) {
                self.sent_ns = self.sent_ns.max(Some(waiting.at_ns));
            }
            let frame = match &waiting.data {
                Payload::Sample(sample) => self.frame(sample),
                Payload::Packet(packet) => Some(packet.clone()),
            };
            let Some(frame) = frame else { continue };
            self.write(waiting.track, waiting.due, waiting.at_ns, &frame);
        }
    }

    fn write(&mut self, track: usize, time: Duration, at_ns: i64, frame: &[u8]) {
        let captured = self.captured(at_ns);
        let Some(line) = self.lines.iter_mut().find(|line| line.track == track) else { return };
        let time = time.max(line.sent + LEAST_STEP);
        line.sent = time;
        let (mid, pt) = (line.mid, line.pt);
        let rtp_time = match opus::packet_duration(frame).filter(|_| line.kind == Kind::Audio) {
            Some(samples) => {
                MediaTime::new(line.rhythm.next(time, samples), Frequency::FORTY_EIGHT_KHZ)
            }
            None => MediaTime::from_micros(u64::try_from(time.as_micros()).unwrap_or(0)),
        };
        if let Some(writer) = self.rtc.writer(mid)
            && let Err(error) = writer.write(pt, captured, rtp_time, frame)
        {
            tracing::debug!(%error, "a frame is left out");
        }
        // A frame becomes packets before the next one is handed in.
        if self.input(Input::Timeout(Instant::now())).is_err() || self.drain().is_err() {
            self.is_over = true;
        }
    }

    /// When a sample of this media time was captured, so that the sender reports map its RTP time
    /// to wall time. A time that is still to come is none: the clock was set, or a device's is off.
    fn captured(&self, at_ns: i64) -> Instant {
        let now = Instant::now();
        let captured_us = self.anchor_us.saturating_add(at_ns / 1000);
        let age_us = clock::now_us().saturating_sub(captured_us).max(0).unsigned_abs();
        now.checked_sub(Duration::from_micros(age_us)).unwrap_or(now)
    }

    fn input(&mut self, input: Input<'_>) -> Result<(), Over> {
        match self.rtc.handle_input(input) {
            // One frame that cannot be cut into packets is no reason to end.
            Ok(()) | Err(RtcError::Packet(..)) => Ok(()),
            Err(_) => Err(Over),
        }
    }
}

fn at_ns(tracks: &[Track], sample: &Sample) -> Option<i64> {
    tracks.get(sample.track).map(|track| track.to_nanos(sample.pts))
}
