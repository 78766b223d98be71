//! Whose certificates a client believes: those that the system does, or those of a file.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Failure, Server};

/// Whose certificates are believed. Nothing is read for a library that is asked without TLS.
#[derive(Clone, Default)]
pub struct Trust(Option<TlsConnector>);

impl std::fmt::Debug for Trust {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Trust").field(&self.0.is_some()).finish()
    }
}

impl Trust {
    /// For a library: the certificates in `file` (PEM) alone, else those that this system trusts.
    ///
    /// # Errors
    /// When they cannot be read, or there is none.
    pub fn of(server: &Server, file: Option<&Path>) -> Result<Self, Failure> {
        if !server.is_secure() {
            return Ok(Self(None));
        }
        let mut roots = RootCertStore::empty();
        match file {
            Some(path) => {
                let failed = |error: String| Failure::of_file(path)(io::Error::other(error));
                let read = CertificateDer::pem_file_iter(path);
                for one in read.map_err(|error| failed(error.to_string()))? {
                    let one = one.map_err(|error| failed(error.to_string()))?;
                    roots.add(one).map_err(|error| failed(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(failed("there is no certificate in it (PEM)".to_owned()));
                }
            }
            None => {
                let read = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(read.certs);
                if roots.is_empty() {
                    let words = "this system names no certificates that it trusts; install \
                                 ca-certificates, or name a file with --ca";
                    return Err(Failure::Differs(words.to_owned()));
                }
            }
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| Failure::Differs(error.to_string()))?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Some(TlsConnector::from(Arc::new(config)))))
    }

    /// What makes a connection a secure one; None without TLS.
    pub(super) fn connector(&self) -> Option<&TlsConnector> {
        self.0.as_ref()
    }
}
