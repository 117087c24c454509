//! A test program on one thread, for tests that count what the whole process allocates: the usual
//! harness has threads of its own, and what these allocate would be counted too.

use std::panic::catch_unwind;
use std::time::Instant;

/// What a test is called, and what it does.
pub type Test = (&'static str, fn());

/// Makes a program of these functions, which are its tests. It needs `harness = false`.
#[macro_export]
macro_rules! solo {
    ($($test:ident),+ $(,)?) => {
        fn main() -> std::process::ExitCode {
            $crate::solo::run(&[$((stringify!($test), $test)),+])
        }
    };
}

/// Runs one after the other the tests whose names contain any word of the command line, all of them
/// without one. Options of the usual harness are passed over, but for `--list`.
pub fn run(tests: &[Test]) -> std::process::ExitCode {
    let (options, words): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let mut failed = Vec::new();
    for (name, test) in tests.iter().filter(|(name, _)| wanted(name)) {
        if options.iter().any(|option| option == "--list") {
            eprintln!("{name}: test");
            continue;
        }
        let start = Instant::now();
        let passed = catch_unwind(test).is_ok();
        let word = if passed { "ok" } else { "FAILED" };
        eprintln!("test {name} ... {word} ({:.1} s)", start.elapsed().as_secs_f64());
        if !passed {
            failed.push(*name);
        }
    }
    if failed.is_empty() {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}
