//! Live streams by WebRTC (WHEP): one UDP port for all viewers, frames passed through untouched.

mod frames;
mod session;
mod timing;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use str0m::change::SdpOffer;
use str0m::ice::{IceCreds, StunMessage};
use str0m::{Candidate, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::live::playback::{Answer, Playback, Refusal};
use crate::live::{Delivery, Streams, Told, Viewer};
use frames::Outgoing;
use session::Session;

/// Every viewer takes its own encryption.
const MAX_SESSIONS: usize = 200;

/// Datagrams of one viewer that wait for its task: acknowledgements and requests, nothing else.
const MAX_PACKETS: usize = 64;

/// The largest datagram of an Ethernet.
const MAX_DATAGRAM_BYTES: usize = 2048;

/// A source that has not been heard for this long is forgotten.
const ROUTE_LIFETIME: Duration = Duration::from_secs(60);

/// Serves viewers by WebRTC. Clones share the sockets.
#[derive(Clone)]
pub(crate) struct WebRtc {
    streams: Streams,
    sockets: Arc<Vec<UdpSocket>>,
    routes: Arc<Mutex<Routes>>,
    shutdown: CancellationToken,
}

type Sender = mpsc::Sender<(SocketAddr, SocketAddr, Vec<u8>)>;

#[derive(Default)]
struct Routes {
    /// By the local part of the ICE user name.
    sessions: HashMap<String, Sender>,
    sources: HashMap<SocketAddr, (String, Instant)>,
}

impl WebRtc {
    /// Takes datagrams at these sockets.
    pub(crate) fn new(
        streams: Streams,
        sockets: Vec<std::net::UdpSocket>,
        shutdown: CancellationToken,
    ) -> std::io::Result<Self> {
        let sockets =
            sockets.into_iter().map(UdpSocket::from_std).collect::<Result<Vec<_>, _>>()?;
        let webrtc = Self { streams, sockets: Arc::new(sockets), routes: Arc::default(), shutdown };
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

    fn rtc(&self, outgoing: &[Outgoing], id: &str, began: Instant) -> Result<Rtc, Refusal> {
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
            .set_ice_lite(true)
            .set_local_ice_credentials(credentials)
            .build(began);
        for socket in self.sockets.iter() {
            let candidate = socket.local_addr().ok().and_then(|at| Candidate::host(at, "udp").ok());
            candidate.and_then(|candidate| rtc.add_local_candidate(candidate).cloned());
        }
        Ok(rtc)
    }
}

impl Routes {
    /// Whose datagram it is. An unknown source names its session in a STUN request.
    fn route(&mut self, source: SocketAddr, datagram: &[u8]) -> Option<Sender> {
        if let Some((id, heard)) = self.sources.get_mut(&source) {
            *heard = Instant::now();
            if let Some(session) = self.sessions.get(id) {
                return Some(session.clone());
            }
        }
        let message = StunMessage::parse(datagram).ok()?;
        let (id, _) = message.split_username()?;
        let session = self.sessions.get(id)?.clone();
        self.sources.retain(|_, (_, heard)| heard.elapsed() < ROUTE_LIFETIME);
        self.sources.insert(source, (id.to_owned(), Instant::now()));
        Some(session)
    }
}

impl Playback for WebRtc {
    fn answer(&self, name: &str, offer: &str) -> Result<Answer, Refusal> {
        let stream = self.streams.get(name).ok_or_else(|| Refusal::NoStream(name.to_owned()))?;
        if self.lock().sessions.len() >= MAX_SESSIONS {
            return Err(Refusal::TooMany);
        }
        let bad = |error: &dyn std::fmt::Display| Refusal::BadOffer(error.to_string());
        let text = offer;
        let offer = SdpOffer::from_sdp_string(text).map_err(|error| bad(&error))?;
        let mut viewer = Viewer::new(stream);
        let Told::Delivery(Delivery::Format(format)) = viewer.next() else {
            return Err(Refusal::NotPlayable("the stream has not begun yet".to_owned()));
        };
        let outgoing = Outgoing::of(&format.tracks);
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
        let mut rtc = self.rtc(&outgoing, &id, began)?;
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| bad(&error))?;
        let (sender, packets) = mpsc::channel(MAX_PACKETS);
        // It has to be told of the format like everybody.
        let viewer = viewer.again();
        let sockets = Arc::clone(&self.sockets);
        let mut session = Session::new(rtc, sockets, packets, viewer, outgoing, began);
        session.settle(text).map_err(Refusal::NotPlayable)?;
        self.lock().sessions.insert(id.clone(), sender);
        let (webrtc, own) = (self.clone(), id.clone());
        tokio::spawn(async move {
            let shutdown = webrtc.shutdown.clone();
            tokio::select! {
                () = session.run() => {}
                () = shutdown.cancelled() => {}
            }
            webrtc.end(&own);
        });
        Ok(Answer { id, sdp: answer.to_sdp_string() })
    }

    fn end(&self, id: &str) -> bool {
        let mut routes = self.lock();
        routes.sources.retain(|_, (own, _)| own != id);
        // Its task ends when nothing can reach it any more.
        routes.sessions.remove(id).is_some()
    }
}

/// Sockets for every address, all with one port.
pub(crate) fn bind(ips: &[IpAddr], port: u16) -> std::io::Result<Vec<std::net::UdpSocket>> {
    let mut sockets: Vec<std::net::UdpSocket> = Vec::new();
    let mut port = port;
    for ip in ips {
        let socket = std::net::UdpSocket::bind(SocketAddr::new(*ip, port))?;
        socket.set_nonblocking(true)?;
        port = socket.local_addr()?.port();
        sockets.push(socket);
    }
    Ok(sockets)
}
