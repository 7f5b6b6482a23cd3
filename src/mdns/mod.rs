//! Tells the network this computer's name (`<name>.local`) and what it serves, by multicast DNS
//! (RFC 6762) and its service discovery (RFC 6763).

mod decision;

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use mdns_sd::{
    DaemonEvent, HostnameResolutionEvent, IfKind, RRType, Receiver, ServiceDaemon, ServiceInfo,
};
use tokio::time::{Instant, timeout_at};

use crate::addresses::{Host, Names, is_ours};
pub(crate) use decision::Claim;
use decision::claim;

/// What browsers look for, and what programs that know this server look for.
const KINDS: [&str; 2] = ["_https._tcp.local.", "_localcamera._tcp.local."];

/// A device that has the name answers at once; the slowest tablets sleep for half a second.
const QUESTION_PATIENCE: Duration = Duration::from_millis(1000);

/// Three probes of 250 ms and a random pause before them (RFC 6762 section 8.1), on a busy machine.
const ANNOUNCEMENT_PATIENCE: Duration = Duration::from_millis(3000);

/// The goodbye is one packet; a daemon that hangs does not keep the server from stopping.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(1);

/// Who has this computer's name on the network, asked and not claimed. `None` where that cannot be
/// asked.
pub(crate) async fn ask(names: &Names, ips: &[IpAddr]) -> Option<Claim> {
    let name = names.local_name()?;
    // It is announced for no port.
    let asking = Announcer::start(0)?;
    let interfaces: Vec<IfKind> = ips.iter().copied().map(IfKind::Addr).collect();
    let found = match asking.daemon.enable_interface(interfaces) {
        Ok(()) => asking.who_has(&name).await.ok(),
        Err(_) => None,
    };
    asking.stop().await;
    Some(claim(&found?, is_ours))
}

/// What is told the network, until it is stopped.
pub(crate) struct Announcer {
    daemon: ServiceDaemon,
    events: Receiver<DaemonEvent>,
    port: u16,
    /// What has been announced, by its full names.
    registered: Vec<String>,
}

impl Announcer {
    /// Begins to speak; nothing is told yet. `None`, and the reason in the log, where that does not
    /// work.
    pub(crate) fn start(port: u16) -> Option<Self> {
        let started = ServiceDaemon::new().and_then(|daemon| {
            let events = daemon.monitor()?;
            // Only interfaces that are named: bridges of containers lead to no tablet.
            daemon.disable_interface(IfKind::All)?;
            Ok(Self { daemon, events, port, registered: Vec::new() })
        });
        started.inspect_err(|error| cannot(&error.to_string())).ok()
    }

    /// Tells the network these names, which lead to `ips`. Waits until it knows, or somebody else has
    /// the name. Returns the name that leads here, if one does.
    pub(crate) async fn announce(&mut self, names: &Names, ips: &[IpAddr]) -> Option<Host> {
        let name = names.local_name()?;
        match self.tell(names, &name, ips).await {
            Ok(leads_here) => leads_here.then_some(name),
            Err(error) => {
                cannot(&error.to_string());
                None
            }
        }
    }

    async fn tell(&mut self, names: &Names, name: &Host, ips: &[IpAddr]) -> mdns_sd::Result<bool> {
        let interfaces: Vec<IfKind> = ips.iter().copied().map(IfKind::Addr).collect();
        self.daemon.enable_interface(interfaces)?;
        let claim = claim(&self.who_has(name).await?, is_ours);
        let server = match claim {
            Claim::Free => Some(name.clone()),
            Claim::System => names.service_name(),
            Claim::Taken => {
                tracing::warn!(
                    "another device on this network is called {name}: give this computer another \
                     name, or use its address"
                );
                return Ok(false);
            }
        };
        let Some(server) = server else { return Ok(true) };
        for kind in KINDS {
            let info = info(kind, names, &server, ips, self.port)?;
            self.registered.push(info.get_fullname().to_owned());
            self.daemon.register(info)?;
        }
        Ok(match (claim, self.outcome().await) {
            (Claim::System, _) | (_, Outcome::Announced) => true,
            (_, Outcome::Renamed) => {
                self.withdraw().await;
                tracing::warn!(
                    "another device has just been given the name {name}; use this computer's address"
                );
                false
            }
            (_, Outcome::Silent) => {
                cannot("nothing could be announced in time");
                false
            }
        })
    }

    /// The addresses that others give for a name.
    async fn who_has(&self, name: &Host) -> mdns_sd::Result<HashSet<IpAddr>> {
        let name = format!("{name}.");
        let patience_ms = u64::try_from(QUESTION_PATIENCE.as_millis()).unwrap_or(u64::MAX);
        let answers = self.daemon.resolve_hostname(&name, Some(patience_ms))?;
        let deadline = Instant::now() + QUESTION_PATIENCE;
        let mut found = HashSet::new();
        while let Ok(Ok(event)) = timeout_at(deadline, answers.recv_async()).await {
            match event {
                HostnameResolutionEvent::AddressesFound(_, ips) => {
                    found.extend(ips.iter().map(mdns_sd::ScopedIp::to_ip_addr));
                    break;
                }
                HostnameResolutionEvent::SearchTimeout(_) => break,
                _ => {}
            }
        }
        let _ = self.daemon.stop_resolve_hostname(&name);
        Ok(found)
    }

    /// Waits for the first word of what became of the names.
    async fn outcome(&self) -> Outcome {
        let deadline = Instant::now() + ANNOUNCEMENT_PATIENCE;
        while let Ok(Ok(event)) = timeout_at(deadline, self.events.recv_async()).await {
            match event {
                DaemonEvent::Announce(..) => return Outcome::Announced,
                DaemonEvent::NameChange(change)
                    if matches!(change.rr_type, RRType::A | RRType::AAAA) =>
                {
                    return Outcome::Renamed;
                }
                DaemonEvent::Error(error) => cannot(&error.to_string()),
                _ => {}
            }
        }
        Outcome::Silent
    }

    async fn withdraw(&mut self) {
        let deadline = Instant::now() + GOODBYE_PATIENCE;
        for name in std::mem::take(&mut self.registered) {
            if let Ok(done) = self.daemon.unregister(&name) {
                let _ = timeout_at(deadline, done.recv_async()).await;
            }
        }
    }

    /// Says goodbye, so that nobody looks for this computer by what was told.
    pub(crate) async fn stop(mut self) {
        self.withdraw().await;
        if let Ok(done) = self.daemon.shutdown() {
            let _ = tokio::time::timeout(GOODBYE_PATIENCE, done.recv_async()).await;
        }
    }
}

/// What became of an announcement.
enum Outcome {
    Announced,
    /// Somebody else has the name.
    Renamed,
    Silent,
}

fn info(
    kind: &str,
    names: &Names,
    server: &Host,
    ips: &[IpAddr],
    port: u16,
) -> mdns_sd::Result<ServiceInfo> {
    let hostname = names.hostname.as_deref().unwrap_or_default();
    let title = format!("localcamera on {hostname}");
    let properties = [("path", "/")];
    ServiceInfo::new(kind, &title, &format!("{server}."), ips, port, &properties[..])
}

fn cannot(reason: &str) {
    tracing::warn!(
        "the network cannot be told this computer's name ({reason}); its addresses work as ever. \
         --mdns=false turns this off"
    );
}
