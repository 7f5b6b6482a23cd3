//! Takes what devices send: the `localcamera.v1` conversation and raw streams.

mod admission;
mod raw;
mod report;
mod session;
mod sessions;
mod v1;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addresses::Reach;
use crate::auth::Access;
use crate::devices::Devices;
use crate::live::Hub;
use crate::live::socket::{Arrival, Door};
use sessions::Sessions;

/// Browsers close a silent WebSocket after about a minute, so a sign of life goes out well
/// before that.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// Three unanswered pings: the network is gone, not slow.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// To a peer that speaks no WebSocket.
const BROKEN: &str = "what came is no WebSocket frame, or no text";

/// When signs of life go out; those missed while the disk was slow are not made up for.
fn pings() -> tokio::time::Interval {
    let mut pings = tokio::time::interval(PING_INTERVAL);
    pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    pings
}

/// What every publisher's connection needs.
#[derive(Debug, Clone)]
pub(crate) struct Ingest {
    sessions: Sessions,
    /// Other origins of this server, for the welcome.
    reach: watch::Receiver<Reach>,
    /// Who gets in.
    access: Access,
    /// Whose ids are known.
    devices: Devices,
    shutdown: CancellationToken,
    connections: TaskTracker,
}

impl Ingest {
    /// Publishes into `hub` until `shutdown`.
    pub(crate) fn new(
        hub: Hub,
        reach: watch::Receiver<Reach>,
        access: Access,
        devices: Devices,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            sessions: Sessions::new(hub, shutdown.clone()),
            reach,
            access,
            devices,
            shutdown,
            connections: TaskTracker::new(),
        }
    }

    /// What serves a publisher's connection.
    pub(crate) fn door(&self) -> Door {
        let ingest = self.clone();
        Arc::new(move |arrival: Arrival| {
            let ingest = ingest.clone();
            let connection = ingest.connections.clone();
            let serve = async move {
                match arrival.protocol.speaks_v1() {
                    true => v1::serve(ingest, arrival).await,
                    false => raw::serve(ingest, arrival).await,
                }
            };
            connection.track_future(serve).boxed()
        })
    }

    /// Waits until every connection has ended and every session has handed over what it took.
    pub(crate) async fn finished(&self) {
        self.connections.close();
        self.connections.wait().await;
        self.sessions.finished().await;
    }
}
