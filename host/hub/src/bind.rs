//! Taking a port, or saying in one sentence why not.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// A listening HTTP edge, on a loopback address; [`Hub::serve`] runs it.
#[derive(Debug)]
pub struct Hub {
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
}

/// Why the hub cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The address can be reached from other machines.
    #[error("{0} is not a loopback address: refused until the host has authentication; use 127.0.0.1:{port}", port = .0.port())]
    NotLoopback(SocketAddr),
    /// Another program listens there.
    #[error("{0} is in use by another program; stop it or choose another port, such as 127.0.0.1:0 for any free one")]
    InUse(SocketAddr),
    /// The port needs privileges.
    #[error("{0} may not be used by this user; choose a port above 1023")]
    Forbidden(SocketAddr),
    /// Anything else that the system says.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl HubError {
    /// Stable across releases.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotLoopback(_) => "not-loopback",
            Self::InUse(_) => "address-in-use",
            Self::Forbidden(_) => "address-forbidden",
            Self::Listen { .. } => "listen-failed",
        }
    }
}

impl Hub {
    /// Listens on `address`; port 0 takes any free one. Connections wait until [`Hub::serve`] runs.
    ///
    /// # Errors
    /// [`HubError`].
    pub async fn bind(address: SocketAddr) -> Result<Self, HubError> {
        if !address.ip().to_canonical().is_loopback() {
            return Err(HubError::NotLoopback(address));
        }
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => HubError::InUse(address),
            io::ErrorKind::PermissionDenied => HubError::Forbidden(address),
            _ => HubError::Listen { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn refuses_what_others_can_reach() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8081", "[::ffff:192.0.2.1]:8081"] {
            let error = Hub::bind(address.parse().unwrap()).await.expect_err("must be refused");
            assert_eq!(error.code(), "not-loopback", "{address}");
            assert!(error.to_string().contains("until the host has authentication"), "{error}");
        }
    }

    #[tokio::test]
    async fn says_that_the_port_is_taken() {
        let first = Hub::bind("127.0.0.1:0".parse().unwrap()).await.expect("binds");
        let error = Hub::bind(first.address()).await.expect_err("is taken");
        assert_eq!(error.code(), "address-in-use");
        assert!(error.to_string().contains(&first.address().to_string()), "{error}");
    }
}
