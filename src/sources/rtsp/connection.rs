//! The conversation with a camera, up to its first packet.

use std::time::Duration;

use container::BareTrack;
use retina::client::{
    Credentials, Demuxed, Described, InitialTimestampPolicy, PlayOptions, Playing, Session,
    SessionIdPolicy, SessionOptions, SetupOptions, TcpTransportOptions, UdpTransportOptions,
};
use retina::codec::FrameFormat;

use super::super::failure::Failure;
use super::super::spec::{Address, Rtsp, Transport};
use super::choice::{Choice, Offer, Sound, choose};
use super::reading;
use super::refusal::{Stage, failure};

/// How this program calls itself.
const USER_AGENT: &str = "localcamera";

/// Battery cameras take seconds to wake; what takes longer is not there.
const PATIENCE: Duration = Duration::from_secs(10);

/// A camera that plays.
pub(super) struct Connected {
    pub(super) streams: Demuxed,
    pub(super) choice: Choice,
    pub(super) audio: Option<BareTrack>,
    /// The library takes Opus as packets only, and then all of a connection is packets: it comes
    /// over one of its own.
    pub(super) packets: Option<Session<Playing>>,
}

/// Asks the camera for what it has, and to play what is wanted of it.
pub(super) async fn connect(input: &Rtsp, address: &Address) -> Result<Connected, Failure> {
    let host = address.host();
    let late = |_| {
        let seconds = PATIENCE.as_secs();
        Failure::Unreachable(format!("{host} did not answer within {seconds} s"))
    };
    tokio::time::timeout(PATIENCE, ask(input, address)).await.map_err(late)?
}

async fn ask(input: &Rtsp, address: &Address) -> Result<Connected, Failure> {
    let host = address.host();
    let refused = |error: retina::Error| refused(Stage::Asking, &error, host);
    let mut session = describe(input, address).await.map_err(refused)?;
    let choice = chosen(&session, input.has_sound)?;
    let audio = choice.audio.and_then(|(at, sound)| {
        let stream = &session.streams()[at];
        reading::sound(sound, stream.parameters(), stream.clock_rate_hz(), stream.channels())
    });
    let choice = Choice { audio: choice.audio.filter(|_| audio.is_some()), ..choice };
    if choice.video.is_none() && choice.audio.is_none() {
        return Err(Failure::NotMedia(format!("{host} describes its sound wrongly")));
    }
    let apart = choice.audio.filter(|(_, sound)| *sound == Sound::Opus).map(|(at, _)| at);
    let beside = choice.audio.map(|(at, _)| at).filter(|_| apart.is_none());
    for at in [choice.video.map(|(at, _)| at), beside].into_iter().flatten() {
        session.setup(at, setup(input)).await.map_err(refused)?;
    }
    let playing = session.play(play()).await.map_err(refused)?;
    let streams = playing.demuxed().map_err(refused)?;
    let packets = match apart {
        Some(at) => {
            let mut session = describe(input, address).await.map_err(refused)?;
            // Its description may have changed since.
            let is_there = session.streams().get(at).is_some_and(|s| s.encoding_name() == "opus");
            if is_there {
                session.setup(at, setup(input)).await.map_err(refused)?;
                Some(session.play(play()).await.map_err(refused)?)
            } else {
                None
            }
        }
        None => None,
    };
    Ok(Connected { streams, choice, audio, packets })
}

async fn describe(input: &Rtsp, address: &Address) -> Result<Session<Described>, retina::Error> {
    let login = input.login.as_ref().map(|login| Credentials {
        username: login.user.clone(),
        password: login.password.reveal().to_owned(),
    });
    // Some cameras name each stream's session anew; the first name is the one they go by.
    let options = SessionOptions::default()
        .creds(login)
        .user_agent(USER_AGENT.to_owned())
        .session_id(SessionIdPolicy::UseFirst);
    Session::describe(address.reveal().clone(), options).await
}

fn setup(input: &Rtsp) -> SetupOptions {
    let transport = match input.transport {
        Transport::Tcp => retina::client::Transport::Tcp(TcpTransportOptions::default()),
        Transport::Udp => retina::client::Transport::Udp(UdpTransportOptions::default()),
    };
    SetupOptions::default().transport(transport).frame_format(FrameFormat::MP4)
}

/// Servers exist that tell no RTP times; where they do, it is what sound and picture have in
/// common until the sender reports come.
fn play() -> PlayOptions {
    PlayOptions::default().initial_timestamp(InitialTimestampPolicy::Permissive)
}

fn chosen(session: &Session<Described>, has_sound: bool) -> Result<Choice, Failure> {
    let offers: Vec<Offer<'_>> = session
        .streams()
        .iter()
        .map(|stream| Offer { media: stream.media(), encoding: stream.encoding_name() })
        .collect();
    choose(&offers, has_sound)
}

/// What an error of the library's means for people; its own words go to who looks for them.
pub(super) fn refused(stage: Stage, error: &retina::Error, host: &str) -> Failure {
    let words = error.to_string();
    let failure = failure(stage, error.status_code(), &words, host);
    tracing::debug!(host, stage = ?stage, words, "a camera's connection failed");
    failure
}
