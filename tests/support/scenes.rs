//! Scenes that more than one suite plays.

use h2_core::{Bucket, ErrorCode};

use crate::Frame;
use crate::lone::{Lone, Setup, each_ends_it};
use crate::wire::{Raw, Wire, ok};

impl Lone {
    /// A server shuts down gracefully. It names the highest stream there can be, and asks with a
    /// PING when the client has read that (RFC 9113 §6.8): the payload of that.
    #[track_caller]
    pub fn begins_to_part(&mut self) -> [u8; 8] {
        self.forget();
        let now = self.now;
        self.act(|conn| conn.shutdown(now));
        let said = self.says();
        let [Frame::GoAway { last: 0x7fff_ffff, code: 0, .. }, Frame::Ping(payload)] = said[..]
        else {
            panic!("{said:?}")
        };
        payload
    }

    /// It then names this one as the last that it serves.
    #[track_caller]
    pub fn must_serve_up_to(&mut self, stream: u32) {
        let said = self.says();
        let [Frame::GoAway { last, code: 0, .. }] = said[..] else { panic!("{said:?}") };
        assert_eq!(last, stream);
    }

    /// It answers what is left, is done with that, and not before.
    #[track_caller]
    pub fn must_part_after(&mut self, streams: &[u32]) {
        for stream in streams {
            assert!(!self.conn.is_drained());
            self.responds(*stream, 200, true);
            self.releases(*stream);
        }
        assert!(self.conn.is_drained());
        assert!(self.conn.close_reason().is_some_and(|reason| reason.is_graceful()));
    }
}

/// Frames of an extension are no exception: inside a header block they are an error (RFC 9113 §5.5).
pub fn no_header_block_holds(rows: &[(&str, &dyn Wire)]) {
    let begin = |client: &mut Lone| {
        client.requests("GET", true);
        client.hears(ok(1).no_end_headers());
    };
    let rows: Vec<_> =
        rows.iter().map(|(name, frame)| (*name, *frame, ErrorCode::PROTOCOL_ERROR)).collect();
    each_ends_it(&Setup::client(), begin, &rows);
}

/// A flood of any of these frames ends by the bucket, whoever is flooded.
pub fn a_flood_ends_by_the_bucket(frames: &[Raw]) {
    const BURST: u32 = 50;
    let some = Some(Bucket { burst: BURST, per_second: 1 });
    for setup in [Setup::server(), Setup::client()] {
        for frame in frames {
            setup.clone().config(|config| config.glitch_bucket = some).run_once(|lone| {
                for _ in 0..BURST {
                    lone.hears(frame);
                }
                lone.must_live();
                lone.forget();
                lone.hears(frame);
                lone.must_go_away(ErrorCode::ENHANCE_YOUR_CALM);
            });
        }
    }
}
