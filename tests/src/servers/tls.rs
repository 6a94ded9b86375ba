//! A front that speaks TLS for a server that does not.

use crate::tls::Identity;
use std::net::{SocketAddr, TcpListener as Listener};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Speaks TLS before a server until it is dropped.
pub struct Front {
    port: u16,
    _runtime: tokio::runtime::Runtime,
}

impl Front {
    pub fn start(identity: &Identity, behind: SocketAddr) -> Self {
        let acceptor = TlsAcceptor::from(identity.server());
        let listener = Listener::bind("127.0.0.1:0").expect("a port of this machine");
        listener.set_nonblocking(true).expect("its mode");
        let port = listener.local_addr().expect("its address").port();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut secure = acceptor.accept(client).await?;
                    copy_bidirectional(&mut secure, &mut TcpStream::connect(behind).await?).await
                });
            }
        });
        Self { port, _runtime: runtime }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}
