//! The stage of the matrix: one connection against a peer of hand-made frames, and on it one task
//! that waits for one thing.

use std::any::Any;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use h2_tests::wire::{self, Wire};
use h2_tokio::ext::RequestTimeout;
use h2_tokio::{
    CloseReason, Config, Error, ErrorCode, Outcome, Reason, Scope, Tunnel, client, server,
};
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use crate::faulty::{Fault, Switch};
use crate::matrix::{Cause, Site};
use crate::support::{get, head_of, octets};

/// Octets that the pipe holds: more than any scene writes, for its peer never reads.
const PIPE: usize = 4 * 1024 * 1024;

/// Turns in which a connection comes to rest.
pub(crate) const TURNS: usize = 32;

/// What was at the end of a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// What it waited for, or a clean end.
    Clean,
    /// Scope, reason, code, and how far the request had come.
    Error(Scope, Kind, ErrorCode, Option<Outcome>),
}

/// A [`Reason`] without what it carries, where that is not for the adapter to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Violation,
    Exactly(Reason),
}

impl Kind {
    fn of(reason: &Reason) -> Self {
        match reason {
            Reason::Violation(_) => Self::Violation,
            other => Self::Exactly(other.clone()),
        }
    }
}

impl Told {
    fn error(error: &Error) -> Self {
        let kind = Kind::of(error.reason());
        Self::Error(error.scope(), kind, error.code(), Some(error.outcome()))
    }

    fn result<T>(result: Result<T, Error>) -> Self {
        result.map_or_else(|error| Self::error(&error), |_| Self::Clean)
    }

    fn close(reason: &CloseReason) -> Self {
        Self::Error(Scope::Connection, Kind::of(reason.reason()), reason.code(), None)
    }
}

/// A connection, its peer, and a task that waits.
pub(crate) struct Scene {
    peer: DuplexStream,
    switch: Switch,
    /// The task of the connection, unless the library spawned it itself.
    driver: Option<JoinHandle<CloseReason>>,
    wait: JoinHandle<Told>,
    handle: Option<Handle>,
    /// Both ends of another stream.
    sibling: Option<Box<dyn Any + Send>>,
    /// What must outlive the wait.
    kept: Vec<Box<dyn Any + Send>>,
}

enum Handle {
    Client(client::Handle),
    Server(server::Handle),
}

impl Scene {
    pub(crate) async fn set(site: Site) -> Self {
        if site.is_of_client() { Self::client(site).await } else { Self::server(site).await }
    }

    async fn client(site: Site) -> Self {
        let (ours, mut peer) = duplex(PIPE);
        let switch = Switch::default();
        let io = switch.on(ours);
        if site == Site::Handshake {
            let handshake = client::handshake(io, Config::client());
            let wait = tokio::spawn(async move { Told::result(handshake.await) });
            settle().await;
            let (sibling, kept) = (None, Vec::new());
            return Self { peer, switch, driver: None, wait, handle: None, sibling, kept };
        }
        let mut config = Config::client();
        config.core.enable_push = site == Site::Pushes;
        let (client, driver) = client::connection(io, config);
        let driver = tokio::spawn(driver);
        let mut scene = Self {
            switch,
            driver: Some(driver),
            wait: tokio::spawn(std::future::pending()),
            handle: Some(Handle::Client(client.clone())),
            sibling: None,
            kept: Vec::new(),
            peer: {
                if site != Site::Ready {
                    // An acknowledgement must not come before what it acknowledges.
                    settle().await;
                    say(&mut peer, (wire::settings(&[(3, 2)]), wire::settings_ack())).await;
                }
                peer
            },
        };
        settle().await;
        if site == Site::Ready {
            scene.waits(async move { Told::result(client.ready().await) });
            settle().await;
            return scene;
        }
        scene.sibling = Some(Box::new(client.send_request(head_of("/1")).await.unwrap()));
        scene.client_waits(site, client).await;
        settle().await;
        assert!(!scene.wait.is_finished(), "{site:?} does not wait");
        scene
    }

    async fn client_waits(&mut self, site: Site, client: client::Handle) {
        match site {
            Site::Ping | Site::Closed | Site::Watch => {
                self.kept.push(Box::new(client.send_request(head_of("/")).await.unwrap()));
                if site == Site::Watch {
                    let mut watch = client.watch_state();
                    return self.waits(async move {
                        let last = watch.until(|state| state.closed.is_some()).await;
                        assert!(watch.changed().await.is_none());
                        Told::close(&last.closed.unwrap())
                    });
                }
                return self.waits(async move {
                    match site {
                        Site::Ping => Told::result(client.ping().await),
                        _ => Told::close(&client.closed().await),
                    }
                });
            }
            Site::Slot | Site::Reserve => {
                let second = tokio::spawn(client.clone().request_alone());
                settle().await;
                self.kept.push(Box::new(Aborted(second)));
                if site == Site::Slot {
                    self.waits(
                        async move { Told::result(client.send_request(head_of("/")).await) },
                    );
                } else {
                    self.waits(async move { Told::result(client.reserve().await) });
                }
                return;
            }
            Site::Head => {
                // The handle goes with the task, as it does when a caller owns it alone.
                let response = client.send_bodiless(head_of("/")).await.unwrap();
                drop(client);
                return self.waits(async move { Told::result(response.await) });
            }
            Site::Deadline => {
                let mut request = get("/");
                request.extensions_mut().insert(RequestTimeout::new(Duration::from_secs(3_600)));
                return self.waits(async move { Told::result(client.request(request).await) });
            }
            _ => {}
        }
        let (mut send, mut response) = client.send_request(head_of("/")).await.unwrap();
        drop(client);
        match site {
            Site::Informational => {
                self.kept.push(Box::new(send));
                self.waits(async move {
                    assert!(response.informational().await.is_none());
                    Told::Clean
                });
            }
            Site::Pushes => {
                let mut pushes = response.pushes();
                self.kept.push(Box::new((send, response)));
                self.waits(async move {
                    assert!(pushes.next().await.is_none());
                    Told::Clean
                });
            }
            _ if site.has_head() => {
                settle().await;
                say(&mut self.peer, (wire::ok(3), wire::data_of(3, 100))).await;
                let mut body = response.await.unwrap().into_body();
                assert_eq!(body.data().await.unwrap().unwrap().len(), 100);
                if matches!(site, Site::TunnelRead | Site::TunnelWrite) {
                    return self.waits(tunnel(site == Site::TunnelWrite, Tunnel::new(send, body)));
                }
                self.kept.push(Box::new(send));
                self.waits(receive(site, body));
            }
            Site::SendData | Site::Flush | Site::Stopped => {
                self.kept.push(Box::new(response));
                if site == Site::Flush {
                    send.send_data(octets(80 * 1024)).await.unwrap();
                }
                self.waits(give(site, send));
            }
            _ => unreachable!("{site:?} is not of a client's stream"),
        }
    }

    async fn server(site: Site) -> Self {
        let (ours, mut peer) = duplex(PIPE);
        let switch = Switch::default();
        let (handle, mut incoming, driver) = server::connection(switch.on(ours), Config::server());
        let driver = tokio::spawn(driver);
        say(&mut peer, (wire::preface(), wire::settings(&[]))).await;
        settle().await;
        say(&mut peer, (wire::settings_ack(), wire::post(1), wire::post(3))).await;
        let sibling = incoming.next().await.unwrap();
        let (request, mut responder) = incoming.next().await.unwrap();
        let mut body = request.into_body();
        let mut scene = Self {
            peer,
            switch,
            driver: Some(driver),
            wait: tokio::spawn(std::future::pending()),
            handle: Some(Handle::Server(handle.clone())),
            sibling: Some(Box::new(sibling)),
            kept: Vec::new(),
        };
        match site {
            Site::Incoming => {
                scene.kept.push(Box::new((body, responder)));
                drop(handle);
                scene.waits(async move {
                    assert!(incoming.next().await.is_none());
                    Told::Clean
                });
            }
            Site::ServerPing => {
                scene.kept.push(Box::new((body, responder, incoming)));
                scene.waits(async move { Told::result(handle.ping().await) });
            }
            Site::ServerClosed => {
                scene.kept.push(Box::new((body, responder, incoming)));
                scene.waits(async move { Told::close(&handle.closed().await) });
            }
            Site::Cancelled => {
                scene.kept.push(Box::new((body, incoming)));
                scene.waits(async move { Told::error(&responder.cancelled().await) });
            }
            Site::ServerData | Site::ServerTrailers | Site::ServerManualData => {
                scene.kept.push(Box::new((responder, incoming)));
                say(&mut scene.peer, wire::data_of(3, 100)).await;
                assert_eq!(body.data().await.unwrap().unwrap().len(), 100);
                scene.waits(receive(site, body));
            }
            Site::ServerTunnelRead | Site::ServerTunnelWrite => {
                scene.kept.push(Box::new(incoming));
                let send = responder.send_response(Response::new(())).unwrap();
                let writes = site == Site::ServerTunnelWrite;
                scene.waits(tunnel(writes, Tunnel::new(send, body)));
            }
            _ => {
                scene.kept.push(Box::new((body, incoming)));
                let mut send = responder.send_response(Response::new(())).unwrap();
                if site == Site::ServerFlush {
                    send.send_data(octets(80 * 1024)).await.unwrap();
                }
                scene.waits(give(site, send));
            }
        }
        settle().await;
        assert!(!scene.wait.is_finished(), "{site:?} does not wait");
        scene
    }

    fn waits(&mut self, wait: impl Future<Output = Told> + Send + 'static) {
        self.wait.abort();
        self.wait = tokio::spawn(wait);
    }

    /// Lets it happen.
    pub(crate) async fn strike(&mut self, cause: Cause, site: Site) {
        match cause {
            Cause::Reset(code) => say(&mut self.peer, wire::rst(3, code)).await,
            Cause::EndStream if site.awaits_head() => {
                say(&mut self.peer, wire::ok(3).end_stream()).await;
            }
            Cause::EndStream => {
                if site.is_of_client() && !site.has_head() {
                    say(&mut self.peer, wire::ok(3)).await;
                }
                say(&mut self.peer, wire::data_of(3, 0).end_stream()).await;
            }
            Cause::GoAway { last } => {
                say(&mut self.peer, wire::goaway(last, ErrorCode::NO_ERROR, b"")).await;
            }
            Cause::Violation => say(&mut self.peer, wire::data_of(0, 1)).await,
            Cause::Eof => self.peer.shutdown().await.unwrap(),
            Cause::Io(fault) => {
                self.switch.turn(fault);
                // An answer that is due makes the transport show it.
                if fault == Fault::Write || fault == Fault::Stall && !site.begins() {
                    let begin = wire::settings(&[]);
                    say(&mut self.peer, (begin, wire::ping([7; 8]))).await;
                }
                if fault == Fault::Stall {
                    settle().await;
                    tokio::time::advance(Duration::from_secs(31)).await;
                }
            }
            Cause::Close => match &self.handle {
                Some(Handle::Client(handle)) => handle.close(ErrorCode::CANCEL),
                Some(Handle::Server(handle)) => handle.close(ErrorCode::CANCEL),
                None => unreachable!("{site:?} has no handle"),
            },
            Cause::SiblingCancelled => self.sibling = None,
            Cause::LastHandle => self.handle = None,
            Cause::DriverDropped => self.driver.as_ref().unwrap().abort(),
        }
    }

    /// Lets all tasks run until the wait is over, but not for ever.
    pub(crate) async fn outcome(&mut self) -> Option<Told> {
        for _ in 0..TURNS {
            if self.wait.is_finished() {
                return Some((&mut self.wait).await.unwrap());
            }
            tokio::task::yield_now().await;
        }
        None
    }

    /// Lets go of everything, and waits until the connection is gone.
    pub(crate) async fn clear(self) -> bool {
        let Self { peer, driver, wait, handle, sibling, kept, .. } = self;
        wait.abort();
        drop((handle, sibling, kept));
        settle().await;
        // A peer that neither answers nor hangs up is waited for no longer than the drain takes.
        tokio::time::advance(Duration::from_secs(31)).await;
        settle().await;
        tokio::time::advance(Duration::from_secs(2)).await;
        settle().await;
        drop(peer);
        driver.is_none_or(|driver| driver.is_finished())
    }
}

/// A request of its own, whose answer nobody has yet.
trait RequestAlone {
    fn request_alone(self) -> impl Future<Output = ()> + Send;
}

impl RequestAlone for client::Handle {
    async fn request_alone(self) {
        drop(self.request(get("/3")).await);
        // A stream that has ended needs its handle no longer; the connection may.
        std::future::pending::<()>().await;
    }
}

/// A task that ends when its scene does.
struct Aborted(JoinHandle<()>);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn receive(site: Site, mut body: h2_tokio::RecvBody) -> Told {
    match site {
        Site::Trailers | Site::ServerTrailers => Told::result(body.trailers().await),
        Site::ManualData | Site::ServerManualData => {
            body.into_manual().piece().await.map_or(Told::Clean, Told::result)
        }
        _ => body.data().await.map_or(Told::Clean, Told::result),
    }
}

/// Reads a tunnel to its end, or writes more than its peer takes.
async fn tunnel(writes: bool, mut tunnel: Tunnel) -> Told {
    let done = match writes {
        true => tunnel.write_all(&[7; 1 << 20]).await,
        false => tunnel.read_to_end(&mut Vec::new()).await.map(drop),
    };
    done.map_or_else(
        |error| Told::error(error.get_ref().unwrap().downcast_ref().unwrap()),
        |()| Told::Clean,
    )
}

async fn give(site: Site, mut send: h2_tokio::SendBody) -> Told {
    match site {
        Site::SendData | Site::ServerSendData => loop {
            if let Err(error) = send.send_data(Bytes::from_static(&[7; 8 * 1024])).await {
                return Told::error(&error);
            }
        },
        Site::Flush | Site::ServerFlush => Told::result(send.flush().await),
        _ => Told::error(&send.stopped().await),
    }
}

async fn say(peer: &mut DuplexStream, what: impl Wire) {
    peer.write_all(&what.octets()).await.unwrap();
}

/// Lets all tasks run as long as they have something to do.
pub(crate) async fn settle() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}
