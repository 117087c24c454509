//! P6 and P8: after the end there is silence, and nothing is called unprocessed that was shown to an
//! application.

use std::collections::{BTreeMap, BTreeSet};

use h2_core::{Outcome, ResetCause};
use h2_tests::pair::Pair;
use h2_tests::prelude::*;
use proptest::prelude::*;

use crate::atomic::{command, give};
use crate::script::{Stage, any_step};

/// How a connection comes to its end.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Closed(u32),
    Violation,
    Eof,
    Goaway,
    Silence,
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        (0_u32..14).prop_map(Ending::Closed),
        Just(Ending::Violation),
        Just(Ending::Eof),
        Just(Ending::Goaway),
        Just(Ending::Silence),
    ]
}

proptest! {
    #![proptest_config(crate::cases(128))]

    /// P6.
    #[test]
    fn after_the_end_there_is_silence(
        is_server: bool,
        before in proptest::collection::vec(any_step(), 0..25),
        ending in ending(),
        after in proptest::collection::vec((any_step(), command()), 1..25),
    ) {
        let setup = if is_server { Setup::server() } else { Setup::client() };
        let setup = setup.config(|config| {
            config.keep_alive_interval = Some(Duration::from_secs(5));
            config.drain_timeout = Some(Duration::from_secs(5));
        });
        setup.run_once(|lone| {
            let mut stage = Stage::new(lone);
            for step in &before {
                stage.step(step);
            }
            stage.finish();
            match ending {
                Ending::Closed(code) => {
                    stage.lone.act(|conn| conn.close_connection(ErrorCode::from(code), "enough"));
                }
                Ending::Violation => {
                    stage.lone.hears(wire::continuation(1, b""));
                }
                Ending::Eof => stage.lone.hears_eof(),
                Ending::Goaway => {
                    stage.lone.hears(wire::goaway(0, INTERNAL_ERROR, b"no"));
                    stage.lone.passes(Duration::from_secs(60));
                    stage.lone.hears_eof();
                }
                Ending::Silence => {
                    let now = stage.lone.now;
                    stage.lone.act(|conn| conn.shutdown(now));
                    stage.lone.passes(Duration::from_secs(60));
                }
            }
            let closed = |event: &Event| matches!(event, Event::ConnectionClosed { .. });
            let events = stage.lone.events();
            assert_eq!(events.iter().filter(|event| closed(event)).count(), 1, "{events:?}");
            assert!(closed(events.last().unwrap()), "{events:?}");
            assert!(stage.lone.conn.is_drained());
            let said = stage.lone.says();
            let errors = said.iter().filter(|f| matches!(f, Frame::GoAway { code, .. } if *code != 0));
            assert!(errors.count() <= 1, "one GOAWAY says the error: {said:?}");
            let reason = stage.lone.conn.close_reason().cloned();
            for (step, command) in &after {
                let _ = give(&mut stage.lone.conn, command);
                stage.step(step);
                stage.deliver();
                assert_eq!((stage.lone.says(), stage.lone.events()), (vec![], vec![]));
            }
            assert_eq!(stage.lone.conn.close_reason().cloned(), reason, "the first cause stays");
        });
    }

    /// P8.
    #[test]
    fn unprocessed_is_said_only_of_requests_that_nobody_was_shown(
        seed: u64, ending in 0_usize..7, at in 0_usize..60, limit in 1_u32..6,
    ) {
        let mut config = Config::server();
        config.max_concurrent_streams = limit;
        config.max_age = (ending == 4).then_some(Duration::from_secs(1));
        let mut pair = Pair::new(Config::client(), config, seed);
        let (mut shown, mut unprocessed) = (BTreeSet::new(), BTreeSet::new());
        let mut outcomes: BTreeMap<u32, Option<Outcome>> = BTreeMap::new();
        let mut sent = Vec::new();
        let mut given_up = BTreeSet::new();
        for turn in 0..90 {
            if turn == at {
                let now = pair.now;
                match ending {
                    0 => pair.server.conn.shutdown(now),
                    1 => pair.server.conn.close_connection(INTERNAL_ERROR, "oh"),
                    2 => pair.client.conn.receive_eof(now),
                    3 => pair.client.conn.close_connection(CANCEL, "bye"),
                    4 => pair.passes(Duration::from_secs(3)),
                    5 => pair.client.conn.handle_failure(now),
                    _ => pair.server.conn.close_connection(NO_ERROR, ""),
                }
            }
            if pair.rng().one_in(2) {
                let end = End::from_bool(pair.rng().one_in(2));
                if let Ok(stream) = pair.client.conn.send_request(lone::request("PUT", &[]), end) {
                    sent.push(stream);
                }
            }
            if let Some(stream) = sent.last().copied().filter(|_| pair.rng().one_in(9)) {
                pair.client.conn.reset_stream(stream, CANCEL);
                given_up.insert(stream.get());
            }
            pair.some();
            for event in pair.server.take_events() {
                if let Event::RequestReceived { stream, .. } = event {
                    shown.insert(stream.get());
                    let choice = pair.rng().below(4);
                    let conn = &mut pair.server.conn;
                    match choice {
                        0 => conn.reset_stream(stream, INTERNAL_ERROR),
                        1 => {}
                        _ => {
                            let head = lone::response(200, &[]);
                            let _ = conn.send_response(stream, head, End::from_bool(choice == 2));
                        }
                    }
                    if choice != 1 {
                        conn.release_stream(stream);
                    }
                }
            }
            for event in pair.client.take_events() {
                match event {
                    Event::StreamReset { stream, cause, outcome, .. } => {
                        let certain = outcome.is_unprocessed();
                        assert!(certain || cause != ResetCause::NotProcessed);
                        if certain {
                            unprocessed.insert(stream.get());
                        }
                    }
                    Event::ConnectionClosed { .. } => {
                        for stream in &sent {
                            outcomes.insert(stream.get(), pair.client.conn.request_outcome(*stream));
                        }
                    }
                    _ => {}
                }
            }
        }
        for stream in &unprocessed {
            prop_assert!(!shown.contains(stream), "{} was shown", stream);
        }
        for (stream, outcome) in &outcomes {
            let not_sent = *outcome == Some(Outcome::NotSent) && !given_up.contains(stream);
            prop_assert!(!(not_sent && shown.contains(stream)), "{} was shown", stream);
        }
    }
}
