//! `/ws/stream?rtsp_url=`: pictures of a camera whose address the viewer gives, where the
//! configuration allows that address (`docs/live.md`).

mod asked;
mod denied;

use std::borrow::Cow;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use axum::extract::{Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use tokio::net::lookup_host;
use tokio_util::sync::CancellationToken;

use super::super::State;
use super::super::api::pictures::{Pace, Wish};
use super::super::authenticate::Holder;
use super::super::error::ApiError;
use super::pictures::{Form, NOT_FOUND};
use super::teller::{self, Gone, Teller, Upgrade};
use crate::addresses::Host;
use crate::live::pictures::{self, Looking};
use crate::live::transcoder::Refusal;
use crate::metrics::{self, Watched};
use crate::sources::{Failure, Visit};
use asked::Asked;
pub(crate) use denied::Denied;

/// Resolvers try for that long at most; whoever looks does not wait longer.
const NAME_PATIENCE: Duration = Duration::from_secs(5);

/// A camera that is there answers, and shows a key frame, within this; one of which nothing comes
/// for as long is gone, and viewers may come again. The slowest of them asks for a picture in 10 s.
const PATIENCE: Duration = Duration::from_secs(20);

static SILENT: Refused = Refused {
    code: Some("silent"),
    reason: Cow::Borrowed("the camera has shown nothing for 20 s"),
};
static ENDED: Refused =
    Refused { code: Some("ended"), reason: Cow::Borrowed("the camera has ended the stream") };

/// Who looks.
#[derive(Debug, Clone, Copy)]
enum Audience {
    /// They say in their own language what is wrong.
    OwnPages,
    /// What old clients are told is one member, and stays so.
    AllPages,
}

/// Why there is nothing to see.
#[derive(Debug)]
struct Refused {
    /// One word for it, where there is one.
    code: Option<&'static str>,
    /// A sentence that names neither user nor password.
    reason: Cow<'static, str>,
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Self { code: None, reason: Cow::Owned(reason) }
    }
}

impl From<&'static str> for Refused {
    fn from(reason: &'static str) -> Self {
        Self { code: None, reason: Cow::Borrowed(reason) }
    }
}

/// On the main listener: for this server's own pages, and for programs. A page from elsewhere must
/// not have the server call at addresses, which the rule of the route sees to.
pub(in super::super) async fn of_own_pages(
    Shared(state): Shared<State>,
    uri: Uri,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    open(state, &uri, upgrade, Audience::OwnPages)
}

/// The same for the pages of everybody, where no token is asked for.
pub(in super::super) async fn of_all_pages(
    Shared(state): Shared<State>,
    needs_token: bool,
    Holder(pass): Holder,
    uri: Uri,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    if needs_token && !pass.watches_all() {
        return Err(ApiError::forbidden("this is for those who may watch everything"));
    }
    open(state, &uri, upgrade, Audience::AllPages)
}

/// What stands in a query beside a camera's address, which is a text of its own.
pub(in super::super) fn beside_address(query: &str) -> String {
    asked::split(query).map_or_else(|| query.to_owned(), |(_, own)| own)
}

fn open(
    state: State,
    uri: &Uri,
    upgrade: Upgrade,
    audience: Audience,
) -> Result<Response, ApiError> {
    let query = uri.query().unwrap_or_default().to_owned();
    let shutdown = state.shutdown.clone();
    teller::open(teller::echoing(upgrade), shutdown.clone(), async move |mut teller| {
        let opening = tokio::time::timeout(PATIENCE, opened(&state, &query));
        // Whoever goes away ends the attempt.
        let opened = tokio::select! {
            opened = opening => opened,
            gone = teller.gone() => return Err(gone),
            () = shutdown.cancelled() => return teller.close(1012, "the server is stopping").await,
        };
        match opened {
            Ok(Ok(mut camera)) => camera.show(&mut teller, audience, &shutdown).await,
            Ok(Err(refused)) => refuse(&mut teller, audience, &refused).await,
            Err(_) => refuse(&mut teller, audience, &SILENT).await,
        }
    })
}

/// The one text message, and the end.
async fn refuse(teller: &mut Teller, audience: Audience, refused: &Refused) -> Result<(), Gone> {
    let mut message = Form::Jpeg.error(&refused.reason);
    if let (Audience::OwnPages, Some(code)) = (audience, refused.code) {
        message["code"] = code.into();
    }
    teller.say(&message).await?;
    teller.close(NOT_FOUND, &refused.reason).await
}

/// A camera that somebody looks at. Its connection ends with the last who does.
struct Camera {
    looking: Looking,
    pace: Pace,
    _visit: Visit,
}

/// What is at the address.
async fn opened(state: &State, query: &str) -> Result<Camera, Refused> {
    let asked = Asked::in_query(query)?;
    let name = asked.to_string();
    let refused = |code: &'static str, reason: String| Refused {
        code: Some(code),
        reason: Cow::Owned(reason),
    };
    let not_allowed = || {
        let reason = format!(
            "this server may not open {name}: viewers.rtsp_addresses in its configuration names \
             what it may"
        );
        refused("not_allowed", reason)
    };
    let failed = |failure: &Failure| {
        refused(word(failure), format!("{name} cannot be opened: {}", why(failure)))
    };
    if !state.rtsp_addresses.get().may_allow(asked.target()) {
        return Err(not_allowed());
    }
    let found = match asked.host() {
        Host::Ip(ip) => vec![*ip],
        Host::Name(host) => {
            // Looked up once: what is judged is what is connected to.
            let looking_up = lookup_host((host.as_str(), asked.port()));
            let found = tokio::time::timeout(NAME_PATIENCE, looking_up).await;
            let found = found.ok().and_then(Result::ok);
            let unknown = || refused("unreachable", format!("{name} is not known in this network"));
            let found = found.ok_or_else(unknown)?;
            found.map(|address| address.ip()).collect()
        }
    };
    let ip = state.rtsp_addresses.get().choose(asked.target(), &found).ok_or_else(not_allowed)?;
    let (address, login) = asked.at(ip)?;
    tracing::debug!(camera = %name, %ip, "a viewer has an address opened");
    let denied = || state.denied.lock().unwrap_or_else(PoisonError::into_inner);
    if denied().holds(&address, login.as_ref(), Instant::now()) {
        return Err(failed(&Failure::Unauthorized));
    }
    let visit = state.sources.visit(address.clone(), login.clone());
    visit.first().await.map_err(|failure| {
        if failure == Failure::Unauthorized {
            denied().add(address, login, Instant::now());
        }
        tracing::info!(camera = %name, %ip, code = failure.code(), "an address that a viewer gave cannot be opened");
        failed(&failure)
    })?;
    let looking = state.visited.look(visit.stream(), wish(query)?);
    let looking = looking.map_err(|refusal| match refusal {
        Refusal::NoVideo(_) => Refused::from(format!("{name} has no picture, only sound")),
        Refusal::NoStream(_) | Refusal::NotLive(_) => {
            Refused::from(format!("{name} shows nothing"))
        }
        Refusal::NoFfmpeg => refused(Failure::NoFfmpeg.code(), refusal.to_string()),
        Refusal::TooMany => Refused::from(refusal.to_string()),
    })?;
    Ok(Camera { pace: Pace::of(&looking), looking, _visit: visit })
}

/// What the viewer asked for beside the address.
fn wish(query: &str) -> Result<pictures::Wish, String> {
    let uri = format!("/?{}", beside_address(query)).parse::<Uri>().unwrap_or_default();
    let Query(wish) = Query::<Wish>::try_from_uri(&uri).map_err(|error| error.body_text())?;
    wish.checked()
}

/// As codes have it. What only ffmpeg reads is not fetched here, installed or not.
fn word(failure: &Failure) -> &'static str {
    match failure {
        Failure::OtherCodec(_) => "not_media",
        failure => failure.code(),
    }
}

/// In words that repeat nothing of what came from there: it may be any service.
fn why(failure: &Failure) -> &'static str {
    match failure {
        Failure::BadAddress(_) | Failure::NoCamera(_) => "there is nothing at this path",
        Failure::Unauthorized => "the camera does not accept this user and password",
        Failure::Unreachable(_) => "the camera cannot be reached",
        Failure::NotMedia(_) | Failure::OtherCodec(_) => {
            "what comes from there is no picture that can be shown by its address alone"
        }
        Failure::Silent(_) => "the camera sends nothing",
        Failure::Ended | Failure::Stopped(_) => "the camera has ended the connection",
        Failure::NoFfmpeg => "this needs ffmpeg, which is not installed on the server",
        Failure::Over => "the server is stopping",
    }
}

impl Camera {
    async fn show(
        &mut self,
        teller: &mut Teller,
        audience: Audience,
        shutdown: &CancellationToken,
    ) -> Result<(), Gone> {
        let _present = metrics::VIEWERS.enter(Watched::Jpeg);
        loop {
            let next = tokio::time::timeout(PATIENCE, self.pace.next(&mut self.looking));
            let picture = tokio::select! {
                // With the server all streams are over, too.
                biased;
                () = shutdown.cancelled() => {
                    return teller.close(1012, "the server is stopping").await;
                }
                gone = teller.gone() => return Err(gone),
                picture = next => picture,
            };
            match picture {
                Ok(Some(picture)) => Form::Jpeg.show(teller, picture).await?,
                Ok(None) => return refuse(teller, audience, &ENDED).await,
                Err(_) => return refuse(teller, audience, &SILENT).await,
            }
        }
    }
}
