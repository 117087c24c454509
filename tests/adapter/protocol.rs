//! What handles ask of the protocol itself, and what it tells beside requests.

use std::time::Duration;

use bytes::Bytes;
use h2_core::{Event, Limit, Misuse, Priority, StallCause, StreamId};
use h2_tests::wire::{self, Wire};
use h2_tokio::{Config, Events, Reason, client, server};
use http::Response;
use tokio::io::duplex;

use crate::support::{PIPE, Peer, get, head_of, octets, pair, pair_with};

fn id(stream: u32) -> StreamId {
    StreamId::new(stream).unwrap()
}

/// What is told without anything else happening.
async fn told(events: &mut Events) -> Vec<Event> {
    let mut told = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(1), events.next()).await
    {
        told.push(event);
    }
    told
}

fn why(result: Result<(), h2_tokio::Error>) -> Misuse {
    match result.unwrap_err().reason() {
        Reason::Misuse(misuse) => *misuse,
        reason => panic!("{reason:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn frames_of_extensions_are_told_to_all_who_watch_and_the_end_ends_it() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let client = client::spawn_connection(ours, Config::client());
    peer.settle().await;
    let mut watching = [client.watch_events(), client.watch_events()];
    let altsvc = wire::altsvc(0, "https://a.example", "h3=\":443\"");
    let origin = wire::origin(&["https://b.example"]);
    peer.write(&(altsvc, origin, wire::raw(0xbb, 5, 0, b"what")).octets()).await;
    for events in &mut watching {
        let expected = [
            Event::AlternativeService {
                stream: None,
                origin: Bytes::from_static(b"https://a.example"),
                value: Bytes::from_static(b"h3=\":443\""),
            },
            Event::Origin { origins: vec![Bytes::from_static(b"https://b.example")] },
            Event::UnknownFrame {
                kind: 0xbb,
                flags: 5,
                stream: 0,
                payload: Bytes::from_static(b"what"),
            },
        ];
        assert_eq!(told(events).await, expected);
    }
    peer.write(&wire::goaway(0, 0_u32, b"bye").octets()).await;
    peer.vanish();
    for events in &mut watching {
        let last = events.next().await;
        assert!(matches!(last, Some(Event::GoAwayReceived { last_stream: 0, .. })), "{last:?}");
        assert_eq!((events.next().await, events.missed()), (None, 0));
    }
    assert_eq!(client.watch_events().next().await, None, "there is nothing after the end");
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_take_what_is_told_loses_the_oldest() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::server(theirs, h2_core::Config::server());
    let client = client::spawn_connection(ours, Config::client());
    peer.settle().await;
    let mut events = client.watch_events();
    for flags in 0..40 {
        peer.write(&wire::raw(0xbb, flags, 0, b"").octets()).await;
    }
    peer.settle().await;
    let told = told(&mut events).await;
    let flags = told.iter().map(|event| match event {
        Event::UnknownFrame { flags, .. } => *flags,
        event => panic!("{event:?}"),
    });
    assert!(flags.eq(8..40));
    assert_eq!(events.missed(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_server_tells_of_services_origins_and_extensions_and_hears_of_them() {
    let (client, server, _incoming) = pair();
    client.ready().await.unwrap();
    let (mut at_client, mut at_server) = (client.watch_events(), server.watch_events());
    let value = "h3=\":443\"";
    server.advertise_alternative_service(Some("https://a.example"), None, value).await.unwrap();
    server.advertise_origins(&["https://a.example"]).await.unwrap();
    server.send_extension_frame(0xbb, 1, 0, "from the server").await.unwrap();
    client.send_extension_frame(0xbc, 2, 0, "from the client").await.unwrap();
    let mut heard = told(&mut at_client).await;
    heard.retain(|event| !matches!(event, Event::SettingsAcknowledged { .. }));
    assert!(
        matches!(
            &heard[..],
            [
                Event::AlternativeService { .. },
                Event::Origin { .. },
                Event::UnknownFrame { kind: 0xbb, flags: 1, .. }
            ]
        ),
        "{heard:?}"
    );
    let heard = told(&mut at_server).await;
    let said = heard.iter().any(|event| {
        matches!(event, Event::UnknownFrame { kind: 0xbc, flags: 2, payload, .. }
            if payload == "from the client")
    });
    assert!(said, "{heard:?}");
    let nowhere = server.advertise_alternative_service(None, None, value).await;
    assert_eq!(why(nowhere), Misuse::InvalidFrame);
    assert_eq!(why(server.advertise_origins(&["no origin"]).await), Misuse::InvalidFrame);
    assert_eq!(why(client.send_extension_frame(0, 0, 0, "DATA").await), Misuse::InvalidFrame);
}

#[tokio::test(start_paused = true)]
async fn settings_are_asked_for_changed_and_acknowledged() {
    let mut config = Config::server();
    config.core.enable_connect_protocol = true;
    let (client, server, _incoming) = pair_with(Config::client(), config);
    client.ready().await.unwrap();
    let peer = client.peer_settings().await.unwrap();
    assert!(peer.enable_connect_protocol, "tunnels can be asked for");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let (mut at_client, mut at_server) = (client.watch_events(), server.watch_events());
    let (one, other) = tokio::join!(
        client.update_settings(|settings| settings.initial_window_size = 100_000),
        client.update_settings(|settings| settings.max_frame_size = 20_000),
    );
    one.and(other).unwrap();
    let changed = told(&mut at_server).await;
    assert!(
        matches!(&changed[..], [Event::SettingsChanged { .. }, Event::SettingsChanged { settings }]
            if (settings.initial_window_size, settings.max_frame_size) == (100_000, 20_000)),
        "neither undoes the other: {changed:?}"
    );
    let acknowledged = told(&mut at_client).await;
    assert!(
        matches!(&acknowledged[..], [Event::SettingsAcknowledged { .. }, Event::SettingsAcknowledged { settings }]
            if settings.initial_window_size == 100_000),
        "{acknowledged:?}"
    );
    assert_eq!(server.peer_settings().await.unwrap().initial_window_size, 100_000);
    let wrong = client.update_settings(|settings| settings.max_frame_size = 1).await;
    assert_eq!(why(wrong), Misuse::InvalidSetting);
}

#[tokio::test(start_paused = true)]
async fn a_client_changes_the_priority_of_a_response_that_is_under_way() {
    let (client, server, mut incoming) = pair();
    client.ready().await.unwrap();
    let (_send, response) = client.send_request(head_of("/")).await.unwrap();
    let stream = response.stream_id().unwrap();
    let (_, responder) = incoming.next().await.unwrap();
    let _sending = responder.send_response(Response::new(())).unwrap();
    let body = response.await.unwrap().into_body();
    assert_eq!(body.stream_id(), Some(stream));
    let mut events = server.watch_events();
    let priority = Priority { urgency: 1, incremental: true };
    client.prioritize(stream, priority).await.unwrap();
    let told = told(&mut events).await;
    assert!(told.contains(&Event::PriorityChanged { stream, priority }), "{told:?}");
    let wrong = Priority { urgency: 8, incremental: false };
    assert_eq!(why(client.prioritize(stream, wrong).await), Misuse::InvalidSetting);
    assert_eq!(why(client.prioritize(id(99), priority).await), Misuse::NoSuchStream(id(99)));
}

#[tokio::test(start_paused = true)]
async fn a_responder_puts_its_response_before_others() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::client(ours);
    let (_handle, mut incoming) = server::spawn_connection(theirs, Config::server());
    for _ in 0..2 {
        let head = h2_core::RequestHead::new("GET", "http", "a", "/", [("a", "b")]).unwrap();
        peer.conn.send_request(head, h2_core::End::Now).unwrap();
    }
    peer.settle().await;
    let (_, first) = incoming.next().await.unwrap();
    let (_, second) = incoming.next().await.unwrap();
    assert_eq!(second.stream_id(), id(3));
    second.prioritize(Priority { urgency: 0, incremental: false }).await.unwrap();
    first.respond(Response::new(octets(40_000))).unwrap();
    second.respond(Response::new(octets(40_000))).unwrap();
    let ends = peer.settle().await.into_iter().filter_map(|event| match event {
        Event::DataReceived { stream, end: true, .. } => Some(stream.get()),
        _ => None,
    });
    assert!(ends.eq([3, 1]));
}

#[tokio::test(start_paused = true)]
async fn what_stands_still_is_told_and_one_stream_says_what_holds_it() {
    let mut config = Config::client();
    config.core.stall_after = Some(Duration::from_secs(5));
    let (client, _server, mut incoming) = pair_with(config, Config::server());
    client.ready().await.unwrap();
    let mut events = client.watch_events();
    let (mut send, response) = client.send_request(head_of("/")).await.unwrap();
    let stream = response.stream_id().unwrap();
    send.send_data(octets(1 << 20)).await.unwrap();
    let _unread = incoming.next().await.unwrap();
    let stalled = loop {
        if let Event::Stalled { by, streams, .. } = events.next().await.unwrap() {
            break (by, streams);
        }
    };
    assert_eq!(stalled, (StallCause::StreamWindow, vec![stream]));
    let stats = client.inspect_stream(stream).await.unwrap().unwrap();
    assert_eq!(stats.send_window, 0);
    assert_eq!(stats.send_blocked.unwrap().by, StallCause::StreamWindow);
    assert!(client.inspect_stream(id(99)).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_near_is_told_before_it_is_reached() {
    let (ours, theirs) = duplex(PIPE);
    let mut peer = Peer::client(ours);
    let mut config = Config::server();
    config.core.glitch_bucket = Some(h2_core::Bucket { burst: 10, per_second: 0 });
    let (handle, _incoming) = server::spawn_connection(theirs, config);
    peer.settle().await;
    let mut events = handle.watch_events();
    for _ in 0..9 {
        peer.write(&wire::priority(1, 0, 1).octets()).await;
    }
    peer.settle().await;
    let near = Event::LimitNear { limit: Limit::Glitches, left: 1, of: 10 };
    assert!(told(&mut events).await.contains(&near));
    assert!(!handle.is_closed());
    let client = client::spawn_connection(duplex(PIPE).0, Config::client());
    assert!(client.request(get("/")).await.is_err());
    assert!(client.inspect().await.is_ok(), "the last numbers");
    assert!(client.inspect_stream(id(1)).await.is_err());
}
