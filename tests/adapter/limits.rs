//! More of everything than a connection takes at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::future::join_all;
use h2_core::Misuse;
use h2_tokio::{Config, Reason, RecvBody, client};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::io::duplex;

use crate::support::{
    PIPE, client_with, echo, get, head_of, octets, pair_with, post, read, serve_on,
};

fn streams(limit: u32) -> Config {
    let mut config = Config::server();
    config.core.max_concurrent_streams = limit;
    config
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_requests_pass_a_peer_that_allows_fifty() {
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let client = client_with(streams(50), {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        move |request: Request<RecvBody>| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::Relaxed);
                Ok(Response::new(request.into_body()))
            }
        }
    });
    let requests = (0..10_000).map(|at: usize| {
        let client = client.clone();
        tokio::spawn(async move {
            let body = Bytes::from(at.to_string());
            let response = client.request(post(body.clone())).await.unwrap();
            read(response.into_body()).await.unwrap() == body
        })
    });
    assert!(join_all(requests).await.into_iter().all(Result::unwrap));
    assert!(most.load(Ordering::Relaxed) <= 50);
    assert_eq!(client.state().open, 0);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_full_turns_requests_away_unsent() {
    let (client, _handle, _incoming) = pair_with(Config::client().max_queued(2), streams(1));
    client.ready().await.unwrap();
    let _open = client.send_request(head_of("/")).await.unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.request(get("/")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let error = client.request(get("/")).await.unwrap_err();
    assert_eq!(*error.reason(), Reason::QueueFull);
    assert!(error.is_unprocessed());
    assert_eq!(client.state().queued, 2);
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_a_stream() {
    let (client, _handle, mut incoming) = pair_with(Config::client(), streams(1));
    client.ready().await.unwrap();
    let permit = client.try_reserve().await.unwrap();
    let full = client.try_reserve().await.unwrap_err();
    assert_eq!(*full.reason(), Reason::Misuse(Misuse::NoSlot));
    let request = tokio::spawn(async move { permit.request(get("/")).await });
    incoming.next().await.unwrap().1.respond(Response::new("")).unwrap();
    assert!(request.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_dropped_goes_to_the_next_in_line() {
    let (client, _handle, _incoming) = pair_with(Config::client(), streams(1));
    client.ready().await.unwrap();
    let permit = client.reserve().await.unwrap();
    let next = tokio::spawn({
        let client = client.clone();
        async move { client.reserve().await.is_ok() }
    });
    tokio::task::yield_now().await;
    drop(permit);
    assert!(next.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn requests_and_reservations_stand_in_one_line_and_are_served_in_its_order() {
    let (client, _handle, mut incoming) = pair_with(Config::client(), streams(1));
    client.ready().await.unwrap();
    let first = client.reserve().await.unwrap();
    let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
    for at in 0..6 {
        let (client, said) = (client.clone(), said.clone());
        tokio::spawn(async move {
            if at % 2 == 0 {
                let permit = client.reserve().await.unwrap();
                said.send(at).unwrap();
                drop(permit);
            } else {
                client.request(get("/")).await.unwrap();
                said.send(at).unwrap();
            }
        });
        tokio::task::yield_now().await;
    }
    drop(first);
    tokio::spawn(async move {
        while let Some((_, responder)) = incoming.next().await {
            responder.respond(Response::new("")).unwrap();
        }
    });
    for at in 0..6 {
        assert_eq!(heard.recv().await, Some(at));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reservation_given_up_does_not_lose_its_stream() {
    let (client, _handle, _incoming) = pair_with(Config::client(), streams(1));
    client.ready().await.unwrap();
    for _ in 0..100 {
        let ask = tokio::spawn({
            let client = client.clone();
            async move { client.reserve().await }
        });
        tokio::task::yield_now().await;
        ask.abort();
        let _ = ask.await;
    }
    assert!(client.reserve().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn streams_that_nobody_reads_hold_up_no_other() {
    let (ours, theirs) = duplex(PIPE);
    serve_on(theirs, Config::server(), echo);
    let client = client::handshake(ours, Config::client()).await.unwrap();
    let mut unread = Vec::new();
    for _ in 0..127 {
        let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
        let response = response.await.unwrap();
        // As much as the server's window takes; it comes back and stays unread here.
        for _ in 0..3 {
            send.send_data(octets(16 * 1024)).await.unwrap();
        }
        unread.push((send, response));
    }
    let body = octets(1024 * 1024);
    let response = client.request(post(body.clone())).await.unwrap();
    assert!(read(response.into_body()).await.unwrap() == body);
}

#[tokio::test(start_paused = true)]
async fn requests_that_nobody_reads_hold_up_no_other() {
    let (client, _handle, mut incoming) = pair_with(Config::client(), Config::server());
    client.ready().await.unwrap();
    let mut unread = Vec::new();
    for _ in 0..127 {
        let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
        for _ in 0..4 {
            send.send_data(octets(16 * 1024)).await.unwrap();
        }
        unread.push((send, response, incoming.next().await.unwrap()));
    }
    let body = octets(1024 * 1024);
    let request = tokio::spawn({
        let body = body.clone();
        async move { read(client.request(post(body)).await.unwrap().into_body()).await.unwrap() }
    });
    let (request_, responder) = incoming.next().await.unwrap();
    let back = request_.into_body().collect().await.unwrap().to_bytes();
    responder.respond(Response::new(back)).unwrap();
    assert!(request.await.unwrap() == body);
}

#[tokio::test(start_paused = true)]
async fn a_sender_waits_for_a_peer_that_takes_nothing() {
    let (client, _handle, mut incoming) = pair_with(Config::client(), Config::server());
    let (mut send, _response) = client.send_request(head_of("/")).await.unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let sender = tokio::spawn({
        let taken = Arc::clone(&taken);
        async move {
            loop {
                send.send_data(octets(8 * 1024)).await.unwrap();
                taken.fetch_add(8 * 1024, Ordering::Relaxed);
            }
        }
    });
    let (_request, _responder) = incoming.next().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    // The peer's window of 64 KiB, the stream's own credit of 16 KiB, and one piece.
    assert!(taken.load(Ordering::Relaxed) <= (64 + 16 + 16) * 1024);
    sender.abort();
}

#[tokio::test(start_paused = true)]
async fn many_small_pieces_are_one_body() {
    let client = client_with(Config::server(), echo);
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    let sender = tokio::spawn(async move {
        for at in 0..20_000_u32 {
            send.send_data(Bytes::copy_from_slice(&at.to_be_bytes())).await.unwrap();
        }
        send.finish().unwrap();
    });
    let back = read(response.await.unwrap().into_body()).await.unwrap();
    sender.await.unwrap();
    let same = back.chunks(4).zip(0_u32..).all(|(piece, at)| piece == at.to_be_bytes());
    assert!(same && back.len() == 80_000);
}

#[tokio::test(start_paused = true)]
async fn requests_in_flight_at_once_do_not_starve_each_other() {
    let client = client_with(Config::server(), |request: Request<RecvBody>| async move {
        let size: usize = request.uri().path()[1..].parse().unwrap();
        Ok(Response::new(Full::new(octets(size))))
    });
    let requests = (0..100_usize).map(|at| {
        let client = client.clone();
        let size = if at == 0 { 8 * 1024 * 1024 } else { 10_000 };
        async move {
            let response = client.request(get(&format!("/{size}"))).await.unwrap();
            read(response.into_body()).await.unwrap() == octets(size)
        }
    });
    assert!(join_all(requests).await.into_iter().all(|same| same));
}
