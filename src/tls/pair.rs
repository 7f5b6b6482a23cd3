//! A certificate chain and its private key, as they lie in two files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Error;

/// What to do about a file of the certificates folder.
pub(super) const OURS_ADVICE: &str = "Restore it from a backup, or move both files of the pair away \
                                      to let localcamera make new ones";

/// What to do about a file that the user brought.
pub(super) const OWN_ADVICE: &str = "--cert takes a certificate chain in PEM, the server's first, \
                                     and --key its private key";

/// What a server shows and what it proves it with. They need not belong together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The server's certificate first; never empty.
    pub(super) chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    certificate_path: PathBuf,
    key_path: PathBuf,
    advice: &'static str,
}

impl Pair {
    /// # Errors
    /// When a file cannot be read, or does not hold what it should.
    pub(super) fn read(
        certificate: &Path,
        key: &Path,
        advice: &'static str,
    ) -> Result<Self, Error> {
        let chain = read_chain(certificate, advice)?;
        let text = read_text(key)?;
        let read = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|error| broken(key, format!("it holds no private key ({error})"), advice))?;
        let (certificate_path, key_path) = (certificate.to_owned(), key.to_owned());
        Ok(Self { chain, key: read, certificate_path, key_path, advice })
    }

    /// The server's own certificate.
    pub(super) fn leaf(&self) -> &CertificateDer<'static> {
        &self.chain[0]
    }

    /// The TLS settings of a server with this certificate.
    ///
    /// # Errors
    /// When key and certificate do not belong together.
    pub(super) fn config(&self) -> Result<Arc<rustls::ServerConfig>, Error> {
        let made = super::server_config(self.chain.clone(), self.key.clone_key());
        made.map_err(|error| match error {
            Error::Tls(error) => {
                let key = self.key_path.display();
                let reason = format!("it does not fit its key {key} ({error})");
                broken(&self.certificate_path, reason, self.advice)
            }
            other => other,
        })
    }
}

pub(super) fn read_chain(
    path: &Path,
    advice: &'static str,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read_text(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(broken(path, "it holds no certificate in PEM", advice)),
        Err(error) => Err(broken(path, error.to_string(), advice)),
    }
}

pub(super) fn read_text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(io_error("read", path))
}

pub(super) fn io_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { action, path, source }
}

pub(super) fn broken(path: &Path, reason: impl Into<String>, advice: &'static str) -> Error {
    Error::Broken { path: path.to_owned(), reason: reason.into(), advice }
}
