//! The certificate of a server that runs: looked at again and again, made anew and loaded when it is
//! time.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;

use super::concerns::{self, Concern};
use super::names::in_certificate;
use super::pair::{OWN_ADVICE, Pair};
use super::{Error, Store, leaf};
use crate::addresses::{Host, Names};

/// Where the certificate comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Made here, under the server's own authority.
    Ours(Store),
    /// Brought by the user: taken as it is, never written.
    Own { certificate: PathBuf, key: PathBuf },
}

/// A server's certificate.
#[derive(Debug)]
pub(crate) struct Kept {
    source: Source,
    /// What devices are told to trust, unless the user brought a certificate.
    authority: Option<CertificateDer<'static>>,
    /// What the server shows.
    pair: Pair,
    config: Arc<ServerConfig>,
    said: Said,
}

/// What the log has been told, so that it is told once.
#[derive(Debug, Default)]
struct Said {
    fault: Fault,
    concerns: Vec<Concern>,
    left_out: Vec<Host>,
}

/// What keeps another certificate from being taken.
#[derive(Debug, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    /// Seen once: two files that are being replaced do not fit together for a moment.
    New(String),
    Told(String),
}

impl Kept {
    /// Makes what is missing, as of `now`, and loads it.
    ///
    /// # Errors
    /// When there is no certificate that a server can show.
    pub(crate) fn load(source: Source, names: &Names, now: DateTime<Utc>) -> Result<Self, Error> {
        let mut said = Said::default();
        let (authority, pair) = match &source {
            Source::Ours(store) => {
                said.leaves_out(store.make(names, now)?.left_out);
                (Some(store.authority()?), store.pair()?)
            }
            Source::Own { certificate, key } => (None, Pair::read(certificate, key, OWN_ADVICE)?),
        };
        let config = pair.config()?;
        let mut kept = Self { source, authority, pair, config, said };
        kept.say_concerns(names, now);
        Ok(kept)
    }

    /// What devices are told to trust, unless the user brought a certificate.
    pub(crate) fn authority(&self) -> Option<&CertificateDer<'static>> {
        self.authority.as_ref()
    }

    /// The names that a certificate of the user's own states; `*` stands for one label.
    pub(crate) fn own_names(&self) -> Vec<String> {
        match self.source {
            Source::Ours(_) => Vec::new(),
            Source::Own { .. } => in_certificate(self.pair.leaf()),
        }
    }

    /// When what the server shows ends, in seconds since 1970; 0 where that cannot be read.
    pub(crate) fn ends_s(&self) -> i64 {
        leaf::ends(self.pair.leaf()).map_or(0, |ends_at| ends_at.timestamp())
    }

    /// The server's TLS settings.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Looks whether it is time for another certificate: one that is nearer its end than it should
    /// be, or does not state all `names`, or other files than those that were loaded. Returns the
    /// settings for connections that come from now on. What cannot be used leaves everything as it
    /// is; it is told once, and tried again the next time. Blocks.
    pub(crate) fn look(&mut self, names: &Names, now: DateTime<Utc>) -> Option<Arc<ServerConfig>> {
        let looked = self.renewed(names, now);
        let taken = match looked {
            Ok(Some((pair, config))) => {
                self.said.fault = Fault::None;
                let ends_at = leaf::ends(pair.leaf()).unwrap_or_default();
                let ends_at = ends_at.format("%Y-%m-%d %H:%M UTC");
                tracing::info!(%ends_at, "new connections get another certificate from now on; those that are open go on");
                self.pair = pair;
                self.config = Arc::clone(&config);
                Some(config)
            }
            Ok(None) => {
                self.said.fault = Fault::None;
                None
            }
            Err(error) => {
                self.said.fault(chain(&error));
                None
            }
        };
        self.say_concerns(names, now);
        taken
    }

    /// What is to be shown from now on, if it is something else.
    fn renewed(
        &mut self,
        names: &Names,
        now: DateTime<Utc>,
    ) -> Result<Option<(Pair, Arc<ServerConfig>)>, Error> {
        let pair = match &self.source {
            Source::Ours(store) => {
                let authority = store.authority()?;
                if self.authority.as_ref() != Some(&authority) {
                    return Err(Error::OtherAuthority { authority: store.authority_path() });
                }
                let made = store.renew(names, now)?;
                self.said.leaves_out(made.left_out);
                store.pair()?
            }
            Source::Own { certificate, key } => Pair::read(certificate, key, OWN_ADVICE)?,
        };
        if pair == self.pair {
            return Ok(None);
        }
        let config = pair.config()?;
        Ok(Some((pair, config)))
    }

    fn say_concerns(&mut self, names: &Names, now: DateTime<Utc>) {
        let concerns = match &self.authority {
            Some(authority) => concerns::of_authority(authority, now),
            None => concerns::of_own(self.pair.leaf(), names, now),
        };
        for concern in concerns.iter().filter(|concern| !self.said.concerns.contains(concern)) {
            tracing::warn!("{concern}");
        }
        self.said.concerns = concerns;
    }
}

impl Said {
    fn fault(&mut self, fault: String) {
        self.fault = match std::mem::take(&mut self.fault) {
            Fault::New(before) if before == fault => {
                tracing::warn!(
                    "the certificate stays the one that it was; tried again all the time: {fault}"
                );
                Fault::Told(fault)
            }
            Fault::Told(before) if before == fault => Fault::Told(fault),
            _ => Fault::New(fault),
        };
    }

    fn leaves_out(&mut self, hosts: Vec<Host>) {
        for host in hosts.iter().filter(|host| !self.left_out.contains(host)) {
            tracing::warn!(%host, "the certificate does not name this address, since its authority may not speak for it");
        }
        self.left_out = hosts;
    }
}

/// An error with its causes.
pub(super) fn chain(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    fn names(host: &str) -> Names {
        Names { hosts: vec![host.parse().unwrap()], are_asked_for: true, hostname: None }
    }

    fn ends_in_days(kept: &Kept, now: DateTime<Utc>) -> i64 {
        (leaf::ends(kept.pair.leaf()).unwrap() - now).num_days()
    }

    #[test]
    fn it_is_renewed_when_it_is_time_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::Ours(Store::new(folder.path().to_owned()));
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let after = |days| start + Duration::days(days);
        let mut kept = Kept::load(source, &names("192.168.1.3"), start).unwrap();
        assert!(kept.look(&names("192.168.1.3"), after(365)).is_none());
        assert!(kept.look(&names("192.168.1.3"), after(367)).is_some());
        assert_eq!(ends_in_days(&kept, after(367)), 396);
        assert!(kept.look(&names("192.168.1.3"), after(367)).is_none());
        assert!(kept.look(&names("10.0.0.7"), after(368)).is_some());
        // A clock that is set back makes it one from the future.
        assert!(kept.look(&names("10.0.0.7"), after(300)).is_some());
        assert!(kept.look(&names("10.0.0.7"), after(300)).is_none());
        // None outlives its authority, and at the end of that none is made again and again.
        assert!(kept.look(&names("10.0.0.7"), after(3640)).is_some());
        assert_eq!(ends_in_days(&kept, after(3640)), 10);
        assert!(matches!(kept.said.concerns[..], [Concern::AuthorityEnds { in_days: 10, .. }]));
        for days in [3645, 3649, 3700] {
            assert!(kept.look(&names("10.0.0.7"), after(days)).is_none(), "{days}");
        }
    }

    #[test]
    fn an_authority_that_is_gone_is_not_made_anew_while_the_server_runs() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let authority = store.authority_path();
        let now = crate::clock::now();
        let later = now + Duration::days(380);
        let mut kept = Kept::load(Source::Ours(store), &names("192.168.1.3"), now).unwrap();
        let backup = std::fs::read(&authority).unwrap();
        std::fs::remove_file(&authority).unwrap();
        assert!(kept.look(&names("192.168.1.3"), later).is_none());
        assert!(matches!(kept.said.fault, Fault::New(_)));
        assert!(kept.look(&names("192.168.1.3"), later).is_none());
        assert!(matches!(kept.said.fault, Fault::Told(_)));
        assert!(!authority.exists());
        let other = tempfile::tempdir().unwrap();
        let elsewhere = Store::new(other.path().to_owned());
        elsewhere.make(&names("192.168.1.3"), now).unwrap();
        std::fs::copy(elsewhere.authority_path(), &authority).unwrap();
        assert!(kept.look(&names("192.168.1.3"), later).is_none());
        assert!(matches!(&kept.said.fault, Fault::New(said) if said.contains("another authority")));
        std::fs::write(&authority, backup).unwrap();
        assert!(kept.look(&names("192.168.1.3"), later).is_some());
        assert_eq!(kept.said.fault, Fault::None);
    }
}
