//! One viewer's connection.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use container::{Kind, Sample, Track};
use str0m::format::PayloadParams;
use str0m::media::{MediaKind, MediaTime, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::frames::Outgoing;
use super::timing::Timing;
use crate::live::{Delivery, Format, Told, Viewer};

/// A browser that has not connected by then never will.
const CONNECT_PATIENCE: Duration = Duration::from_secs(15);

/// A group of pictures is sent again at most this often, whatever is asked for.
const REPLAY_INTERVAL: Duration = Duration::from_secs(2);

/// A longer group is not sent at once: it would take the network from what is live.
const MAX_REPLAY_BYTES: usize = 1 << 20;

/// What waits to be due: some seconds of the largest stream.
const MAX_WAITING: usize = 4000;

/// Datagrams from the network, with the local address that they came to.
pub(super) type Packets = mpsc::Receiver<(SocketAddr, SocketAddr, Vec<u8>)>;

/// A connection from its answer to its end.
pub(super) struct Session {
    pub(super) rtc: Rtc,
    pub(super) sockets: Arc<Vec<UdpSocket>>,
    pub(super) packets: Packets,
    pub(super) viewer: Viewer,
    pub(super) outgoing: Vec<Outgoing>,
    pub(super) began: Instant,
    lines: Vec<Line>,
    tracks: Vec<Track>,
    timing: Timing,
    waiting: VecDeque<Waiting>,
    is_connected: bool,
    replayed: Option<Instant>,
}

/// A media line of the answer.
struct Line {
    mid: Mid,
    pt: Pt,
    track: usize,
    kind: Kind,
}

struct Waiting {
    due: Duration,
    track: usize,
    frame: Bytes,
}

/// The connection is over.
pub(super) struct Over;

impl Session {
    pub(super) fn new(
        rtc: Rtc,
        sockets: Arc<Vec<UdpSocket>>,
        packets: Packets,
        viewer: Viewer,
        outgoing: Vec<Outgoing>,
        began: Instant,
    ) -> Self {
        Self {
            rtc,
            sockets,
            packets,
            viewer,
            outgoing,
            began,
            lines: Vec::new(),
            tracks: Vec::new(),
            timing: Timing::default(),
            waiting: VecDeque::new(),
            is_connected: false,
            replayed: None,
        }
    }

    /// Finds out which of the tracks the offer takes. `Err` names what it lacks.
    pub(super) fn settle(&mut self, offer: &str) -> Result<(), String> {
        // The library tells of its media lines only once the connection is there.
        let mids = offer.lines().filter_map(|line| line.trim().strip_prefix("a=mid:"));
        let kind = |mid: Mid| self.rtc.media(mid).map(|media| (mid, media.kind()));
        let added: Vec<(Mid, MediaKind)> = mids.filter_map(|mid| kind(mid.into())).collect();
        for outgoing in &self.outgoing {
            let kind =
                if outgoing.kind == Kind::Video { MediaKind::Video } else { MediaKind::Audio };
            let taken = added.iter().filter(|(_, own)| *own == kind).find_map(|&(mid, _)| {
                let writer = self.rtc.writer(mid)?;
                let fits = |params: &&PayloadParams| outgoing.fits(params);
                let pt = writer.payload_params().find(fits)?.pt();
                Some(Line { mid, pt, track: outgoing.track, kind: outgoing.kind })
            });
            match taken {
                Some(line) => self.lines.push(line),
                None if outgoing.kind == Kind::Video => {
                    return Err(format!(
                        "the stream's video is {}, and the offer takes none of its kind",
                        outgoing.codec
                    ));
                }
                // A picture without sound is better than none.
                None => {}
            }
        }
        Ok(())
    }

    /// Serves the viewer until either side ends.
    pub(super) async fn run(mut self) {
        while self.turn().await.is_ok() {}
        let _ = self.rtc.close();
        // The peer learns it, if it is there.
        let _ = self.drain();
    }

    async fn turn(&mut self) -> Result<(), Over> {
        self.send_due();
        let timeout = self.drain()?;
        if !self.is_connected && self.began.elapsed() > CONNECT_PATIENCE {
            return Err(Over);
        }
        let next = self.waiting.front().map(|first| self.began + first.due);
        let wake =
            next.map_or(timeout, |due| due.min(timeout)).min(Instant::now() + CONNECT_PATIENCE);
        tokio::select! {
            packet = self.packets.recv() => {
                let (source, destination, contents) = packet.ok_or(Over)?;
                let Ok(contents) = contents.as_slice().try_into() else { return Ok(()) };
                let receive = Receive { proto: Protocol::Udp, source, destination, contents };
                self.rtc.handle_input(Input::Receive(Instant::now(), receive)).map_err(|_| Over)?;
            }
            () = self.viewer.changed(), if self.is_connected => {}
            () = tokio::time::sleep_until(wake.into()) => {
                self.rtc.handle_input(Input::Timeout(Instant::now())).map_err(|_| Over)?;
            }
        }
        if self.is_connected { self.take() } else { Ok(()) }
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
                    self.is_connected = true;
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
                Told::Delivery(Delivery::Skipped(_)) => self.timing.interrupt(),
                Told::Delivery(Delivery::Fragment(piece)) => self.pace(&piece.samples),
                Told::Nothing => return Ok(()),
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
            known.zip(new).is_some_and(|(known, new)| known.codec == new.codec)
        });
        if !goes_on {
            return Err(Over);
        }
        self.outgoing = outgoing;
        self.tracks.clone_from(&format.tracks);
        self.timing.interrupt();
        Ok(())
    }

    fn pace(&mut self, samples: &[Sample]) {
        let now = self.began.elapsed();
        // The first piece is the group that was before the viewer came: its end is now.
        let is_first = self.replayed.is_none();
        self.replayed.get_or_insert_with(Instant::now);
        if is_first {
            self.catch_up(samples);
            return;
        }
        for sample in samples {
            let Some(frame) = self.frame(sample) else { continue };
            let at_ns = self.tracks[sample.track].to_nanos(sample.pts);
            let due = self.timing.due(sample.track.min(1), at_ns, now);
            let at = self.waiting.partition_point(|waiting| waiting.due <= due);
            self.waiting.insert(at, Waiting { due, track: sample.track, frame });
        }
        while self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
        }
    }

    /// A viewer has lost too much to go on: the newest group brings it back.
    fn replay(&mut self) {
        if self.replayed.is_some_and(|at| at.elapsed() < REPLAY_INTERVAL) {
            return;
        }
        self.replayed = Some(Instant::now());
        let group = self.viewer.group();
        self.catch_up(&group);
    }

    /// Sends video at once that leads up to the present. Its sound is past.
    fn catch_up(&mut self, samples: &[Sample]) {
        let video = self.lines.iter().find(|line| line.kind == Kind::Video).map(|line| line.track);
        let bytes: usize = samples.iter().map(|sample| sample.data.len()).sum();
        if bytes > MAX_REPLAY_BYTES {
            return;
        }
        let now = self.began.elapsed();
        for sample in samples.iter().filter(|sample| Some(sample.track) == video) {
            let Some(frame) = self.frame(sample) else { continue };
            let due = self.timing.catch_up(sample.track.min(1)).max(now);
            self.write(sample.track, due, &frame);
        }
        if let Some(last) = samples.last() {
            let at_ns = self.tracks[last.track].to_nanos(last.pts);
            self.timing.interrupt();
            self.timing.due(last.track.min(1), at_ns, now);
        }
    }

    fn frame(&self, sample: &Sample) -> Option<Bytes> {
        self.lines.iter().find(|line| line.track == sample.track)?;
        let outgoing = self.outgoing.iter().find(|own| own.track == sample.track)?;
        outgoing.frame(sample).map(Bytes::from)
    }

    fn send_due(&mut self) {
        let now = self.began.elapsed();
        while let Some(waiting) = self.waiting.pop_front_if(|waiting| waiting.due <= now) {
            self.write(waiting.track, waiting.due, &waiting.frame);
        }
    }

    fn write(&mut self, track: usize, time: Duration, frame: &[u8]) {
        let Some(line) = self.lines.iter().find(|line| line.track == track) else { return };
        let rtp_time = MediaTime::from_micros(u64::try_from(time.as_micros()).unwrap_or(0));
        if let Some(writer) = self.rtc.writer(line.mid)
            && let Err(error) = writer.write(line.pt, self.began + time, rtp_time, frame)
        {
            tracing::debug!(%error, "a frame is left out");
        }
        // Packets leave before the next frame is cut into more of them.
        let _ = self.drain();
    }
}
