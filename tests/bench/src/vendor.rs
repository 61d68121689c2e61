//! A vendor on loopback that gives every request the same small answer, as fast as one can.

use std::net::SocketAddr;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The answer's body.
pub(crate) const BODY: &str = r#"{"status":"in transit"}"#;

/// It answers until it is dropped.
pub(crate) struct Vendor {
    pub(crate) address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Vendor {
    /// Opens on any free port.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream));
            }
        });
        Ok(Self { address, _serving: serving })
    }
}

/// Answers one connection until the client closes it. Requests have no body here, so the end of the head is their end.
async fn serve(mut stream: TcpStream) {
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
    let mut request = Vec::new();
    while stream.set_nodelay(true).is_ok() && stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
        if memmem::find(&request, b"\r\n\r\n").is_some() {
            request.clear();
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}
