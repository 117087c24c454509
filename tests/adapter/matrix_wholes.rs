//! What waits on a client over several connections, and a whole server that waits.

use std::future::{pending, ready};
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use h2_tests::wire;
use h2_tokio::client::{Connections, ConnectionsConfig};
use h2_tokio::server::{CancellationToken, Server};
use h2_tokio::{Config, Error, client};
use http::Request;
use http_body_util::Empty;
use tokio::io::duplex;
use tokio::sync::mpsc;
use tower_service::Service;

use crate::faulty::Faulty;
use crate::listening::Door;
use crate::matrix::Site;
use crate::matrix_scenes::{Handle, Scene, Told, settle};
use crate::matrix_waits::Aborted;
use crate::support::{get, head_of};

impl Scene {
    /// A client over at most one connection, which this one is. There is no other to be had.
    pub(crate) async fn pool(&mut self, site: Site, io: Faulty) {
        let (only, driver) = client::connection(io, Config::client());
        self.drives(driver);
        let only = Mutex::new(Some(only));
        let connector = move || {
            let connection = only.lock().unwrap().take();
            async move {
                match connection {
                    Some(connection) => Ok(connection),
                    None => pending().await,
                }
            }
        };
        let config = ConnectionsConfig::new(1).give_up_after(1);
        let pool = client::connections_with(config, connector);
        self.handle = Some(Handle::Pool(pool.clone()));
        let request = self.timed(get("/"));
        if site == Site::PoolConnect {
            return self.waits(async move { Told::result(pool.request(request).await) });
        }
        let first = tokio::spawn({
            let pool = pool.clone();
            async move { pool.reserve().await.unwrap().send_request(head_of("/1")).await.unwrap() }
        });
        settle().await;
        self.says((wire::settings(&[(3, 2)]), wire::settings_ack())).await;
        self.sibling = Some(Box::new(first.await.unwrap()));
        if site != Site::PoolRequest {
            let permit = pool.reserve().await.unwrap();
            // Its body has ended, so that the response ends it all.
            self.keeps(Aborted(tokio::spawn(async move {
                drop(permit.request(get("/3")).await);
                pending::<()>().await;
            })));
            settle().await;
        }
        self.waits(wait_on(site, pool, request));
    }

    /// A whole server, to which this is the one connection.
    pub(crate) async fn whole_server(&mut self, site: Site, io: Faulty) {
        let (door, stop) = (Door::default(), CancellationToken::new());
        let (given, mut requests) = mpsc::unbounded_channel();
        let mut only = Some(io);
        let server = Server::new(door.clone(), Config::server())
            .until(stop.clone())
            .drain(Duration::from_secs(3_600))
            .prepare(move |_, _, config| ready(Ok((only.take().unwrap(), config))))
            .each(async move |mut incoming| {
                while let Some(request) = incoming.next().await {
                    given.send(request).unwrap();
                }
            });
        self.waits(async move {
            assert_eq!(server.await.connections, 1);
            Told::Clean
        });
        door.arrive(Ok(duplex(1).0));
        self.says((wire::preface(), wire::settings(&[]))).await;
        settle().await;
        self.says((wire::settings_ack(), wire::post(1), wire::post(3))).await;
        self.sibling = Some(Box::new(requests.recv().await.unwrap()));
        self.keeps(requests.recv().await.unwrap());
        self.keeps(requests);
        if site == Site::Stopping {
            stop.cancel();
        }
        self.handle = Some(Handle::Stop(stop));
    }
}

async fn wait_on(site: Site, mut pool: Connections, request: Request<Empty<Bytes>>) -> Told {
    match site {
        Site::PoolReserve => Told::result(pool.reserve().await),
        Site::PoolReady => Told::result(is_ready(&mut pool).await),
        Site::PoolClosed => Told::result(pool.closed().await),
        _ => Told::result(pool.request(request).await),
    }
}

async fn is_ready(pool: &mut Connections) -> Result<(), Error> {
    std::future::poll_fn(|cx| Service::<Request<Empty<Bytes>>>::poll_ready(pool, cx)).await
}
