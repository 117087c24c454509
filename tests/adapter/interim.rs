//! More interim responses than can be written.

use h2_core::Misuse;
use h2_tests::{Frame, wire};
use h2_tokio::{Config, Reason, server};
use http::Response;

use crate::byhand::ByHand;
use crate::support::{head_of, pair, read};

fn early() -> Response<()> {
    Response::builder().status(103).body(()).unwrap()
}

fn is_full(refused: Result<(), h2_tokio::Error>) -> bool {
    *refused.unwrap_err().reason() == Reason::Misuse(Misuse::QueueFull)
}

#[tokio::test(start_paused = true)]
async fn of_many_interim_responses_at_once_the_last_are_refused_and_the_final_one_is_sent() {
    let (client, _server, mut incoming) = pair();
    tokio::spawn(async move {
        let (_, mut responder) = incoming.next().await.unwrap();
        for _ in 0..32 {
            responder.send_informational(early()).unwrap();
        }
        for _ in 0..32 {
            assert!(is_full(responder.send_informational(early())));
        }
        responder.respond(Response::new("end")).unwrap();
        incoming.next().await
    });
    let mut response = client.send_bodiless(head_of("/")).await.unwrap();
    for _ in 0..32 {
        assert_eq!(response.informational().await.unwrap().status(), 103);
    }
    assert!(response.informational().await.is_none());
    assert_eq!(read(response.await.unwrap().into_body()).await.unwrap(), "end");
}

#[tokio::test(start_paused = true)]
async fn there_is_room_for_interim_responses_again_when_those_before_are_written() {
    let (mut peer, theirs) = ByHand::new().await;
    let (_handle, mut incoming) = server::spawn_connection(theirs, Config::server());
    peer.say(wire::get(1)).await;
    let (_, mut responder) = incoming.next().await.unwrap();
    for _ in 0..3 {
        for _ in 0..32 {
            responder.send_informational(early()).unwrap();
        }
        assert!(is_full(responder.send_informational(early())));
        for _ in 0..32 {
            assert_eq!(peer.hear().await.unwrap().field(":status"), Some("103"));
        }
    }
    responder.respond(Response::new("end")).unwrap();
    assert_eq!(peer.hear().await.unwrap().field(":status"), Some("200"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_sent_no_more_interim_responses_than_may_wait() {
    let (mut peer, theirs) = ByHand::new().await;
    let (_handle, mut incoming) = server::spawn_connection(theirs, Config::server());
    peer.say(wire::get(1)).await;
    let (_, mut responder) = incoming.next().await.unwrap();
    let long = |at: usize| {
        // None like another, or a table would make it short.
        let long = format!("{at:05}").repeat(200);
        Response::builder().status(103).header("link", long).body(()).unwrap()
    };
    let mut taken = 0;
    // Sixteen times what the pipe holds, a turn after each.
    for at in 0..1000 {
        taken += usize::from(responder.send_informational(long(at)).is_ok());
        tokio::task::yield_now().await;
    }
    // What the pipe and one batch of the protocol hold, and 32 more.
    assert!((32..300).contains(&taken), "{taken}");
    responder.respond(Response::new("end")).unwrap();
    let mut got = 0;
    loop {
        let frame = peer.hear().await.unwrap();
        match frame.field(":status") {
            Some("103") => got += 1,
            status => {
                assert_eq!(status, Some("200"), "{frame:?}");
                break;
            }
        }
    }
    assert_eq!(got, taken);
    assert!(matches!(peer.hear().await.unwrap(), Frame::Data { end: true, .. }));
}
