//! Connections that others cannot read: what is asked of the database's certificate.
//!
//! The words are those of libpq, PostgreSQL's own library: `sslmode` and `sslrootcert` of the address. Where
//! an address asks that the certificate be checked, nothing is sent over a connection before it was.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where the authorities come from that a certificate is checked with.
const PUBLIC: &str = "system";

/// What is asked of the database's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing: only that nobody listens in on the way. (`sslmode=prefer`, `require`)
    Nothing,
    /// That an authority that is trusted has signed it. (`verify-ca`)
    Authority,
    /// That it is also of the host that the address names. (`verify-full`)
    Host,
}

/// How connections are made, with the authorities of a file, or the public ones where it is `system` or
/// not named.
pub(super) fn connector(check: Check, authorities: Option<&str>) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let signed = match check {
        Check::Nothing => None,
        Check::Authority | Check::Host => {
            let roots = Arc::new(roots(authorities.unwrap_or(PUBLIC))?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            Some(verifier.map_err(|error| error.to_string())?)
        }
    };
    let verifier = Verifier { check, signed, provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: &str) -> Result<RootCertStore, String> {
    if file == PUBLIC {
        return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
    }
    let wrong = |reason: String| format!("sslrootcert={file}: {reason}");
    let certificates = CertificateDer::pem_file_iter(Path::new(file)).map_err(|e| wrong(e.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it has no certificate".into()));
    }
    Ok(roots)
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    /// Whether somebody trusted signed it; nothing where that is not asked.
    signed: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(signed) = &self.signed else { return Ok(ServerCertVerified::assertion()) };
        match signed.verify_server_cert(certificate, between, name, ocsp, now) {
            // The name is looked at last: everything else was in order.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
