//! Interoperability: our servers and clients against programs that others wrote.
//!
//! Every test runs real processes on the loopback interface. A peer that this machine does not have
//! is named on standard error and its test passes; with `H2_INTEROP_REQUIRE=1` it fails, and sizes
//! are those of the acceptance criteria. `H2_INTEROP_PYTHON` names the Python to use, and
//! `H2_INTEROP_RELEASE` a folder with the optimized `bench_server`.

mod client;
mod curl;
mod drivers;
mod large;
mod nghttp;
mod ours;
mod process;
mod scripts;
mod servers;
mod tls;
