//! Whom to trust with a connection that this program opens.

use std::path::Path;

use anyhow::{Context, Result, bail};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The certificates of the authorities in a file.
///
/// # Errors
/// When it cannot be read, or holds none.
pub(crate) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let advice = "it must be a certificate in PEM, such as a server's /ca.crt";
    let unusable = || format!("{shown} is not usable: {advice}");
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path)
        .with_context(|| format!("cannot read the authority {shown}"))?
    {
        let certificate = certificate.with_context(unusable)?;
        RootCertStore::empty().add(certificate.clone()).with_context(unusable)?;
        found.push(certificate);
    }
    if found.is_empty() {
        bail!("{shown} holds no certificate: {advice}");
    }
    Ok(found)
}

/// Those of the system; what of them cannot be used is passed over.
pub(crate) fn of_the_system() -> Vec<CertificateDer<'static>> {
    let mut found = rustls_native_certs::load_native_certs().certs;
    found.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    found
}

/// A store of them.
pub(crate) fn store(authorities: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(authorities.iter().cloned());
    store
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.crt");
        let words = || format!("{:#}", read(&path).unwrap_err());
        assert!(words().contains("ca.crt"), "{}", words());
        for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
        {
            std::fs::write(&path, text).unwrap();
            let words = words();
            assert!(words.contains("ca.crt") && words.contains("PEM"), "{words}");
        }
    }
}
