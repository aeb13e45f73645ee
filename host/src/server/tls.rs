//! Certificates from files to an acceptor that speaks HTTP/2 and HTTP/1.1.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig, crypto::ring};

/// Why no encrypted listener can be made, naming the file that is at fault.
#[derive(Debug)]
pub enum TlsError {
    /// A file that cannot be read or is not PEM.
    File(PathBuf, rustls_pki_types::pem::Error),
    /// A certificate file without a certificate.
    NoCertificate(PathBuf),
    /// A key that does not belong to the certificate, or is of a kind that is not supported.
    Unusable(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::NoCertificate(path) => write!(f, "there is no certificate in {}", path.display()),
            Self::Unusable(error) => write!(f, "the certificate and key cannot be used together: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}

/// Reads a PEM chain and its PEM key.
pub fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let chain = read_chain(certificates)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::File(key.to_owned(), error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let named = |error| TlsError::File(path.to_owned(), error);
    let chain: Vec<_> = CertificateDer::pem_file_iter(path).map_err(named)?.collect::<Result<_, _>>().map_err(named)?;
    match chain.is_empty() {
        true => Err(TlsError::NoCertificate(path.to_owned())),
        false => Ok(chain),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn message(certificates: &Path, key: &Path) -> String {
        acceptor(certificates, key).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_missing_certificate_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cert.pem");
        assert!(message(&path, &path).contains("cert.pem"));
    }

    #[test]
    fn a_file_without_a_certificate_is_said_to_be_that() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(message(file.path(), file.path()).starts_with("there is no certificate in"));
    }
}
