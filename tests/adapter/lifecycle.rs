//! How a server's connection ends by its clocks, and by the drop of its parts in any order.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2_core::Timer;
use h2_tests::{Frame, wire};
use h2_tokio::{CloseReason, Config, ErrorCode, Reason, RecvBody, SendBody, server};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::byhand::ByHand;
use crate::support::{PIPE, hello, octets, serve_on};

const MINUTE: Duration = Duration::from_secs(60);

/// A served connection, and why it ended.
fn served<F, Fut>(io: DuplexStream, config: Config, handler: F) -> JoinHandle<CloseReason>
where
    F: FnMut(Request<RecvBody>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static,
{
    tokio::spawn(server::serve(io, config, server::service_fn(handler)))
}

fn with(change: impl FnOnce(&mut h2_core::Config)) -> Config {
    let mut config = Config::server();
    change(&mut config.core);
    config
}

/// The connection ended when this timer said so, `after` from `began`, or by its jitter later.
async fn ended_by(ended: JoinHandle<CloseReason>, timer: Timer, began: Instant, after: Duration) {
    let reason = ended.await.unwrap();
    assert_eq!(*reason.reason(), Reason::Timeout(timer));
    let took = began.elapsed();
    // Two seconds for the goodbye and for lingering.
    assert!(took >= after && took <= after + after / 10 + Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_speaks_is_given_up_after_its_handshake_time() {
    let (mut peer, theirs) = ByHand::silent();
    let began = Instant::now();
    let ended = served(theirs, Config::server(), hello);
    let frames = peer.rest_without_a_word().await;
    assert!(
        matches!(frames[..], [Frame::GoAway { code: 4, last: 0, .. }]),
        "SETTINGS_TIMEOUT: {frames:?}"
    );
    ended_by(ended, Timer::Handshake, began, Duration::from_secs(10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_acknowledge_settings_is_given_up() {
    let (mut peer, theirs) = ByHand::new().await;
    let began = Instant::now();
    let ended = served(theirs, Config::server(), hello);
    let frames = peer.rest_without_a_word().await;
    assert!(matches!(frames[..], [Frame::GoAway { code: 4, .. }]), "{frames:?}");
    ended_by(ended, Timer::SettingsAck, began, Duration::from_secs(10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_header_block_that_never_ends_is_given_up() {
    let (mut peer, theirs) = ByHand::new().await;
    let ended = served(theirs, Config::server(), hello);
    peer.meet().await;
    let began = Instant::now();
    peer.say(wire::get(1).no_end_headers()).await;
    peer.rest().await;
    ended_by(ended, Timer::HeaderBlock, began, Duration::from_secs(10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_idle_only_while_it_has_no_stream() {
    let (mut peer, theirs) = ByHand::new().await;
    let config = with(|core| core.idle_timeout = Some(MINUTE));
    let ended = served(theirs, config, |request| async {
        tokio::time::sleep(2 * MINUTE).await;
        hello(request).await
    });
    peer.say(wire::get(1)).await;
    let answer = peer.hear().await.unwrap();
    assert_eq!(answer.field(":status"), Some("200"), "{answer:?}");
    let began = Instant::now();
    let rest = peer.rest().await;
    assert!(rest.iter().any(|frame| matches!(frame, Frame::GoAway { last: 1, code: 0, .. })));
    ended_by(ended, Timer::Idle, began, MINUTE).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_age_takes_no_more_requests_and_finishes_the_others() {
    let (mut peer, theirs) = ByHand::new().await;
    let config = with(|core| core.max_age = Some(MINUTE));
    let ended = served(theirs, config, |request| async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        hello(request).await
    });
    let began = Instant::now();
    peer.meet().await;
    tokio::time::sleep(MINUTE - Duration::from_secs(5)).await;
    peer.say(wire::get(1)).await;
    let rest = peer.rest().await;
    let goodbye = rest.iter().position(|frame| matches!(frame, Frame::GoAway { .. })).unwrap();
    let answer = rest.iter().position(|frame| frame.field(":status") == Some("200")).unwrap();
    assert!(goodbye < answer, "{rest:?}");
    ended_by(ended, Timer::MaxAge, began, MINUTE + Duration::from_secs(15)).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_ping_is_given_up() {
    let (mut peer, theirs) = ByHand::new().await;
    let config = with(|core| core.keep_alive_interval = Some(MINUTE));
    let ended = served(theirs, config, hello);
    peer.meet().await;
    let began = Instant::now();
    let rest = peer.rest().await;
    assert!(matches!(rest[..], [Frame::Ping(_), Frame::GoAway { .. }]), "{rest:?}");
    let reason = ended.await.unwrap();
    assert_eq!(*reason.reason(), Reason::Timeout(Timer::KeepAlive));
    // Silence is counted in whole intervals from the last frame on, then 20 s for the answer.
    assert!(began.elapsed() <= 2 * MINUTE + Duration::from_secs(22), "{:?}", began.elapsed());
}

/// A connection whose client has wide windows, takes nothing, and is being answered with more than
/// a pipe holds.
struct Blocked {
    peer: ByHand,
    ended: JoinHandle<CloseReason>,
    handle: server::Handle,
    incoming: server::Incoming,
    body: SendBody,
}

async fn blocked(config: Config) -> Blocked {
    let (mut peer, theirs) = ByHand::new().await;
    let (handle, mut incoming, driver) = server::connection(theirs, config);
    let ended = tokio::spawn(driver);
    peer.meet().await;
    let wide = (wire::settings(&[(4, 1 << 30)]), wire::window_update(0, 1 << 30));
    peer.say((wide, wire::get(1))).await;
    let (_, responder) = incoming.next().await.unwrap();
    let mut body = responder.send_response(Response::new(())).unwrap();
    for _ in 0..4 {
        body.send_data(octets(PIPE)).await.unwrap();
    }
    Blocked { peer, ended, handle, incoming, body }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_given_up_and_its_streams_with_it() {
    let began = Instant::now();
    let Blocked { peer, ended, mut body, incoming, .. } = blocked(Config::server()).await;
    let error = body.stopped().await;
    assert_eq!(*error.reason(), Reason::Timeout(Timer::WriteStall));
    ended_by(ended, Timer::WriteStall, began, Duration::from_secs(30)).await;
    drop((peer, incoming));
}

#[tokio::test(start_paused = true)]
async fn what_a_client_says_is_heard_while_it_takes_nothing() {
    let Blocked { mut peer, mut incoming, mut body, .. } = blocked(Config::server()).await;
    // A second request, its body, and the end of the first: none waits for what is being written.
    peer.say((wire::post(3), wire::data(3, octets(16_000)).end_stream())).await;
    let (request, responder) = incoming.next().await.unwrap();
    let mut upload = request.into_body();
    let mut got = 0;
    while let Some(piece) = upload.data().await {
        got += piece.unwrap().len();
    }
    assert_eq!(got, 16_000);
    peer.say(wire::rst(1, ErrorCode::CANCEL)).await;
    assert_eq!(body.stopped().await.code(), ErrorCode::CANCEL);
    responder.respond(Response::new("")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_is_written_to_while_nothing_it_says_is_read() {
    let (mut peer, theirs) = ByHand::new().await;
    serve_on(theirs, Config::server(), |request: Request<RecvBody>| async move {
        if request.uri().path() == "/unread" {
            let _kept = request;
            return pending().await;
        }
        Ok::<_, Infallible>(Response::new(Full::new(octets(50_000))))
    });
    let fields = [(":method", "POST"), (":scheme", "http"), (":authority", "a")];
    peer.say(wire::headers(1, &[&fields[..], &[(":path", "/unread")]].concat())).await;
    // All that its window takes.
    for _ in 0..4 {
        peer.say(wire::data_of(1, 16_000)).await;
    }
    peer.say(wire::get(3)).await;
    let mut got = 0;
    while got < 50_000 {
        if let Frame::Data { data, .. } = peer.hear().await.unwrap() {
            got += data.len();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_nobody_reads_is_waited_for_no_longer_than_asked() {
    let config = Config::server().linger(Duration::from_secs(3));
    let Blocked { peer, ended, handle, .. } = blocked(config).await;
    let began = Instant::now();
    handle.close(ErrorCode::INTERNAL_ERROR);
    let reason = ended.await.unwrap();
    assert_eq!(reason.code(), ErrorCode::INTERNAL_ERROR);
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    drop(peer);
}

/// What an application may hold of a server's connection with two streams.
enum Part {
    Handle(server::Handle),
    Incoming(server::Incoming),
    Responder(server::Responder),
    Upload(RecvBody),
    Download(SendBody),
}

impl Part {
    fn drop(self) -> &'static str {
        match self {
            Self::Handle(handle) => named("handle", handle),
            Self::Incoming(incoming) => named("incoming", incoming),
            Self::Responder(responder) => named("responder", responder),
            Self::Upload(body) => named("upload", body),
            Self::Download(body) => named("download", body),
        }
    }
}

fn named<T>(name: &'static str, part: T) -> &'static str {
    drop(part);
    name
}

/// Every order of `count` things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, count - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..count).map(move |at| insert(order, at))).collect()
}

#[tokio::test(start_paused = true)]
async fn whatever_order_its_parts_are_dropped_in_a_connection_says_goodbye_and_ends() {
    assert_eq!(orders(5).len(), 120);
    for order in orders(5) {
        let (mut peer, theirs) = ByHand::new().await;
        let kept = Arc::new(());
        let config = Config::server().extension(Arc::clone(&kept));
        let (handle, mut incoming, driver) = server::connection(theirs, config);
        let ended = tokio::spawn(driver);
        peer.say((wire::post(1), wire::data(1, "half"), wire::get(3))).await;
        let (request, responder) = incoming.next().await.unwrap();
        let (_, other) = incoming.next().await.unwrap();
        let mut download = other.send_response(Response::new(())).unwrap();
        download.send_data("half").await.unwrap();
        peer.meet().await;
        let mut parts = [
            Part::Handle(handle),
            Part::Incoming(incoming),
            Part::Responder(responder),
            Part::Upload(request.into_body()),
            Part::Download(download),
        ]
        .map(Some);
        let mut dropped = Vec::new();
        for at in order {
            // While requests are taken or a response is owed, the connection must not end.
            let needed = ["incoming", "responder", "download"];
            let over = needed.iter().all(|part| dropped.contains(part));
            assert!(over || !ended.is_finished(), "{dropped:?}");
            dropped.push(parts[at].take().unwrap().drop());
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        let frames = peer.rest().await;
        let reset = |stream, code| frames.contains(&Frame::Reset { stream, code });
        assert!(reset(1, ErrorCode::INTERNAL_ERROR.into()), "{dropped:?} {frames:?}");
        assert!(reset(3, ErrorCode::CANCEL.into()), "{dropped:?} {frames:?}");
        let last = frames.iter().rfind(|frame| matches!(frame, Frame::GoAway { .. }));
        assert!(matches!(last, Some(Frame::GoAway { last: 3, code: 0, .. })), "{dropped:?}");
        assert!(ended.await.unwrap().is_graceful(), "{dropped:?}");
        assert_eq!(Arc::strong_count(&kept), 1, "{dropped:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_served_connection_is_kept_by_nothing_but_itself() {
    let (mut peer, theirs) = ByHand::new().await;
    let ended = tokio::spawn(server::serve(
        theirs,
        Config::server(),
        server::service_fn(|_: Request<RecvBody>| async {
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }),
    ));
    peer.meet().await;
    for stream in [1, 3, 5] {
        tokio::time::sleep(10 * MINUTE).await;
        peer.say(wire::get(stream)).await;
        assert_eq!(peer.hear().await.unwrap().stream(), stream);
    }
    drop(peer);
    assert!(ended.await.unwrap().is_graceful());
}
