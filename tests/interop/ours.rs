//! Our own programs, built by cargo beside this test, and the bytes that they send.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Process;

/// Sizes of bodies at which windows, frames and buffers end.
pub(crate) const SIZES: [usize; 5] = [0, 1, 65_535, 65_536, 10 << 20];

/// `hello_server` on a free port.
pub(crate) fn hello_server() -> Process {
    let program = env!("CARGO_BIN_EXE_hello_server");
    Process::listening(Command::new(program).args(["--addr", "127.0.0.1:0"]))
}

/// The same with a certificate that it made itself.
pub(crate) fn hello_server_tls() -> Process {
    let program = env!("CARGO_BIN_EXE_hello_server");
    Process::listening(Command::new(program).args(["--addr", "127.0.0.1:0", "--tls"]))
}

/// `bench_server`, as users build it where the folder of those programs is given.
pub(crate) fn bench_server(options: &[&str]) -> Process {
    let here = PathBuf::from(env!("CARGO_BIN_EXE_bench_server"));
    let released = std::env::var_os("H2_INTEROP_RELEASE");
    let released = released.map(|folder| Path::new(&folder).join("bench_server"));
    let program = released.filter(|program| program.is_file()).unwrap_or(here);
    Process::listening(Command::new(program).arg("0").args(options))
}

/// The program `get`.
pub(crate) fn get() -> Command {
    Command::new(env!("CARGO_BIN_EXE_get"))
}

/// What `/bytes/N` sends: byte i is i mod 251.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

/// Bytes without a pattern that a lost or doubled block could hide in.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..length.div_ceil(8)).flat_map(step).take(length).collect()
}
