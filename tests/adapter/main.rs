//! The tokio adapter, client against server, over pipes in memory and real TCP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]
#![allow(missing_docs)]

mod bodies;
mod byhand;
mod deadlines;
mod early;
mod endings;
mod exchange;
mod faulty;
mod handback;
mod handback_table;
mod interim;
mod lifecycle;
mod limits;
mod line;
mod listening;
mod manual;
mod matrix;
mod matrix_expected;
mod matrix_scenes;
mod matrix_waits;
mod matrix_wholes;
mod pains;
mod pool;
mod pool_failures;
mod pool_retries;
mod pool_service;
mod protocol;
mod pushing;
mod restless;
mod retirement;
mod scripts;
mod serving;
mod shutdown;
mod soak;
mod stacks;
mod strangers;
mod support;
mod told;
mod transport;
mod traps;
mod tunnels;
mod views;
mod watching;
mod websocket;
