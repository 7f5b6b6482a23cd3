//! The certificates folder.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;

use super::leaf::State;
use super::pair::{OURS_ADVICE, Pair, io_error, read_text};
use super::{Error, authority, leaf, pair};
use crate::addresses::{Host, Names};

/// Where the authority's and the server's certificates lie.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    folder: PathBuf,
}

/// What was made; the rest was there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) authority: bool,
    pub(crate) server: bool,
    /// Addresses for which the authority may not speak, and which the certificate does not name.
    pub(crate) left_out: Vec<Host>,
}

/// What is there.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) authority: CertificateDer<'static>,
    /// Those for which the authority may speak.
    names: Names,
    pub(super) left_out: Vec<Host>,
    /// Whether the server's certificate is there, names everything, lasts, and fits its key.
    pub(super) is_good: bool,
}

impl Store {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn authority_path(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    pub(super) fn authority_key_path(&self) -> PathBuf {
        self.folder.join("ca.key")
    }

    pub(super) fn server_path(&self) -> PathBuf {
        self.folder.join("server.crt")
    }

    pub(super) fn server_key_path(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// Makes what is missing or no longer good. A certificate of somebody else is never replaced.
    ///
    /// # Errors
    /// When a file cannot be read, written, understood, or is not ours to replace.
    pub(super) fn make(&self, names: &Names, now: DateTime<Utc>) -> Result<Made, Error> {
        fs::create_dir_all(&self.folder).map_err(io_error("create", &self.folder))?;
        let (authority_path, authority_key_path) =
            (self.authority_path(), self.authority_key_path());
        let makes_authority = !authority_path.exists();
        if makes_authority && authority_key_path.exists() {
            return Err(broken(&authority_path, "it is missing, and its key is there"));
        }
        let server_path = self.server_path();
        if makes_authority {
            if server_path.exists() {
                return Err(Error::Foreign { path: server_path, authority: authority_path });
            }
            let (certificate, key) = authority::make(names, now)?;
            write(&authority_key_path, &key, 0o600)?;
            write(&authority_path, &certificate, 0o644)?;
        }
        let renewed = self.renew(names, now)?;
        Ok(Made { authority: makes_authority, ..renewed })
    }

    /// Makes a server certificate if there is none, or it is no longer good, under the authority
    /// that is there.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub(super) fn renew(&self, names: &Names, now: DateTime<Utc>) -> Result<Made, Error> {
        let Examined { authority, names, left_out, is_good } = self.examine(names, now)?;
        if !is_good {
            let key_path = self.authority_key_path();
            let key = read_text(&key_path)?;
            let key =
                KeyPair::from_pem(&key).map_err(|error| broken(&key_path, error.to_string()))?;
            let authority_path = self.authority_path();
            let pem = read_text(&authority_path)?;
            let ends_at = leaf::ends(&authority)
                .ok_or_else(|| broken(&authority_path, "it is no X.509 certificate"))?;
            let (certificate, key) = leaf::make(&pem, &key, ends_at, &names, now)?;
            write(&self.server_key_path(), &key, 0o600)?;
            write(&self.server_path(), &certificate, 0o644)?;
        }
        Ok(Made { authority: false, server: !is_good, left_out })
    }

    /// Looks whether the server certificate is good under the authority that is there. Writes
    /// nothing.
    ///
    /// # Errors
    /// When a file cannot be read, understood, or is not ours to replace.
    pub(super) fn examine(&self, names: &Names, now: DateTime<Utc>) -> Result<Examined, Error> {
        let (authority_path, server_path) = (self.authority_path(), self.server_path());
        let authority = self.authority()?;
        let (mut names, mut left_out) = (names.clone(), Vec::new());
        while let Some(host) = leaf::not_permitted(&authority, &names) {
            if names.are_asked_for || !names.hosts.contains(&host) {
                let host = host.to_string();
                return Err(Error::NotPermitted { host, authority: authority_path });
            }
            names.hosts.retain(|known| *known != host);
            left_out.push(host);
        }
        let mut is_good = false;
        if server_path.exists() {
            let found = read_chain(&server_path)?;
            let judged = leaf::judge(&found[0], &authority, &names, now);
            match judged.ok_or_else(|| broken(&server_path, "it is no X.509 certificate"))? {
                State::Foreign => {
                    return Err(Error::Foreign { path: server_path, authority: authority_path });
                }
                State::Good => is_good = !self.is_torn(&found[0]),
                State::Stale => {}
            }
        }
        Ok(Examined { authority, names, left_out, is_good })
    }

    /// Whether a crash between the two has left an older certificate beside a newer key.
    fn is_torn(&self, leaf: &CertificateDer<'_>) -> bool {
        let key = fs::read_to_string(self.server_key_path());
        key.is_ok_and(|key| leaf::is_its_key(leaf, &key) == Some(false))
    }

    /// The authority's certificate.
    ///
    /// # Errors
    /// When the file is missing or no certificate.
    pub(crate) fn authority(&self) -> Result<CertificateDer<'static>, Error> {
        Ok(read_chain(&self.authority_path())?.swap_remove(0))
    }

    /// The server's certificate, with its authority's, and its key.
    ///
    /// # Errors
    /// When a file is missing or broken.
    pub(super) fn pair(&self) -> Result<Pair, Error> {
        let mut pair = Pair::read(&self.server_path(), &self.server_key_path(), OURS_ADVICE)?;
        pair.chain.push(self.authority()?);
        Ok(pair)
    }
}

/// Writes beside the file and renames, so that no reader meets half a certificate.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let beside = path.with_extension("new");
    // A file left by a crash may have other permissions than a fresh one.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(io_error("remove", &beside)(error));
        }
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)
        .map_err(io_error("create", &beside))?;
    file.write_all(text.as_bytes()).map_err(io_error("write", &beside))?;
    file.sync_all().map_err(io_error("sync", &beside))?;
    fs::rename(&beside, path).map_err(io_error("rename", &beside))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    pair::read_chain(path, OURS_ADVICE)
}

fn broken(path: &Path, reason: impl Into<String>) -> Error {
    pair::broken(path, reason, OURS_ADVICE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(host: &str) -> Names {
        Names {
            hosts: vec![host.parse().unwrap()],
            are_asked_for: true,
            hostname: Some("bench".to_owned()),
        }
    }

    #[test]
    fn a_new_address_renews_the_server_certificate_and_keeps_the_authority() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let now = crate::clock::now();
        let made = |host: &str, at| store.make(&names(host), at).unwrap();
        let is = |authority, server| Made { authority, server, left_out: Vec::new() };
        assert_eq!(made("192.168.1.3", now), is(true, true));
        let authority = store.authority().unwrap();
        assert_eq!(made("192.168.1.3", now), is(false, false));
        assert_eq!(made("10.0.0.7", now), is(false, true));
        let later = now + chrono::Duration::days(380);
        assert_eq!(made("10.0.0.7", later), is(false, true));
        assert_eq!(store.authority().unwrap(), authority);
        store.pair().unwrap().config().unwrap();
    }

    #[test]
    fn a_name_that_the_authority_may_not_speak_for_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let now = crate::clock::now();
        store.make(&names("192.168.1.3"), now).unwrap();
        for host in ["bench.local", "10.1.2.3", "fd00::7"] {
            store.make(&names(host), now).unwrap();
        }
        for host in ["camera.home", "198.51.100.7", "notlocal", "2001:db8::1"] {
            let error = store.make(&names(host), now).unwrap_err();
            assert!(matches!(error, Error::NotPermitted { .. }), "{host}: {error}");
        }
        // A new authority is made for what was asked.
        let other = tempfile::tempdir().unwrap();
        Store::new(other.path().to_owned()).make(&names("camera.home"), now).unwrap();
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let now = crate::clock::now();
        let store = Store::new(folder.path().to_owned());
        store.make(&names("192.168.1.3"), now).unwrap();
        let foreign = Store::new(other.path().to_owned());
        foreign.make(&names("192.168.1.3"), now).unwrap();
        fs::copy(foreign.server_path(), store.server_path()).unwrap();
        let error = store.make(&names("192.168.1.3"), now).unwrap_err();
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
        fs::write(store.server_path(), "garbage").unwrap();
        let error = store.make(&names("192.168.1.3"), now).unwrap_err();
        assert!(error.to_string().contains("server.crt is not usable"), "{error}");
    }

    #[test]
    fn keys_are_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        store.make(&names("192.168.1.3"), crate::clock::now()).unwrap();
        for key in [store.authority_key_path(), store.server_key_path()] {
            assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
