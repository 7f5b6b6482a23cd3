//! Looks for the cameras. What is on the network is connected to, and nothing is said there.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpStream;

use super::super::findings::cameras::{Facts, Reached, Source};
use super::super::limit::blocking;
use crate::config::Config;
use crate::config::sources::{Address, Input, Spec};
use crate::program;
use crate::sources::Cameras;

/// A camera on the same network answers within milliseconds; one that sleeps takes a second.
const PATIENCE: Duration = Duration::from_millis(2500);

/// Reading a small file takes no time, unless its disk hangs: the state folder's check says so.
const READING_PATIENCE: Duration = Duration::from_secs(1);

/// Those of the configuration file and those that were added by page; the former alone where the
/// latter cannot be read.
pub(in super::super) async fn sources(config: &Config) -> Vec<Spec> {
    let (state, files) = (config.state.clone(), config.source_files.clone());
    let of_file = config.sources.clone();
    let looked =
        blocking(READING_PATIENCE, move || crate::sources::look(&state, of_file, files.as_deref()));
    looked.await.unwrap_or_else(|_| config.sources.clone())
}

pub(in super::super) async fn gather(cameras: &Cameras, sources: &[Spec]) -> Facts {
    let wanted = sources.iter().filter(|spec| !spec.is_paused);
    let looked = join_all(wanted.map(|spec| source(cameras, spec)));
    let (attached, looked) = tokio::join!(cameras.list(), looked);
    Facts {
        attached: attached.into_iter().map(|camera| camera.name).collect(),
        sources: looked.into_iter().flatten().collect(),
    }
}

async fn source(cameras: &Cameras, spec: &Spec) -> Option<Source> {
    let (reached, advice): (_, Cow<'static, str>) = match &spec.input {
        Input::Pattern(_) => return None,
        Input::Rtsp(rtsp) => {
            let first = reach(&rtsp.address).await;
            let reached = match (&first, &rtsp.small) {
                (Reached::Yes, Some(small)) => reach(small).await,
                _ => first,
            };
            let advice = "See that the camera has power and is on this network, and that its \
                          address is right (many change theirs unless the router reserves it)";
            (reached, advice.into())
        }
        Input::Camera(camera) => {
            let what = format!("device = \"{}\"", camera.device);
            let list = program::command("cameras");
            let found = cameras.find(&camera.device).await;
            let reached =
                found.map_or_else(|reason| Reached::No { what, reason }, |()| Reached::Yes);
            (reached, format!("Plug it in; `{list}` lists those that are there").into())
        }
        Input::File(file) => {
            let what = file.path.display().to_string();
            let opened = tokio::time::timeout(PATIENCE, tokio::fs::File::open(&file.path)).await;
            let reached = match opened {
                Ok(Ok(_)) => Reached::Yes,
                Ok(Err(error)) => Reached::No { what, reason: error.to_string() },
                Err(_) => Reached::No { what, reason: "no answer".to_owned() },
            };
            (reached, "Name a file that is there and can be read".into())
        }
    };
    Some(Source { name: spec.name.to_string(), reached, advice })
}

async fn reach(address: &Address) -> Reached {
    let (host, port) = (address.host(), address.port());
    let reason = match tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return Reached::Yes,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer".to_owned(),
    };
    Reached::No { what: format!("{host}, port {port}"), reason }
}
