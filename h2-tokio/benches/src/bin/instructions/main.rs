//! Counts the instructions of a dozen kernels under callgrind and fails when one has grown.
//!
//! ```sh
//! cargo run --release --no-default-features --manifest-path h2-tokio/benches/Cargo.toml --bin instructions
//! ```
//!
//! | argument | what happens |
//! |---|---|
//! | none | every kernel is held against `instructions.txt`; growth above 5 % fails |
//! | `--bless` | the counts become the ones that are held against |
//! | `--only WORD` | only kernels with the word in their name, which are then only shown |
//! | `--run KERNEL TIMES` | the kernel runs, without valgrind: for a profiler |
//!
//! A kernel runs twice under valgrind, some times and more times; the difference is what one time
//! costs, without the start of the program and the beginning of the connection. Instructions do not
//! depend on what else the machine does, but they do on the compiler: counts of another one are
//! shown and fail nothing.

mod adapter;
mod clock;
mod convert;
mod hpack;
mod ledger;
mod protocol;

// The peers that cost the same whatever they talk to; the tests count allocations with them.
#[path = "../../../../../tests/adapter/scripted.rs"]
#[allow(dead_code)]
mod scripted;

use std::process::{Command, ExitCode};
use std::{env, thread};

// Where the sources in `convert` look for them.
use convert::{config, error, ext};
use ledger::Ledger;

/// Something whose cost is watched: it sets itself up and then does its work so many times.
struct Kernel {
    name: &'static str,
    run: fn(usize),
    /// How often it runs for one count, and for the other.
    times: (usize, usize),
}

const fn kernel(name: &'static str, run: fn(usize), few: usize, many: usize) -> Kernel {
    Kernel { name, run, times: (few, many) }
}

const KERNELS: &[Kernel] = &[
    kernel("hpack: decode two request blocks", hpack::decode_request, 20, 220),
    kernel("hpack: encode two request blocks", hpack::encode_request, 20, 220),
    kernel("hpack: decode two response blocks", hpack::decode_response, 20, 220),
    kernel("hpack: encode two response blocks", hpack::encode_response, 20, 220),
    kernel("hpack: decode 1 KiB of Huffman code", hpack::huffman, 20, 220),
    kernel("core: read 100 small frames", protocol::frames, 20, 120),
    kernel("core: request and response, 1 at once", protocol::pair::<1>, 100, 600),
    kernel("core: request and response, 100 at once", protocol::pair::<100>, 300, 1_300),
    kernel("core: 1 MiB of DATA out", protocol::data_out, 2, 12),
    kernel("core: 1 MiB of DATA in", protocol::data_in, 2, 12),
    kernel("http: request from the core", convert::request_in::<false>, 20, 220),
    kernel("http: request like the last from the core", convert::request_in::<true>, 20, 220),
    kernel("http: response to the core", convert::response_out, 20, 220),
    kernel("http: request to the core", convert::request_out, 20, 220),
    kernel("http: response from the core", convert::response_in::<false>, 20, 220),
    kernel("http: response like the last from the core", convert::response_in::<true>, 20, 220),
    kernel("adapter: request on serve, 1 at once", adapter::serve::<1>, 100, 600),
    kernel("adapter: request on serve, 10 at once", adapter::serve::<10>, 100, 600),
    kernel("adapter: request with a task, 10 at once", adapter::spawn::<10>, 100, 600),
    kernel("adapter: request of a client, 1 at once", adapter::client::<1>, 100, 600),
    kernel("adapter: request of a client, 10 at once", adapter::client::<10>, 100, 600),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--run", name, times] => {
            let kernel = KERNELS.iter().find(|kernel| kernel.name == name).expect("a kernel");
            (kernel.run)(times.parse().expect("a number"));
            ExitCode::SUCCESS
        }
        ["--only", word] => {
            for (name, count) in count(|name| name.contains(word)) {
                println!("{count:>12}  {name}");
            }
            ExitCode::SUCCESS
        }
        ["--bless"] => {
            Ledger::here(count(|_| true)).write();
            ExitCode::SUCCESS
        }
        [] => Ledger::here(count(|_| true)).hold_against(&Ledger::read()),
        _ => {
            eprintln!("usage: instructions [--bless | --only WORD | --run KERNEL TIMES]");
            ExitCode::from(2)
        }
    }
}

/// What one time of each kernel costs, those that are `wanted`, in the order of the list.
fn count(wanted: impl Fn(&str) -> bool) -> Vec<(&'static str, u64)> {
    let kernels: Vec<_> = KERNELS.iter().filter(|kernel| wanted(kernel.name)).collect();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut counts = Vec::new();
    for some in kernels.chunks(workers) {
        let one = |kernel: &&'static Kernel| {
            let kernel = *kernel;
            thread::spawn(move || (kernel.name, one_time(kernel)))
        };
        let running: Vec<_> = some.iter().map(one).collect();
        counts.extend(running.into_iter().map(|count| count.join().expect("a count")));
    }
    counts
}

fn one_time(kernel: &Kernel) -> u64 {
    let (few, many) = kernel.times;
    let spent = under_callgrind(kernel.name, many) - under_callgrind(kernel.name, few);
    spent / (many - few) as u64
}

/// Instructions of a process that runs a kernel so many times.
fn under_callgrind(name: &str, times: usize) -> u64 {
    let program = env::current_exe().expect("a program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // Large copies by a loop, whose instructions are counted alike on every processor.
        .env("GLIBC_TUNABLES", "glibc.cpu.x86_rep_movsb_threshold=1000000000")
        .arg(program)
        .args(["--run", name, &times.to_string()])
        .output()
        .expect("valgrind is needed: Debian's package of that name");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed:\n{said}");
    let collected = said.lines().find_map(|line| line.split("Collected : ").nth(1));
    collected.and_then(|count| count.trim().parse().ok()).expect("callgrind says what it collected")
}
