//! Every way for a request to fail, at every stage, with every kind of body: it comes back exactly
//! when it was certainly not processed and nothing of its body is lost, and then it is whole.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use h2_core::Event;
use h2_tests::wire::{self, Wire};
use h2_tokio::ext::RequestTimeout;
use h2_tokio::{Config, ErrorCode, client};
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::io::duplex;

use crate::faulty::{Fault, Switch};
use crate::handback::{echoed, try_on, turns};
use crate::support::{PIPE, Peer, head_of};

/// The body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    Nothing,
    /// All of it is there at once.
    Whole,
    /// A first piece is there at once, and then nothing more.
    Silent,
    /// And then another, before the request fails.
    Goes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    InLine,
    /// It has a stream, and the transport takes nothing.
    Unwritten,
    /// The peer has its head.
    Written,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Refused,
    Cancelled,
    /// The last stream that the peer serves is the one before.
    GoAway,
    Broken,
    Late,
    Closed,
}

const UPLOADS: [Upload; 4] = [Upload::Nothing, Upload::Whole, Upload::Silent, Upload::Goes];
const STAGES: [Stage; 3] = [Stage::InLine, Stage::Unwritten, Stage::Written];
const FAILURES: [Failure; 6] = [
    Failure::Refused,
    Failure::Cancelled,
    Failure::GoAway,
    Failure::Broken,
    Failure::Late,
    Failure::Closed,
];

/// Whether the request was certainly not processed; `None` where no request can fail so.
fn is_unprocessed(stage: Stage, failure: Failure) -> Option<bool> {
    match (stage, failure) {
        // A peer that has not read of it cannot name it.
        (Stage::InLine | Stage::Unwritten, Failure::Refused | Failure::Cancelled) => None,
        (Stage::InLine, _) => Some(true),
        (Stage::Unwritten | Stage::Written, Failure::GoAway) => Some(true),
        // What the transport did not take is dropped when it breaks, and only then.
        (Stage::Unwritten, _) => Some(failure == Failure::Broken),
        (Stage::Written, _) => Some(failure == Failure::Refused),
    }
}

const TIME: Duration = Duration::from_secs(5);

type Piece = Result<Frame<Bytes>, Infallible>;

/// A request that is about to be made, and what gives its body.
fn upload(kind: Upload) -> (Request<StreamBody<mpsc::UnboundedReceiver<Piece>>>, Giver) {
    let (giver, pieces) = mpsc::unbounded();
    let mut giver = Giver(Some(giver));
    if kind != Upload::Nothing {
        giver.gives("first, ");
    }
    if matches!(kind, Upload::Nothing | Upload::Whole) {
        giver.0 = None;
    }
    let request = Request::post("http://a.example/").header("x", "y");
    (request.body(StreamBody::new(pieces)).unwrap(), giver)
}

struct Giver(Option<mpsc::UnboundedSender<Piece>>);

impl Giver {
    fn gives(&self, piece: &'static str) {
        if let Some(giver) = &self.0 {
            // A body that is lost takes nothing more.
            let _ = giver.unbounded_send(Ok(Frame::data(Bytes::from_static(piece.as_bytes()))));
        }
    }
}

/// A client with one request under way, of a peer by hand.
async fn against(stage: Stage, switch: &Switch) -> (client::Handle, Peer) {
    let (ours, theirs) = duplex(PIPE);
    let mut config = h2_core::Config::server();
    config.max_concurrent_streams = if stage == Stage::InLine { 1 } else { 8 };
    let mut peer = Peer::server(theirs, config);
    let client = client::spawn_connection(switch.on(ours), Config::client());
    peer.flush().await;
    client.ready().await.unwrap();
    (client, peer)
}

async fn requested(peer: &mut Peer) {
    while !matches!(peer.next().await, Some(Event::RequestReceived { .. })) {}
}

async fn check(kind: Upload, stage: Stage, failure: Failure) {
    let row = format!("{kind:?} {stage:?} {failure:?}");
    let Some(unprocessed) = is_unprocessed(stage, failure) else { return };
    let switch = Switch::default();
    let (client, mut peer) = against(stage, &switch).await;
    let _first = client.send_request(head_of("/1")).await.unwrap();
    requested(&mut peer).await;
    let (mut request, mut giver) = upload(kind);
    if failure == Failure::Late {
        request.extensions_mut().insert(RequestTimeout::new(TIME));
    }
    if stage == Stage::Unwritten {
        switch.turn(Fault::Stall);
    }
    let waiting = try_on(&client, request);
    match stage {
        Stage::Written => requested(&mut peer).await,
        Stage::InLine | Stage::Unwritten => turns().await,
    }
    assert_eq!(client.state().queued, usize::from(stage == Stage::InLine), "{row}");
    if kind == Upload::Goes {
        giver.gives("second, ");
    }
    turns().await;
    match failure {
        Failure::Refused => peer.write(&wire::rst(3, ErrorCode::REFUSED_STREAM).octets()).await,
        Failure::Cancelled => peer.write(&wire::rst(3, ErrorCode::CANCEL).octets()).await,
        Failure::GoAway => peer.write(&wire::goaway(1, ErrorCode::NO_ERROR, b"").octets()).await,
        Failure::Broken => switch.turn(Fault::Read),
        Failure::Late => tokio::time::advance(TIME).await,
        Failure::Closed => client.close(ErrorCode::CANCEL),
    }
    turns().await;
    assert!(waiting.is_finished(), "{row}");
    let mut rejected = waiting.await.unwrap().unwrap_err();
    assert_eq!(rejected.error().is_unprocessed(), unprocessed, "{row}: {rejected}");
    let lost = kind == Upload::Goes && stage == Stage::Written;
    let request = rejected.take_request();
    assert_eq!(request.is_some(), unprocessed && !lost, "{row}: {rejected}");
    let Some(request) = request else { return };
    giver.gives("last");
    giver.0 = None;
    assert_eq!(request.head().headers["x"], "y");
    let body = match kind {
        Upload::Nothing => "",
        Upload::Whole => "first, ",
        Upload::Silent => "first, last",
        Upload::Goes => "first, second, last",
    };
    assert_eq!(echoed(request).await.0, body, "{row}");
}

#[tokio::test(start_paused = true)]
async fn a_request_comes_back_whole_exactly_when_nothing_of_it_was_processed_or_lost() {
    for kind in UPLOADS {
        for stage in STAGES {
            for failure in FAILURES {
                check(kind, stage, failure).await;
            }
        }
    }
}
