//! Listening and serving until told to stop.

use axum::Router;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The sockets that the service listens on.
pub struct Listeners(Vec<TcpListener>);

impl Listeners {
    /// Listens on all of these addresses. A port of 0 is any free one, the same for all. Where there
    /// are several, an address family that the machine has not is left out.
    ///
    /// # Errors
    /// The address that is taken or unusable, and why.
    pub async fn bind(addresses: &[SocketAddr]) -> Result<Listeners, (SocketAddr, io::Error)> {
        let mut listeners: Vec<TcpListener> = Vec::new();
        for address in addresses {
            let mut address = *address;
            if let (0, Some(Ok(first))) = (address.port(), listeners.first().map(TcpListener::local_addr)) {
                address.set_port(first.port());
            }
            match TcpListener::bind(address).await {
                Ok(listener) => listeners.push(listener),
                Err(error) if missing_family(&error) && addresses.len() > 1 => {
                    tracing::info!(%address, %error, "this address is left out");
                }
                Err(error) => return Err((address, error)),
            }
        }
        Ok(Listeners(listeners))
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }
}

fn missing_family(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        // EAFNOSUPPORT, which has no kind of its own.
        || error.raw_os_error() == Some(97)
}

/// How long requests under way may take to finish once the service is to stop. A sender that stalls
/// in the middle of a body is not waited for any longer: nothing of it was acknowledged.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `stop` is ready, then finishes the requests under way within five seconds.
///
/// # Errors
/// When a socket cannot be used any more.
pub async fn serve(
    listeners: Listeners,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let mut servers = JoinSet::new();
    for listener in listeners.0 {
        let (router, mut stopped) = (router.clone(), stopped.clone());
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream: &mut tokio::net::TcpStream| {
            // Answers are small and whole: waiting to fill a packet only adds to their latency.
            let _ = stream.set_nodelay(true);
        });
        let stop = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        servers.spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stop).await });
    }
    stop.await;
    let _ = stopping.send(true);
    let finished = async {
        while let Some(server) = servers.join_next().await {
            server.map_err(io::Error::other)??;
        }
        Ok(())
    };
    match tokio::time::timeout(GRACE, finished).await {
        Ok(finished) => finished,
        Err(_) => {
            tracing::warn!("requests that did not finish in time were cut off");
            Ok(())
        }
    }
}
