//! `serve`: runs the service until it is told to stop.

use crate::args::{self, Args};
use crate::failure::Failure;
use crate::{output, present};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use usage_engine::Engine;
use usage_server::{App, Listeners, router, serve};

pub(crate) fn run(args: &Args, asked: &args::Serve) -> Result<(), Failure> {
    let addresses = addresses(asked)?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::operation(format!("cannot start threads: {error}")))?;
    runtime.block_on(serve_until_stopped(args, &addresses))
}

async fn serve_until_stopped(args: &Args, addresses: &[SocketAddr]) -> Result<(), Failure> {
    // The address first: a port that is taken is noticed before the folder is touched.
    let listeners = Listeners::bind(addresses).await.map_err(|(address, error)| taken(address, &error))?;
    let bound = listeners.addresses();
    let url = bound.first().map(|address| format!("http://{address}")).unwrap_or_default();
    let owner = format!("process {}, {url}", std::process::id());
    let engine = Engine::new(args.database.open(args, &owner).await?);
    let app = App::new(engine.clone(), present::now, present::random);
    let stop = stop_signal();
    let lines: String = bound.iter().map(|address| format!("Listening on http://{address}\n")).collect();
    output::write(&lines)?;
    let served = serve(listeners, router(app), stop).await;
    // Acknowledged events are in the log already; this only spares the next start a replay.
    engine.close().await?;
    served.map_err(|error| Failure::network(format!("the service stopped: {error}")))
}

/// Where to listen. Other machines may reach it only if the caller said that this is meant.
fn addresses(asked: &args::Serve) -> Result<Vec<SocketAddr>, Failure> {
    let listen = asked.listen.as_str();
    let wrong = |reason: String| Failure::operation(format!("--listen {listen}: {reason}"));
    let addresses: Vec<SocketAddr> = match listen.strip_prefix("localhost:").map(str::parse::<u16>) {
        Some(Ok(port)) => vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()],
        Some(Err(error)) => return Err(wrong(format!("the port: {error}"))),
        None => listen
            .to_socket_addrs()
            .map_err(|error| wrong(format!("{error}; give an address and a port, such as localhost:8000")))?
            .collect(),
    };
    let loopback = |address: &SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    };
    if !asked.insecure && !addresses.iter().all(loopback) {
        return Err(wrong("other machines could reach it, and there is no protection".into()).next(
            "Listen on localhost behind a proxy that protects it, or say --insecure if that is meant.",
        ));
    }
    Ok(addresses)
}

fn taken(address: SocketAddr, error: &io::Error) -> Failure {
    let failure = Failure::network(format!("cannot listen on {address}: {error}"));
    match error.kind() {
        io::ErrorKind::AddrInUse => failure
            .next("Another program has this port; stop it, or choose another with --listen localhost:PORT."),
        _ => failure,
    }
}

/// Ready once the program is asked to stop. Signals are heard from this call on.
fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    // Without its signals, the service ends by being killed, which loses nothing.
    let heard = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    async move {
        let [interrupt, terminate] = heard.map(|signal| async {
            match signal {
                Some(mut signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        });
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}
