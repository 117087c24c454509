//! Where the time of a request goes, what was done about it, and what is left.
//!
//! # How to measure
//!
//! Time depends on the machine and on what else it does; instructions of the same program do not.
//! So there are these tools, each a command away:
//!
//! ```sh
//! # CPU time of whole programs beside their peers, in turn: a table and a plot.
//! python3 h2-tokio/benches/compare.py
//! # Instructions of single steps, held against those that are kept in the repository.
//! cargo run --release --no-default-features --manifest-path h2-tokio/benches/Cargo.toml --bin instructions
//! # Allocations, reads and writes of a request, as a test.
//! cargo test -p h2-tests --test cost
//! # How long small requests take with Nagle's algorithm on: 99 of 100 must take less than 5 ms.
//! cargo run --release --no-default-features --manifest-path h2-tokio/benches/Cargo.toml --bin nagle
//! ```
//!
//! The results of the first lie in `h2-tokio/benches/results`, those of the second in
//! `h2-tokio/benches/instructions.txt`; a build whose kernels cost five per cent more fails. With
//! `--features tracing` the same program counts what the events for `tracing` cost where nobody
//! subscribes: at most 0.2 per cent.
//!
//! # Where it goes
//!
//! A GET that is answered with 13 octets by a task of its own, 100 at once on one connection, costs
//! the server 12,860 instructions of its own, and a hundredth of a read and of a write. By callgrind
//! on `bench_server --spawn` under h2load, the difference of 12,000 and 2,000 requests:
//!
//! | where | instructions | share |
//! |---|---|---|
//! | connection, streams, output (`h2-core`) | 2,140 | 17 % |
//! | `http` types, both ways | 1,960 | 15 % |
//! | memory allocator | 1,560 | 12 % |
//! | actor and handles (`h2-tokio`) | 2,000 | 16 % |
//! | field lists and the rules for them (`h2-core`) | 1,450 | 11 % |
//! | moving memory, mostly the task and what it owns | 1,240 | 10 % |
//! | HPACK, both ways | 1,200 | 9 % |
//! | tokio's scheduler | 660 | 5 % |
//! | the server program itself | 630 | 5 % |
//! | the rest | 10 | 0 % |
//!
//! A client's request, one of 100 tasks on clones of one handle, costs 9,570: 27 % in connection,
//! streams and output, 22 % in actor and handles, 14 % in field lists and rules, 12 % in `http`
//! types, 9 % in HPACK, 5 % in the allocator.
//!
//! hyperium/h2 0.4 takes 22,700 for the same request. One request at a time is another matter: there
//! the kernel's share is four fifths, and what is left to save is small.
//!
//! # What paid
//!
//! Instructions a request of the same program, each step against the one before:
//!
//! | step | before | after |
//! |---|---|---|
//! | facts about a field found once and kept in the HPACK table; known names pushed by index; the values of a message beside their reference count in one allocation; slots and lists of fields used again | 18,640 | 17,500 |
//! | a spare list for every stream that was open at once, and a length that the adapter writes instead of the application | 17,500 | 16,580 |
//! | the memory of the request's head for that of the response; a task of 500 octets instead of 950 | 16,580 | 15,440 |
//! | facts in the span of each field, so that a rule looks at none that is known to be good; Huffman without a question a step; the memory of a batch of commands kept; a request filled in where it lies | 15,490 | 14,430 |
//! | a short body cut with its head; streams looked up less often; no list that has to grow; fields looked at once less; a header map cloned when a message says what the last one said | 14,430 | 12,860 |
//!
//! And of a client's request:
//!
//! | step | before | after |
//! |---|---|---|
//! | a map from streams with one multiplication and no tags; entries of 32 octets instead of 96, slots of half their size; one lock where there were two | 12,610 | 12,110 |
//! | the head converted when the request is made, so that its future is small and seldom moved; a slot let go of with the last piece of its body, which saves the lock that learns of the end and the one of the drop | 12,110 | 11,410 |
//! | facts in the span of each field, as above | 11,410 | 10,840 |
//! | the same as above; an inbox that is kept while the connection is crowded | 10,840 | 9,570 |
//!
//! Locks and counters count for more than instructions say: each that is saved is some twenty cycles.
//!
//! Allocations went from 13 a request to 5: two for each of the two header maps, one for the task; one
//! more where the values are not those of the request before. A client's request went from 10
//! allocations to 3.
//!
//! An open stream took 1,781 octets in both crates together with the request that its server holds,
//! and takes 830: what few streams have lies in boxes, what waits for room does too, moments are
//! nanoseconds since the connection began, tables grow by an eighth. An upload cost as much as
//! hyperium/h2's until the octets of a turn were bounded to 64 KiB: the blocks that its readers have
//! let go of are read into again, and there are no page faults.
//!
//! What was kept from earlier rounds: a handler that is polled where its request was read costs no
//! task; commands of 16 octets; one write for all answers that are ready; frames cut when the
//! transport has room; HPACK entries as one slice each; Huffman codes by table.
//!
//! # What did not
//!
//! * Looking at every field while it is decoded: dearer by a quarter for those who want HPACK alone.
//!   The decoder of a connection looks when an entry is used a second time; others never do.
//! * More room than usual for every list of fields: the requests of a peer that resets them at once
//!   then hold twice the memory.
//!
//! # What is left
//!
//! The header maps of the `http` crate cost two allocations each, and for each field a hash and a
//! second look at octets that were looked at: about 350 instructions a field. A spawned task is moved
//! three times and allocated with an alignment that the allocator is slow at. The floor for one request at a time is three system
//! calls, of which none can be left out with readiness as tokio has it.
