//! What state a server's certificate is in, for whoever asks. Nothing is made and nothing is
//! written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::kept::chain;
use super::pair::{OURS_ADVICE, OWN_ADVICE, Pair, io_error};
use super::{Concern, Error, Source, Store, concerns, dates, leaf};
use crate::addresses::{Host, Names};

/// A certificate as it lies on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    /// Whether the user brought it; otherwise the server makes it.
    pub(crate) is_own: bool,
    /// What keeps the server from starting with it, with what to do.
    pub(crate) fault: Option<String>,
    /// Whether that is a file of the user's which is not there.
    pub(crate) is_missing: bool,
    /// Whether there is one.
    pub(crate) is_there: bool,
    pub(crate) begins_at: Option<DateTime<Utc>>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
    pub(crate) authority_ends_at: Option<DateTime<Utc>>,
    /// Whether the server makes another one by itself as soon as it looks.
    pub(crate) is_renewed: bool,
    /// Names of the server that it does not state.
    pub(crate) unnamed: Vec<Host>,
    /// Those that none of the server's own may state, since its authority may not speak for them.
    pub(crate) left_out: Vec<Host>,
    /// What is about to go wrong with it, with what to do.
    pub(crate) concerns: Vec<Concern>,
    /// Whether certificates are missing between it and the authority that devices know.
    pub(crate) is_unchained: bool,
    /// The private keys, as far as they are there.
    pub(crate) keys: Vec<PathBuf>,
}

impl Condition {
    /// Looks at it, as of now.
    pub(crate) fn of(source: &Source, names: &Names, now: DateTime<Utc>) -> Self {
        let (mut condition, looked) = match source {
            Source::Ours(store) => {
                let keys = vec![store.authority_key_path(), store.server_key_path()];
                let mut condition = Self { keys, ..Self::default() };
                let looked = condition.look_at_ours(store, names, now);
                (condition, looked)
            }
            Source::Own { certificate, key } => {
                let keys = vec![key.clone()];
                let mut condition = Self { is_own: true, keys, ..Self::default() };
                let looked = Pair::read(certificate, key, OWN_ADVICE)
                    .and_then(|pair| condition.look_at_own(&pair, names, now));
                (condition, looked)
            }
        };
        let is_missing = |error: &Error| matches!(error, Error::Io { source, .. } if source.kind() == ErrorKind::NotFound);
        condition.is_missing = condition.is_own && looked.as_ref().err().is_some_and(is_missing);
        condition.fault = looked.err().map(|error| chain(&error));
        condition.keys.retain(|key| key.exists());
        condition
    }

    fn look_at_ours(
        &mut self,
        store: &Store,
        names: &Names,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let authority_path = store.authority_path();
        if !is_there(&authority_path)? {
            if is_there(&store.authority_key_path())? {
                let reason = "it is missing, and its key is there";
                return Err(super::pair::broken(&authority_path, reason, OURS_ADVICE));
            }
            let path = store.server_path();
            if is_there(&path)? {
                return Err(Error::Foreign { path, authority: authority_path });
            }
            return Ok(());
        }
        let examined = store.examine(names, now)?;
        self.authority_ends_at = leaf::ends(&examined.authority);
        self.concerns = concerns::of_authority(&examined.authority, now);
        self.left_out = examined.left_out;
        self.is_renewed = !examined.is_good;
        if is_there(&store.server_path())? {
            let pair = store.pair();
            if let Ok(pair) = &pair {
                self.state(pair.leaf(), names);
            }
            if examined.is_good {
                pair?.config()?;
            }
        }
        if self.is_renewed {
            // It needs the authority's key for that.
            super::pair::read_text(&store.authority_key_path())?;
        }
        Ok(())
    }

    fn look_at_own(&mut self, pair: &Pair, names: &Names, now: DateTime<Utc>) -> Result<(), Error> {
        self.state(pair.leaf(), names);
        self.concerns = concerns::of_own(pair.leaf(), names, now);
        self.is_unchained = is_unchained(&pair.chain);
        pair.config().map(drop)
    }

    /// From when to when it is valid, and which names it lacks.
    fn state(&mut self, certificate: &CertificateDer<'_>, names: &Names) {
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return };
        let (begins_at, ends_at) = dates::validity(&certificate);
        (self.begins_at, self.ends_at, self.is_there) = (Some(begins_at), Some(ends_at), true);
        let stated = certificate.subject_alternative_name().ok().flatten();
        let stated = stated.map(|stated| stated.value.general_names.as_slice()).unwrap_or_default();
        let is_stated = |host: &Host| stated.iter().any(|name| leaf::is_for(name, host));
        self.unnamed = names.hosts.iter().filter(|host| !is_stated(host)).cloned().collect();
    }
}

/// What cannot be looked at is not missing: nothing can be made beside it, either.
fn is_there(path: &Path) -> Result<bool, Error> {
    path.try_exists().map_err(io_error("look at", path))
}

/// Whether each is not followed by who issued it, or the only one was issued by somebody else.
fn is_unchained(chain: &[CertificateDer<'_>]) -> bool {
    let parsed = chain.iter().map(|der| X509Certificate::from_der(der).map(|(_, parsed)| parsed));
    let Ok(parsed) = parsed.collect::<Result<Vec<_>, _>>() else { return false };
    match &parsed[..] {
        [only] => only.issuer() != only.subject(),
        many => many.windows(2).any(|two| two[0].issuer() != two[1].subject()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(host: &str) -> Names {
        Names { hosts: vec![host.parse().unwrap()], are_asked_for: true, hostname: None }
    }

    #[test]
    fn what_cannot_be_looked_at_is_a_fault_and_what_is_not_there_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let (names, now) = (names("192.168.1.3"), crate::clock::now());
        let inside = Condition::of(&Source::Ours(Store::new(file)), &names, now);
        assert!(inside.fault.unwrap().contains("ca.crt"));
        let own = folder.path().join("own.crt");
        let own = Source::Own { certificate: own.clone(), key: own };
        let own = Condition::of(&own, &names, now);
        assert!(own.is_missing && own.fault.unwrap().contains("own.crt"));
    }

    #[test]
    fn looking_makes_nothing_and_tells_what_will_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let certs = folder.path().join("certs");
        let store = Store::new(certs.clone());
        let source = Source::Ours(store.clone());
        let now = crate::clock::now();
        let of = |host: &str, days| {
            Condition::of(&source, &names(host), now + chrono::Duration::days(days))
        };
        assert_eq!(of("192.168.1.3", 0), Condition::default());
        assert!(!certs.exists());
        store.make(&names("192.168.1.3"), now).unwrap();
        let good = of("192.168.1.3", 0);
        assert!(good.fault.is_none() && good.is_there && !good.is_renewed, "{good:?}");
        assert_eq!((good.keys.len(), &good.unnamed), (2, &Vec::new()));
        let other = of("10.0.0.7", 0);
        assert!(other.fault.is_none() && other.is_renewed, "{other:?}");
        assert_eq!(other.unnamed, ["10.0.0.7".parse().unwrap()]);
        assert!(of("192.168.1.3", 380).is_renewed);
        let refused = of("198.51.100.7", 0).fault.unwrap();
        assert!(refused.contains("may not speak for 198.51.100.7"), "{refused}");
        std::fs::write(certs.join("server.crt"), "garbage").unwrap();
        assert!(of("192.168.1.3", 0).fault.unwrap().contains("server.crt is not usable"));
    }
}
