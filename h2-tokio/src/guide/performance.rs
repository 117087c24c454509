//! Where the time of a request goes, what was done about it, and what is left.
//!
//! # How to measure
//!
//! Time depends on the machine and on what else it does; instructions of the same program do not.
//! So there are three tools, each a command away:
//!
//! ```sh
//! # CPU time of whole programs beside their peers, in turn: a table and a plot.
//! python3 h2-tokio/benches/compare.py
//! # Instructions of single steps, held against those that are kept in the repository.
//! cargo run --release --no-default-features --manifest-path h2-tokio/benches/Cargo.toml --bin instructions
//! # Allocations, reads and writes of a request, as a test.
//! cargo test -p h2-tests --test cost
//! ```
//!
//! The results of the first lie in `h2-tokio/benches/results`, those of the second in
//! `h2-tokio/benches/instructions.txt`; a build whose kernels cost five per cent more fails.
//!
//! # Where it goes
//!
//! A GET that is answered with 13 octets by a task of its own, 100 at once on one connection, costs
//! the server 15,600 instructions of its own, and a hundredth of a read and of a write. By callgrind
//! on `bench_server --spawn` under h2load, the difference of 25,000 and 5,000 requests:
//!
//! | where | instructions | share |
//! |---|---|---|
//! | connection, streams, output (`h2-core`) | 2,700 | 17 % |
//! | `http` types, both ways | 2,670 | 17 % |
//! | memory allocator | 2,110 | 14 % |
//! | field lists and the rules for them (`h2-core`) | 2,100 | 13 % |
//! | actor and handles (`h2-tokio`) | 1,710 | 11 % |
//! | moving memory, mostly the task and what it owns | 1,460 | 9 % |
//! | HPACK, both ways | 1,350 | 9 % |
//! | tokio's scheduler | 660 | 4 % |
//! | the server program itself | 600 | 4 % |
//! | the rest | 250 | 2 % |
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
//!
//! Allocations went from 13 a request to 6: two for each of the two header maps, one for the values
//! of the request, one for the task. A client's request went from 13,850 instructions to 12,330, and
//! from 10 allocations to 4.
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
//! The header maps of the `http` crate cost two allocations each and a hash a name. The map from
//! stream to state is asked about ten times a request, in the core and in the actor. An open stream
//! takes about 1.7 KiB in both crates together. The floor for one request at a time is three system
//! calls, of which none can be left out with readiness as tokio has it.
