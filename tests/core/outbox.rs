//! Output: any pattern of partial writes yields the same octets, a peek changes nothing, and no more
//! than a batch is committed ahead.

use std::io::IoSlice;

use h2_tests::frames::Reader;
use h2_tests::prelude::*;
use h2_tests::rng::Rng;

/// A server that owes a little of everything.
fn busy() -> Lone {
    let setup = Setup::server().peer(&[(4, 1_000_000)]);
    let mut server = setup.start(lone::Delivery::Whole);
    server.hears((wire::get(1), wire::get(3), wire::post(5), wire::window_update(0, 1_000_000)));
    server.forget();
    server.peer_reads(false);
    let conn = &mut server.conn;
    for stream in [1, 3] {
        conn.send_response(id(stream), lone::response(200, &[("x-a", "b")]), End::Later).unwrap();
        let mut body = Bytes::from(vec![stream as u8; 90_000]);
        conn.send_data(id(stream), &mut body, End::Now).unwrap();
        assert!(body.is_empty());
    }
    conn.reset_stream(id(5), CANCEL);
    conn.ping(*b"payload!").unwrap();
    server
}

/// Takes everything in steps of a kind; interleaves new output now and then.
fn drain(server: &mut Lone, mut step: impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut octets = Vec::new();
    loop {
        let outbox = server.conn.data_to_send(server.now);
        if !outbox.has_remaining() {
            return octets;
        }
        let take = step(outbox.chunk().len()).clamp(1, outbox.chunk().len());
        octets.extend_from_slice(&outbox.chunk()[..take]);
        outbox.advance(take);
    }
}

#[test]
fn any_pattern_of_partial_writes_yields_the_same_octets() {
    let whole = drain(&mut busy(), |all| all);
    assert!(whole.len() > 180_000);
    for step in [1, 2, 9, 17, 1_000, 16_384, 65_536] {
        assert!(drain(&mut busy(), |_| step) == whole, "steps of {step}");
    }
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        assert!(drain(&mut busy(), |all| rng.small(1, all)) == whole, "seed {seed}");
    }
    let mut reader = Reader::new(false);
    // The reader expects a server to begin with SETTINGS.
    reader.read(&wire::settings(&[]).octets());
    let ended =
        reader.read(&whole).iter().filter(|f| matches!(f, Frame::Data { end: true, .. })).count();
    assert_eq!(ended, 2);
}

#[test]
fn vectored_and_owned_peeks_show_the_same_octets_and_change_nothing() {
    let whole = drain(&mut busy(), |all| all);
    let mut server = busy();
    let mut octets = Vec::new();
    loop {
        let outbox = server.conn.data_to_send(server.now);
        let left = outbox.remaining();
        if left == 0 {
            break;
        }
        let mut slices = [IoSlice::new(&[]); 64];
        let count = outbox.chunks_vectored(&mut slices);
        assert!(count > 0 && slices[..count].iter().all(|slice| !slice.is_empty()));
        let vectored: Vec<u8> = slices[..count].iter().flat_map(|s| s.to_vec()).collect();
        let owned = outbox.peek_owned(vectored.len()).concat();
        assert!(owned == vectored);
        assert_eq!(outbox.peek_owned(5).concat(), vectored[..5.min(vectored.len())]);
        assert_eq!(outbox.remaining(), left, "a peek changes nothing");
        let take = vectored.len().div_ceil(2);
        octets.extend_from_slice(&vectored[..take]);
        outbox.advance(take);
    }
    assert!(octets == whole);
}

#[test]
fn advancing_beyond_the_end_goes_to_the_end() {
    let mut server = busy();
    let now = server.now;
    server.conn.data_to_send(now).advance(usize::MAX);
    let outbox = server.conn.data_to_send(now);
    let before = outbox.remaining();
    outbox.advance(before + 1);
    assert!(outbox.is_empty());
}

#[test]
fn no_more_than_a_batch_is_serialized_ahead() {
    for batch in [1_024, 20_000, 65_536] {
        let setup = Setup::server().peer(&[(4, 1_000_000)]).config(|config| config.batch = batch);
        setup.run_once(|server| {
            server.hears((wire::get(1), wire::window_update(0, 1_000_000)));
            server.peer_reads(false);
            server.responds(1, 200, false);
            server.sends(1, vec![0; 200_000], true);
            for _ in 0..10 {
                let now = server.now;
                let ahead = server.conn.data_to_send(now).remaining();
                assert!(ahead <= batch + 16_384 + 9, "{ahead} octets of a batch of {batch}");
            }
        });
    }
}

/// What a reset leaves unsent is dropped, but never half of a frame that has begun to go out.
#[test]
fn a_frame_that_was_begun_is_finished() {
    Setup::server().config(|config| config.batch = 20_000).run(|server| {
        server.hears(wire::get(1));
        server.forget();
        server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
        let mut body = Bytes::from(vec![0; 60_000]);
        server.conn.send_data(id(1), &mut body, End::Now).unwrap();
        let mut octets = Vec::new();
        let now = server.now;
        let outbox = server.conn.data_to_send(now);
        // Into the middle of the first DATA.
        while octets.len() < 500 {
            let take = outbox.chunk().len().min(500 - octets.len());
            octets.extend_from_slice(&outbox.chunk()[..take]);
            outbox.advance(take);
        }
        server.conn.reset_stream(id(1), CANCEL);
        octets.extend(drain(server, |all| all));
        let mut reader = Reader::new(false);
        reader.read(&wire::settings(&[]).octets());
        let frames = reader.read(&octets);
        assert!(reader.is_between_frames());
        assert_eq!(frames.last(), Some(&Frame::Reset { stream: 1, code: 8 }));
    });
}

/// A PING is answered even when much of a body waits to be written.
#[test]
fn an_answer_waits_for_one_batch_at_most() {
    let mut server = busy();
    let now = server.now;
    let ahead = server.conn.data_to_send(now).remaining();
    server.hears(wire::ping(*b"how long"));
    let octets = drain(&mut server, |all| all);
    let at = octets.windows(8).position(|w| w == b"how long").unwrap();
    assert!(at <= ahead + 9, "{at} octets, {ahead} were ahead");
}

#[test]
fn the_more_urgent_body_goes_first_and_equals_take_turns() {
    use h2_core::Priority;
    Setup::server().peer(&[(4, 1_000_000)]).run_once(|server| {
        server.hears((wire::get(1), wire::get(3), wire::get(5), wire::window_update(0, 1_000_000)));
        server.forget();
        server.peer_reads(false);
        let conn = &mut server.conn;
        for (stream, urgency) in [(1, 6), (3, 1), (5, 1)] {
            conn.prioritize(id(stream), Priority { urgency, incremental: true }).unwrap();
            conn.send_response(id(stream), lone::response(200, &[]), End::Later).unwrap();
            let mut body = Bytes::from(vec![0; 100_000]);
            conn.send_data(id(stream), &mut body, End::Now).unwrap();
        }
        server.peer_reads(true);
        let order: Vec<u32> = server
            .says()
            .iter()
            .filter(|f| matches!(f, Frame::Data { .. }))
            .map(Frame::stream)
            .collect();
        let last_urgent = order.iter().rposition(|stream| *stream != 1).unwrap();
        let first_other = order.iter().position(|stream| *stream == 1).unwrap();
        assert!(last_urgent < first_other, "{order:?}");
        assert_ne!(order[0], order[1], "equals take turns: {order:?}");
    });
}

/// While nothing is cut nobody looks at the lines of those that wait to send; what is gone must not
/// stand in them.
#[test]
fn streams_that_are_reset_while_the_transport_stands_still_leave_no_place_behind() {
    let setup = Setup::server().peer(&[(4, 1_000_000)]).config(|config| {
        config.write_stall_timeout = None;
    });
    setup.run_once(|server| {
        server.hears((wire::post(1), wire::post(3), wire::window_update(0, 1_000_000)));
        for stream in [1, 3] {
            server.responds(stream, 200, false);
        }
        server.peer_reads(false);
        server.sends(1, vec![0; 200_000], false);
        // In line for DATA, for credit, for a head.
        server.sends(3, "waits", false);
        let before = server.conn.stats().waiting_frames;
        for stream in (5..405).step_by(2) {
            server.hears(wire::post(stream));
            server.hears([16_000; 3].map(|octets| wire::data_of(stream, octets)));
            server.acknowledges(stream, 48_000);
            server.responds(stream, 200, false);
            server.sends(stream, "waits", true);
            assert_eq!(server.conn.stats().waiting_frames, before + 2);
            server.passes(Duration::from_secs(2));
            server.hears(wire::rst(stream, 8_u32));
            server.releases(stream);
            server.forget();
            assert_eq!(server.conn.stats().waiting_frames, before);
        }
        server.hears(wire::rst(3, 8_u32));
        let printed = format!("{:?}", server.conn);
        let lines = printed.split("ready: [").nth(1).and_then(|rest| rest.split("filled").next());
        let places = lines.map(|lines| lines.matches("Key").count());
        assert_eq!(places, Some(1), "stream 1 alone");
        server.peer_reads(true);
        server.must_answer_a_ping();
    });
}

/// The kinds and streams of HEADERS and DATA, in the order in which they were said.
fn order(said: &[Frame]) -> Vec<(char, u32)> {
    let letter = |frame: &Frame| match frame {
        Frame::Headers { .. } => 'H',
        Frame::Data { .. } => 'D',
        _ => '?',
    };
    said.iter().map(|frame| (letter(frame), frame.stream())).collect()
}

/// Two streams answer before anything is cut; what they say then.
fn two_answers(peer: &[(u16, u32)], first: usize, second: usize, urgent: bool) -> Vec<Frame> {
    let mut server = Setup::server().peer(peer).start(lone::Delivery::Whole);
    server.hears((wire::get(1), wire::get(3)));
    server.forget();
    let conn = &mut server.conn;
    if urgent {
        let priority = h2_core::Priority { urgency: 0, incremental: false };
        conn.prioritize(id(3), priority).unwrap();
    }
    for (stream, octets) in [(1, first), (3, second)] {
        conn.send_response(id(stream), lone::response(200, &[]), End::Later).unwrap();
        let mut body = Bytes::from(vec![b'x'; octets]);
        conn.send_data(id(stream), &mut body, End::Now).unwrap();
    }
    server.settle();
    server.says()
}

#[test]
fn a_short_body_follows_its_head_at_once() {
    let said = two_answers(&[], 13, 1_000, false);
    assert_eq!(order(&said), [('H', 1), ('D', 1), ('H', 3), ('D', 3)]);
    let ends = |frame: &Frame| matches!(frame, Frame::Data { end: true, .. });
    assert_eq!(said.iter().filter(|frame| ends(frame)).count(), 2);
}

#[test]
fn a_short_body_waits_for_those_that_stand_in_line_before_it() {
    let said = two_answers(&[], 10_000, 13, false);
    assert_eq!(order(&said), [('H', 1), ('H', 3), ('D', 1), ('D', 3)]);
}

#[test]
fn a_body_that_the_client_gave_a_priority_goes_by_its_urgency() {
    let said = two_answers(&[], 10_000, 13, true);
    assert_eq!(order(&said), [('H', 1), ('H', 3), ('D', 3), ('D', 1)]);
}

#[test]
fn a_short_body_keeps_to_the_windows_and_to_its_trailers() {
    let said = two_answers(&[(4, 12)], 13, 12, false);
    assert_eq!(order(&said), [('H', 1), ('H', 3), ('D', 1), ('D', 3)]);
    let octets = |frame: &Frame| matches!(frame, Frame::Data { data, .. } if data.len() == 12);
    assert!(said[2..].iter().all(octets), "{said:?}");

    Setup::server().run(|server| {
        server.hears(wire::get(1));
        server.forget();
        let conn = &mut server.conn;
        conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
        conn.send_data(id(1), &mut Bytes::from_static(b"short"), End::Later).unwrap();
        conn.send_trailers(id(1), lone::trailers(&[("x-end", "1")])).unwrap();
        server.settle();
        assert_eq!(order(&server.says()), [('H', 1), ('D', 1), ('H', 1)]);
    });
}
