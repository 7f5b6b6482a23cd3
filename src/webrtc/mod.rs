//! Live streams by WebRTC (WHEP): one UDP port for all viewers, frames passed through untouched.

mod frames;
mod heard;
mod line;
mod queue;
mod rhythm;
mod sdp;
mod session;
mod timing;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use str0m::change::SdpOffer;
use str0m::ice::{IceCreds, StunMessage};
use str0m::{Candidate, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::live::playback::{Answer, Playback, Refusal, Sound};
use crate::live::sound::Sounds;
use crate::live::{Delivery, Streams, Told, Viewer};
use frames::Outgoing;
use heard::Heard;
use session::Session;

/// Every viewer takes its own encryption.
const MAX_SESSIONS: usize = 200;

/// Datagrams of one viewer that wait for its task: acknowledgements and requests, nothing else.
const MAX_PACKETS: usize = 64;

/// The largest datagram of an Ethernet.
const MAX_DATAGRAM_BYTES: usize = 2048;

/// Addresses from which one viewer comes: its interfaces, and what lies in between.
const MAX_SOURCES: usize = 16;

/// A player asks for one picture and one sound.
const MAX_MEDIA_LINES: usize = 16;

/// Times of sound and picture are told to the viewer this often.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// A source that has not been heard for this long is forgotten.
const ROUTE_LIFETIME: Duration = Duration::from_secs(60);

/// Serves viewers by WebRTC. Clones share the sockets.
#[derive(Clone)]
pub(crate) struct WebRtc {
    streams: Streams,
    sounds: Sounds,
    sockets: Arc<Vec<UdpSocket>>,
    /// Where datagrams are sent that somebody forwards to the sockets.
    forwarded: Arc<[IpAddr]>,
    routes: Arc<Mutex<Routes>>,
    shutdown: CancellationToken,
}

type Sender = mpsc::Sender<(SocketAddr, SocketAddr, Vec<u8>)>;

/// How a session is reached.
struct Reachable {
    sender: Sender,
    began: Instant,
    is_connected: Arc<AtomicBool>,
}

#[derive(Default)]
struct Routes {
    /// By the local part of the ICE user name.
    sessions: HashMap<String, Reachable>,
    sources: HashMap<SocketAddr, (String, Instant)>,
}

impl WebRtc {
    /// Takes datagrams at these sockets, and those that are forwarded to them from the same port
    /// of other addresses.
    pub(crate) fn new(
        streams: Streams,
        sockets: Vec<std::net::UdpSocket>,
        forwarded: Vec<IpAddr>,
        sounds: Sounds,
        shutdown: CancellationToken,
    ) -> std::io::Result<Self> {
        let sockets =
            sockets.into_iter().map(UdpSocket::from_std).collect::<Result<Vec<_>, _>>()?;
        let webrtc = Self {
            streams,
            sounds,
            sockets: Arc::new(sockets),
            forwarded: forwarded.into(),
            routes: Arc::default(),
            shutdown,
        };
        for index in 0..webrtc.sockets.len() {
            let webrtc = webrtc.clone();
            tokio::spawn(async move { webrtc.listen(index).await });
        }
        Ok(webrtc)
    }

    async fn listen(&self, index: usize) {
        let socket = &self.sockets[index];
        let Ok(local) = socket.local_addr() else { return };
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
        loop {
            let received = tokio::select! {
                received = socket.recv_from(&mut buffer) => received,
                () = self.shutdown.cancelled() => return,
            };
            // A peer that is gone answers with an error, which is about it alone.
            let Ok((length, source)) = received else { continue };
            let datagram = &buffer[..length];
            if let Some(session) = self.lock().route(source, datagram) {
                // One that does not keep up loses datagrams, as on any network.
                let _ = session.try_send((source, local, datagram.to_vec()));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rtc(&self, outgoing: &[Outgoing], id: &str, began: Instant) -> Rtc {
        use str0m::format::Codec;
        let has = |codec: Codec| outgoing.iter().any(|outgoing| outgoing.codec == codec);
        let credentials =
            IceCreds { ufrag: id.to_owned(), pass: uuid::Uuid::new_v4().simple().to_string() };
        let mut rtc = RtcConfig::new()
            .clear_codecs()
            .enable_opus(has(Codec::Opus), false)
            .enable_vp8(has(Codec::Vp8))
            .enable_vp9(has(Codec::Vp9))
            .enable_h264(has(Codec::H264))
            .enable_av1(has(Codec::Av1))
            // Each is what a receiver knows of when a frame was captured.
            .set_rtcp_report_interval_audio(REPORT_INTERVAL)
            .set_rtcp_report_interval_video(REPORT_INTERVAL)
            .set_ice_lite(true)
            .set_local_ice_credentials(credentials)
            .build(began);
        let own: Vec<SocketAddr> =
            self.sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect();
        let port = own.first().map_or(0, SocketAddr::port);
        let forwarded = self.forwarded.iter().map(|ip| SocketAddr::new(*ip, port));
        for at in own.iter().copied().chain(forwarded) {
            let candidate = Candidate::host(at, "udp").ok();
            candidate.and_then(|candidate| rtc.add_local_candidate(candidate).cloned());
        }
        rtc
    }
}

impl Routes {
    /// Whose datagram it is. A STUN request names its session; all else goes where the source's
    /// last one went.
    fn route(&mut self, source: SocketAddr, datagram: &[u8]) -> Option<Sender> {
        // RFC 7983: the first byte of STUN is 0 to 3.
        let stun = datagram.first().filter(|&&byte| byte < 4);
        let message = stun.and_then(|_| StunMessage::parse(datagram).ok());
        if let Some((id, _)) = message.as_ref().and_then(StunMessage::split_username) {
            let sender = self.sessions.get(id)?.sender.clone();
            if self.sources.get(&source).is_none_or(|(known, _)| known != id) {
                self.sources.retain(|_, (_, heard)| heard.elapsed() < ROUTE_LIFETIME);
                let own = self.sources.values().filter(|(known, _)| known == id).count();
                if own >= MAX_SOURCES {
                    return None;
                }
                self.sources.insert(source, (id.to_owned(), Instant::now()));
            }
            return Some(sender);
        }
        let (id, heard) = self.sources.get_mut(&source)?;
        *heard = Instant::now();
        self.sessions.get(id).map(|session| session.sender.clone())
    }

    /// Makes room for a session: where there is none left, the oldest one goes that has not
    /// connected.
    fn make_room(&mut self) -> bool {
        if self.sessions.len() < MAX_SESSIONS {
            return true;
        }
        let waiting = self
            .sessions
            .iter()
            .filter(|(_, session)| !session.is_connected.load(Ordering::Relaxed));
        let oldest = waiting.min_by_key(|(_, session)| session.began).map(|(id, _)| id.clone());
        oldest.is_some_and(|id| self.sessions.remove(&id).is_some())
    }
}

/// Takes a session off the list, however its task ends.
struct Listed {
    webrtc: WebRtc,
    id: String,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.webrtc.end(&self.id);
    }
}

impl Playback for WebRtc {
    fn answer(&self, name: &str, offer: &str, ended: CancellationToken) -> Result<Answer, Refusal> {
        let stream = self.streams.get(name).ok_or_else(|| Refusal::NoStream(name.to_owned()))?;
        let bad = |error: &dyn std::fmt::Display| Refusal::BadOffer(error.to_string());
        let text = offer;
        if text.lines().filter(|line| line.starts_with("m=")).count() > MAX_MEDIA_LINES {
            return Err(Refusal::BadOffer("the offer has too many media lines".to_owned()));
        }
        let offer = SdpOffer::from_sdp_string(text).map_err(|error| bad(&error))?;
        let mut viewer = Viewer::new(Arc::clone(&stream));
        let Told::Delivery(Delivery::Format(format)) = viewer.next() else {
            return Err(Refusal::NotYet(name.to_owned()));
        };
        let mut outgoing = Outgoing::of(&format.tracks);
        let mut sounds = Heard { sounds: self.sounds.clone(), stream, listening: None };
        let no_sound = sounds.listen(outgoing.iter().any(|own| own.is_converted)).err();
        if let Some(reason) = no_sound {
            outgoing.retain(|own| !own.is_converted);
            if outgoing.is_empty() {
                let reason = format!("the stream has no picture, and {reason}");
                return Err(Refusal::NotPlayable(reason));
            }
        }
        let video = outgoing.iter().find(|own| own.kind == container::Kind::Video);
        if format.mime.starts_with("video") && video.is_none() {
            let reason = format!("WebRTC does not carry {}", format.mime);
            return Err(Refusal::NotPlayable(reason));
        }
        if video.is_some_and(|video| frames::is_reordered(&viewer.group(), video)) {
            let reason = "the stream's frames are not in the order in which they are shown";
            return Err(Refusal::NotPlayable(reason.to_owned()));
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        let began = Instant::now();
        let mut rtc = self.rtc(&outgoing, &id, began);
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| bad(&error))?;
        let (sender, packets) = mpsc::channel(MAX_PACKETS);
        // It has to be told of the format like everybody.
        let viewer = viewer.again();
        let sockets = Arc::clone(&self.sockets);
        let is_connected = Arc::new(AtomicBool::new(false));
        let mut session = Session::new(
            rtc,
            sockets,
            packets,
            (viewer, sounds),
            outgoing,
            began,
            Arc::clone(&is_connected),
        );
        let sound = session.settle(text).map_err(Refusal::NotPlayable)?;
        let sound = no_sound.map_or(sound, Sound::Missing);
        {
            let mut routes = self.lock();
            if !routes.make_room() {
                return Err(Refusal::TooMany);
            }
            routes.sessions.insert(id.clone(), Reachable { sender, began, is_connected });
        }
        let listed = Listed { webrtc: self.clone(), id: id.clone() };
        tokio::spawn(async move {
            let shutdown = listed.webrtc.shutdown.clone();
            tokio::select! {
                () = session.run() => {}
                () = ended.cancelled() => {}
                () = shutdown.cancelled() => {}
            }
        });
        Ok(Answer { id, sdp: sdp::in_one_stream(&answer.to_sdp_string()), sound })
    }

    fn end(&self, id: &str) -> bool {
        let mut routes = self.lock();
        routes.sources.retain(|_, (own, _)| own != id);
        // Its task ends when nothing can reach it any more.
        routes.sessions.remove(id).is_some()
    }
}

/// Sockets for the addresses, all with one port; those that cannot be had are left out.
///
/// # Errors
/// When none can be had.
pub(crate) fn bind(ips: &[IpAddr], port: u16) -> std::io::Result<Vec<std::net::UdpSocket>> {
    let mut sockets: Vec<std::net::UdpSocket> = Vec::new();
    let mut port = port;
    let mut failed = std::io::Error::other("none of the server's addresses is this computer's");
    for ip in ips {
        let bound = std::net::UdpSocket::bind(SocketAddr::new(*ip, port)).and_then(|socket| {
            socket.set_nonblocking(true)?;
            Ok((socket.local_addr()?.port(), socket))
        });
        match bound {
            Ok((own, socket)) => {
                port = own;
                sockets.push(socket);
            }
            Err(error) => failed = error,
        }
    }
    if sockets.is_empty() { Err(failed) } else { Ok(sockets) }
}
