//! One TLS configuration for all shards, made at the first HTTPS request.
//!
//! Loading the platform's certificate authorities reads a hundred files on some systems, so that a host whose shards answer
//! from mock data does not do it.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    client::danger::ServerCertVerifier,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use tokio::sync::OnceCell;

/// The shared configuration, not made yet or made.
pub(crate) struct Tls {
    ca_file: Option<PathBuf>,
    config: OnceCell<ClientConfig>,
}

impl Tls {
    pub(crate) fn new(ca_file: Option<PathBuf>) -> Self {
        Self { ca_file, config: OnceCell::new() }
    }

    /// The configuration for HTTPS. What failed is tried again at the next request, since an operator may have mended it.
    ///
    /// # Errors
    /// A sentence, when there is no usable certificate authority or `ca_file` cannot be read.
    pub(crate) async fn config(&self) -> Result<ClientConfig, String> {
        let make = || async {
            let ca_file = self.ca_file.clone();
            tokio::task::spawn_blocking(|| with_authorities(ca_file)).await.map_err(|error| error.to_string())?
        };
        self.config.get_or_try_init(make).await.cloned()
    }

    /// A configuration that trusts nobody, for the client that only speaks plain HTTP.
    ///
    /// # Errors
    /// A sentence, when the provider lacks the protocol versions.
    pub(crate) fn config_without_authorities() -> Result<ClientConfig, String> {
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = builder.map_err(|error| error.to_string())?;
        Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn with_authorities(ca_file: Option<PathBuf>) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let verifier = verifier(ca_file)?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(ca_file: Option<PathBuf>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let verifier = match ca_file {
        None => Verifier::new(provider()),
        Some(path) => {
            let unreadable =
                |error| format!("the certificate authorities in {} cannot be read: {error}", path.display());
            let authorities = CertificateDer::pem_file_iter(&path).map_err(unreadable)?;
            let authorities = authorities.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
            if authorities.is_empty() {
                return Err(format!("{} holds no certificate", path.display()));
            }
            Verifier::new_with_extra_roots(authorities, provider())
        }
    };
    let verifier = verifier
        .map_err(|error| format!("no certificate authorities: {error}; install your system's `ca-certificates`"))?;
    Ok(Arc::new(verifier))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::{ServerConfig, pki_types::PrivateKeyDer};
    use tempfile::NamedTempFile;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        task::JoinSet,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::{
        BrokerSettings,
        stand_in::{Names, ONE_DESTINATION, Setup, get, hasty, send},
    };

    /// A server of `api.example`, and the file with the authority that vouches for it.
    async fn server() -> (String, NamedTempFile, JoinSet<()>) {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["api.example".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(authority.pem().as_bytes()).unwrap();

        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _read = stream.read(&mut [0; 4096]).await.unwrap();
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecure").await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            }
        });
        (format!(":{port}"), file, serving)
    }

    async fn ask(host: &str, port: &str, ca_file: Option<PathBuf>) -> Result<String, String> {
        let url = format!("https://{host}{port}");
        let names = Names::new(host, &[&["127.0.0.1"]]);
        let settings = BrokerSettings { ca_file, ..hasty() };
        let access = Setup { settings, names, ..Setup::new(ONE_DESTINATION, &url) }.access();
        match send(&access, get(&url)).await {
            Ok(response) => Ok(String::from_utf8(response.body.to_vec()).unwrap()),
            Err(error) => Err(format!("{}: {error}", error.code())),
        }
    }

    #[tokio::test]
    async fn trusts_the_operators_authority_for_the_name_it_vouches_for() {
        let (port, file, _serving) = server().await;
        assert_eq!(ask("api.example", &port, Some(file.path().into())).await.unwrap(), "secure");
        let error = ask("other.example", &port, Some(file.path().into())).await.unwrap_err();
        assert!(error.starts_with("connect-failed") && error.contains("certificate"), "{error}");
    }

    #[tokio::test]
    async fn trusts_no_authority_that_nobody_named() {
        let (port, _file, _serving) = server().await;
        let error = ask("api.example", &port, None).await.unwrap_err();
        // A machine without certificate authorities cannot even begin.
        assert!(error.starts_with("connect-failed") || error.starts_with("tls-unavailable"), "{error}");
    }

    #[tokio::test]
    async fn names_a_file_of_authorities_that_is_not_there_or_holds_none() {
        let error = ask("api.example", "", Some("/nowhere/authorities.pem".into())).await.unwrap_err();
        assert!(error.starts_with("tls-unavailable") && error.contains("/nowhere/authorities.pem"), "{error}");
        let empty = NamedTempFile::new().unwrap();
        let error = ask("api.example", "", Some(empty.path().into())).await.unwrap_err();
        assert!(error.contains("holds no certificate"), "{error}");
    }
}
