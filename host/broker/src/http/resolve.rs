//! Looks names up and hands on only addresses that a request may be sent to. Second of two egress checks.
//!
//! It runs on the *resolved* address, because a permitted name may resolve to 169.254.169.254. The client connects to what
//! comes out of here and never looks a name up by itself, so the checked address is the one connected to: a name that
//! answers a public address first and 127.0.0.1 at its next look-up is refused then.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::AddressRule;

/// Turns a host's name into its addresses. The network's edge for names: tests bring their own.
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of `name`, unchecked.
    ///
    /// # Errors
    /// Any, when the name does not exist or cannot be looked up.
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A resolver behind one shard's rule on addresses.
#[derive(Clone)]
pub(crate) struct CheckedResolver {
    resolver: Arc<dyn Resolver>,
    rule: Arc<AddressRule>,
}

/// The name exists, and none of its addresses may be used.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to no address that may be used")]
pub(crate) struct NoPermittedAddress;

impl CheckedResolver {
    pub(crate) fn new(resolver: Arc<dyn Resolver>, rule: AddressRule) -> Self {
        Self { resolver, rule: Arc::new(rule) }
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { resolver, rule } = self.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str().to_owned()).await?;
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            let permitted: Vec<_> = found.into_iter().filter(|address| rule.allows(*address)).collect();
            if permitted.is_empty() {
                return Err(NoPermittedAddress.into());
            }
            // Port 0 stands for the URL's own.
            let addresses: Addrs = Box::new(permitted.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static [&'static str]);

    impl Resolver for Fixed {
        fn addresses(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let addresses = self.0.iter().map(|address| address.parse().unwrap()).collect();
            Box::pin(async { Ok(addresses) })
        }
    }

    async fn resolve(addresses: &'static [&'static str]) -> Result<Vec<String>, String> {
        let resolver = CheckedResolver::new(Arc::new(Fixed(addresses)), AddressRule::default());
        match resolver.resolve("api.example".parse().unwrap()).await {
            Ok(found) => Ok(found.map(|address| address.ip().to_string()).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[tokio::test]
    async fn hands_on_public_addresses_and_keeps_private_ones_back() {
        assert_eq!(resolve(&["1.1.1.1", "127.0.0.1", "::1"]).await.unwrap(), ["1.1.1.1"]);
    }

    #[tokio::test]
    async fn refuses_a_name_with_private_addresses_only() {
        assert_eq!(resolve(&["10.0.0.1", "::ffff:127.0.0.1"]).await.unwrap_err(), NoPermittedAddress.to_string());
    }

    #[tokio::test]
    async fn a_name_without_addresses_is_not_a_denial() {
        assert_ne!(resolve(&[]).await.unwrap_err(), NoPermittedAddress.to_string());
    }
}
