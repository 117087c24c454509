//! P14: streams that are equal get equal shares, however little the transport takes at a time.

use std::collections::BTreeMap;

use h2_tests::prelude::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn equal_streams_are_never_further_apart_than_two_frames(
        streams in 2_u32..12,
        batch in 1_024_usize..100_000,
        writes in proptest::collection::vec(1_usize..120_000, 10..40),
        prioritized: bool,
    ) {
        let setup = Setup::server()
            .peer(&[(4, 0x7fff_ffff)])
            .config(|config| {
                config.batch = batch;
                config.send_pool = 64 << 20;
                config.max_send_credit = 1 << 20;
            });
        setup.run_once(|server| {
            server.hears(wire::window_update(0, 0x7fff_ffff - 65_535));
            let priority = [("priority", "u=3, i")];
            let fields = if prioritized { wire::get_and(&priority) } else { wire::GET.to_vec() };
            for n in 0..streams {
                server.hears(wire::headers(2 * n + 1, &fields).end_stream());
                server.responds(2 * n + 1, 200, false);
            }
            server.forget();
            let fill = |conn: &mut Connection| {
                for n in 0..streams {
                    let stream = id(2 * n + 1);
                    let mut data = Bytes::from(vec![0; conn.send_capacity(stream)]);
                    conn.send_data(stream, &mut data, End::Later).unwrap();
                }
            };
            fill(&mut server.conn);
            let mut reader = h2_tests::frames::Reader::new(false);
            // The first frame of a connection is SETTINGS; it was read with the handshake.
            reader.read(&wire::settings(&[]).octets());
            let mut sent: BTreeMap<u32, usize> = (0..streams).map(|n| (2 * n + 1, 0)).collect();
            for write in &writes {
                let outbox = server.conn.data_to_send(server.now);
                let mut octets = Vec::new();
                while octets.len() < *write && outbox.has_remaining() {
                    let take = outbox.chunk().len().min(write - octets.len());
                    octets.extend_from_slice(&outbox.chunk()[..take]);
                    outbox.advance(take);
                }
                for frame in reader.read(&octets) {
                    if let Frame::Data { stream, data, .. } = frame {
                        *sent.get_mut(&stream).unwrap() += data.len();
                    }
                }
                fill(&mut server.conn);
                let (least, most) = (sent.values().min().unwrap(), sent.values().max().unwrap());
                assert!(most - least <= 2 * 16_384, "{sent:?}");
            }
        });
    }
}
