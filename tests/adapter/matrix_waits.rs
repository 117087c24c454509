//! What waits on one connection, on either side.

use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use h2_tests::wire;
use h2_tokio::ext::RequestTimeout;
use h2_tokio::{Config, RecvBody, SendBody, Tunnel, TunnelError, client, server};
use http::{Request, Response};
use http_body_util::StreamBody;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::faulty::Faulty;
use crate::matrix::Site;
use crate::matrix_scenes::{Handle, Scene, TIME, Told, settle};
use crate::support::{get, head_of, octets};

impl Scene {
    /// Gives a request its time, if it is to have one.
    pub(crate) fn timed<B>(&self, mut request: Request<B>) -> Request<B> {
        if self.timed {
            request.extensions_mut().insert(RequestTimeout::new(TIME).with_body());
        }
        request
    }

    pub(crate) async fn client(&mut self, site: Site, io: Faulty) {
        if site == Site::Handshake {
            let handshake = client::handshake(io, Config::client());
            return self.waits(async move { Told::result(handshake.await) });
        }
        let mut config = Config::client();
        config.core.enable_push = site == Site::Pushes;
        let (client, driver) = client::connection(io, config);
        self.drives(driver);
        self.handle = Some(Handle::Client(client.clone()));
        if site == Site::Ready {
            return self.waits(async move { Told::result(client.ready().await) });
        }
        // An acknowledgement must not come before what it acknowledges.
        settle().await;
        self.says((wire::settings(&[(3, 2)]), wire::settings_ack())).await;
        settle().await;
        self.sibling = Some(Box::new(client.send_request(head_of("/1")).await.unwrap()));
        match site {
            Site::Ping | Site::Closed | Site::Watch => {
                self.keeps(client.send_request(head_of("/")).await.unwrap());
                self.waits_for_connection(site, client);
            }
            Site::Slot | Site::Reserve => self.waits_in_line(site, client).await,
            Site::Head | Site::Request | Site::Upload | Site::OpenTunnel => {
                self.waits_for_head(site, client).await;
            }
            _ => self.waits_on_stream(site, client).await,
        }
    }

    fn waits_for_connection(&mut self, site: Site, client: client::Handle) {
        let mut watch = client.watch_state();
        self.waits(async move {
            match site {
                Site::Ping => Told::result(client.ping().await),
                Site::Closed => Told::close(&client.closed().await),
                _ => {
                    drop(client);
                    let last = watch.until(|state| state.closed.is_some()).await;
                    assert!(watch.changed().await.is_none());
                    Told::close(&last.closed.unwrap())
                }
            }
        });
    }

    async fn waits_in_line(&mut self, site: Site, client: client::Handle) {
        let second = tokio::spawn(client.clone().request_alone());
        settle().await;
        self.keeps(Aborted(second));
        let head = self.timed(head_of("/"));
        self.waits(async move {
            match site {
                Site::Slot => Told::result(client.send_request(head).await),
                _ => Told::result(client.reserve().await),
            }
        });
    }

    async fn waits_for_head(&mut self, site: Site, client: client::Handle) {
        let (head, whole) = (self.timed(head_of("/")), self.timed(get("/")));
        match site {
            Site::Head => {
                // The handle goes with the task, as it does when a caller owns it alone.
                let response = client.send_bodiless(head).await.unwrap();
                drop(client);
                self.waits(async move { Told::result(response.await) });
            }
            Site::OpenTunnel => {
                let request = self.timed(Request::connect("b.example:443").body(()).unwrap());
                self.waits(async move {
                    match client.open_tunnel(request).await {
                        Ok(_) => Told::Clean,
                        Err(TunnelError::Failed(error)) => Told::error(&error),
                        Err(other) => panic!("{other}"),
                    }
                });
            }
            Site::Upload => {
                let (end, ended) = oneshot::channel::<()>();
                self.keeps(end);
                let frames = stream::pending::<Result<http_body::Frame<Bytes>, Infallible>>();
                let upload = head.map(|()| StreamBody::new(frames.take_until(ended)));
                self.waits(async move { Told::result(client.request(upload).await) });
            }
            _ => self.waits(async move { Told::result(client.request(whole).await) }),
        }
    }

    async fn waits_on_stream(&mut self, site: Site, client: client::Handle) {
        let head = self.timed(head_of("/"));
        let (mut send, mut response) = client.send_request(head).await.unwrap();
        drop(client);
        match site {
            Site::Informational => {
                self.keeps(send);
                self.waits(async move {
                    assert!(response.informational().await.is_none());
                    Told::Clean
                });
            }
            Site::Pushes => {
                let mut pushes = response.pushes();
                self.keeps((send, response));
                self.waits(async move {
                    assert!(pushes.next().await.is_none());
                    Told::Clean
                });
            }
            _ if site.has_head() => {
                settle().await;
                self.says((wire::ok(3), wire::data_of(3, 100))).await;
                let mut body = response.await.unwrap().into_body();
                assert_eq!(body.data().await.unwrap().unwrap().len(), 100);
                if matches!(site, Site::Data | Site::Trailers | Site::ManualData) {
                    self.keeps(send);
                    return self.waits(receive(site, body));
                }
                self.waits(through(site, Tunnel::new(send, body)));
            }
            _ => {
                self.keeps(response);
                if site == Site::Flush {
                    send.send_data(octets(MUCH)).await.unwrap();
                }
                self.waits(give(site, send));
            }
        }
    }

    pub(crate) async fn server(&mut self, site: Site, io: Faulty) {
        let (handle, mut incoming, driver) = server::connection(io, Config::server());
        self.drives(driver);
        self.handle = Some(Handle::Server(handle.clone()));
        if site == Site::ServerReady {
            self.keeps(incoming);
            return self.waits(async move { Told::result(handle.ready().await) });
        }
        self.says((wire::preface(), wire::settings(&[]))).await;
        settle().await;
        self.says((wire::settings_ack(), wire::post(1), wire::post(3))).await;
        self.sibling = Some(Box::new(incoming.next().await.unwrap()));
        let (request, mut responder) = incoming.next().await.unwrap();
        let mut body = request.into_body();
        match site {
            Site::Incoming => {
                self.keeps((body, responder));
                drop(handle);
                self.waits(async move {
                    assert!(incoming.next().await.is_none());
                    Told::Clean
                });
            }
            Site::ServerPing | Site::ServerClosed | Site::ServerWatch => {
                self.keeps((body, responder, incoming));
                self.waits(async move {
                    match site {
                        Site::ServerPing => Told::result(handle.ping().await),
                        Site::ServerClosed => Told::close(&handle.closed().await),
                        _ => {
                            let mut watch = handle.watch_state();
                            let last = watch.until(|state| state.closed.is_some()).await;
                            Told::close(&last.closed.unwrap())
                        }
                    }
                });
            }
            Site::Cancelled => {
                self.keeps((body, incoming));
                self.waits(async move { Told::error(&responder.cancelled().await) });
            }
            Site::ServerData | Site::ServerTrailers | Site::ServerManualData => {
                self.keeps((responder, incoming));
                self.says(wire::data_of(3, 100)).await;
                assert_eq!(body.data().await.unwrap().unwrap().len(), 100);
                self.waits(receive(site, body));
            }
            Site::ServerTunnelRead | Site::ServerTunnelWrite | Site::ServerTunnelShutdown => {
                self.keeps(incoming);
                let send = responder.send_response(Response::new(())).unwrap();
                self.waits(through(site, Tunnel::new(send, body)));
            }
            _ => {
                self.keeps((body, incoming));
                let mut send = responder.send_response(Response::new(())).unwrap();
                if site == Site::ServerFlush {
                    send.send_data(octets(MUCH)).await.unwrap();
                }
                self.waits(give(site, send));
            }
        }
    }
}

/// More octets than the peer's window takes.
const MUCH: usize = 80 * 1024;

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
pub(crate) struct Aborted(pub(crate) JoinHandle<()>);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn receive(site: Site, mut body: RecvBody) -> Told {
    match site {
        Site::Trailers | Site::ServerTrailers => Told::result(body.trailers().await),
        Site::ManualData | Site::ServerManualData => {
            body.into_manual().piece().await.map_or(Told::Clean, Told::result)
        }
        _ => body.data().await.map_or(Told::Clean, Told::result),
    }
}

/// Reads a tunnel to its end, writes more than its peer takes, or waits for that to leave.
async fn through(site: Site, mut tunnel: Tunnel) -> Told {
    let done = match site {
        Site::TunnelRead | Site::ServerTunnelRead => {
            tunnel.read_to_end(&mut Vec::new()).await.map(drop)
        }
        Site::TunnelWrite | Site::ServerTunnelWrite => tunnel.write_all(&[7; 1 << 20]).await,
        _ => {
            tunnel.write_all(&[7; MUCH]).await.unwrap();
            tunnel.shutdown().await
        }
    };
    done.map_or_else(
        |error| Told::error(error.get_ref().unwrap().downcast_ref().unwrap()),
        |()| Told::Clean,
    )
}

async fn give(site: Site, mut send: SendBody) -> Told {
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
