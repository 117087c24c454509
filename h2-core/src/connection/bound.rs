//! The most memory that a connection can be brought to hold, as a sum of all its limits.

use bytes::Bytes;

use super::{Connection, MAX_EVENTS, heads, push};
use crate::config::Config;
use crate::event::Event;
use crate::stream::Table;

/// Octets up to which short pieces of a body that wait for a slot are put together.
pub(super) const MERGE_UP_TO: usize = 1024;

impl Config {
    /// The most octets of memory that a connection of this configuration holds, whatever its peer
    /// sends and however seldom the application drains it.
    ///
    /// | what | octets |
    /// |---|---|
    /// | bodies that were received and not acknowledged | [`connection_window`](Self::connection_window) |
    /// | bodies that wait to be cut | [`send_pool`](Self::send_pool), and [`send_credit`](Self::send_credit) a stream |
    /// | the outbox | [`batch`](Self::batch), two frames, answers that are owed |
    /// | events that nobody takes | 256, each with a field section of [`max_header_list_size`](Self::max_header_list_size) or a frame of [`max_frame_size`](Self::max_frame_size) |
    /// | requests that wait for a slot | [`max_concurrent_streams`](Self::max_concurrent_streams), their heads 1 MiB together, trailers and pieces of bodies |
    /// | streams | twice [`max_concurrent_streams`](Self::max_concurrent_streams) and [`max_outbound_streams`](Self::max_outbound_streams) |
    /// | header blocks and HPACK | [`max_header_block`](Self::max_header_block), four field sections, both tables |
    ///
    /// Lists that double when they are full are counted twice. With the defaults it comes to less
    /// than 81 MiB on a server, of which 16 MiB are bodies, and to less than 105 MiB on a client, of
    /// which 64 MiB are. A connection comes near it only if somebody attacks it *and* nobody drains
    /// it. To make it smaller, lower [`max_header_list_size`](Self::max_header_list_size), the
    /// windows and the number of streams.
    ///
    /// Not counted is what is the application's: its read buffer (a received piece of 16 KiB or more
    /// keeps the block alive that it was read into), windows that it widens by hand, heads that it
    /// sends, what it takes out of events and keeps, and many short pieces of a body, each of which
    /// costs 32 octets while it waits.
    #[must_use]
    pub fn worst_case_memory(&self) -> usize {
        let config = self.clone().checked();
        let promised = if config.enable_push { push::MAX_RESERVED } else { 0 };
        let theirs = wide(config.max_concurrent_streams as usize);
        let others = wide(config.max_outbound_streams as usize) + wide(promised);
        let frame = wide(config.max_frame_size as usize);
        // The list of fields, and as much room to spare.
        let section = 2 * wide(config.max_header_list_size as usize) + 128;
        let event = wide(size_of::<Event>());

        let received = wide(config.connection_window as usize);
        let queued = wide(config.send_pool) + wide(config.send_credit) * (theirs + others);
        let outbox = 2 * (wide(config.batch) + 2 * frame) + OWED;
        // An event holds a section, or origins of a few octets each; its body was counted above.
        let content = section.max(6 * frame);
        let pieces = 2 * (wide(config.stream_window as usize) / wide(MERGE_UP_TO)) + 4;
        let most = wide(MAX_EVENTS) + theirs + others + 1 + theirs * pieces;
        let events = wide(MAX_EVENTS) * content + wide(heads::MAX_UNDELIVERED) + 2 * most * event;
        let waiting = theirs * (section + 2 * pieces * (event + wide(size_of::<Bytes>())));
        let blocks = 2 * wide(config.max_header_block) + 4 * section;
        let tables =
            wide(config.header_table_size as usize) + wide(config.encoder_table_size as usize);
        let streams = (2 * theirs + others) * wide(Table::octets_each());
        let fixed = wide(size_of::<Self>() + size_of::<Connection>()) + SCRATCH;
        let sums = [received, queued, outbox, events, waiting, blocks, 4 * tables, streams, fixed];
        usize::try_from(sums.iter().sum::<u128>()).unwrap_or(usize::MAX)
    }
}

/// So wide that no configuration overflows it.
fn wide(number: usize) -> u128 {
    number as u128
}

/// Answers to the peer, resets above all, settings and extension frames that wait.
const OWED: u128 = 256 * 1024;

/// Small things: emptied lists, streams that are remembered, buffers of the encoder.
const SCRATCH: u128 = 256 * 1024;

/// Puts a piece of a body behind the one before it if both are short, so that a request that waits
/// for a slot costs what was sent, not an event an octet.
pub(super) fn merged(last: Option<&mut Event>, event: Event) -> Option<Event> {
    let (
        Some(Event::DataReceived { data: before, end: before_ends, .. }),
        Event::DataReceived { data, end, .. },
    ) = (last, &event)
    else {
        return Some(event);
    };
    if before.len() + data.len() > MERGE_UP_TO {
        return Some(event);
    }
    *before = [&before[..], &data[..]].concat().into();
    *before_ends = *end;
    None
}
