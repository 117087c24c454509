//! Advanced usage, and other pages for reading: they hold no code but that of their examples, which
//! the tests run.
//!
//! The [crate page](crate) has the contract and the loop. The examples `blocking`, `futures_io` and
//! `owned_buffers` are that loop as whole programs: over blocking sockets, in a task of any runtime,
//! and over operations that own their buffers. From there:
//!
//! * [`sharing`]: which threads may call, with a channel or with a lock.
//! * [`buffers`]: what each limit is, what happens when nobody drains, and the worst case in octets.
//! * [`sending`]: partial writes, the write-all form, back-pressure up to the application, and when
//!   to send.
//! * [`flow_control`]: automatic, by hand, and how to switch either off.
//! * [`events`]: which of them carries the end, what follows what, errors, and what may be sent
//!   again.
//! * [`time`]: deadlines, the two ways to end, and how to see what a connection does.
//! * [`states`]: diagrams of streams and connections.
//! * [`coming_from`]: names of python-h2 and libnghttp2, and what to use here.

pub mod buffers;
pub mod coming_from;
pub mod events;
pub mod flow_control;
pub mod sending;
pub mod sharing;
pub mod states;
pub mod time;
