//! The counts that are kept in the repository, and what is said about those that differ from them.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::{env, fs};

/// Growth that fails, in hundredths. Less comes and goes with the order of functions.
const MOST_GROWTH: f64 = 5.0;

const BLESS: &str = "cargo run --release --no-default-features \
     --manifest-path h2-tokio/benches/Cargo.toml --bin instructions -- --bless";

/// Instructions of the kernels, and the compiler that made them.
pub struct Ledger {
    compiler: String,
    counts: Vec<(String, u64)>,
}

impl Ledger {
    /// What was counted on this machine.
    pub fn here(counts: Vec<(&str, u64)>) -> Self {
        let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let output = Command::new(rustc).arg("-vV").output().expect("a compiler");
        let said = String::from_utf8_lossy(&output.stdout);
        let host = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or("?");
        let compiler = format!("{} for {host}", said.lines().next().unwrap_or("?"));
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        Self { compiler, counts }
    }

    fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("instructions.txt")
    }

    /// What is kept.
    pub fn read() -> Self {
        let text = fs::read_to_string(Self::path()).expect("instructions.txt; --bless writes it");
        let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let compiler = lines.next().expect("a compiler").to_owned();
        let entry = |line: &str| {
            let (count, name) = line.trim().split_once("  ")?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        let counts = lines.map(|line| entry(line).unwrap_or_else(|| panic!("what is {line:?}?")));
        Self { counts: counts.collect(), compiler }
    }

    pub fn write(&self) {
        let mut text = format!(
            "# Instructions of one time of each kernel, written by:\n# {BLESS}\n{}\n",
            self.compiler
        );
        for (name, count) in &self.counts {
            text.push_str(&format!("{count:>12}  {name}\n"));
        }
        fs::write(Self::path(), &text).expect("instructions.txt can be written");
        print!("{text}");
    }

    /// Says what has changed; fails when something costs more than it may.
    pub fn hold_against(&self, kept: &Self) -> ExitCode {
        let mut grown = Vec::new();
        let mut shrunk = 0;
        println!("{:>12} {:>12} {:>8}", "kept", "here", "");
        for (name, count) in &self.counts {
            let Some((_, before)) = kept.counts.iter().find(|(kept, _)| kept == name) else {
                println!("{:>12} {count:>12} {:>8}  {name}", "-", "");
                grown.push(name.as_str());
                continue;
            };
            let growth = (*count as f64 / *before as f64 - 1.0) * 100.0;
            println!("{before:>12} {count:>12} {growth:>+7.1}%  {name}");
            if growth > MOST_GROWTH {
                grown.push(name);
            }
            shrunk += usize::from(growth < -MOST_GROWTH);
        }
        if kept.compiler != self.compiler {
            println!(
                "kept by {}, counted by {}: nothing is enforced",
                kept.compiler, self.compiler
            );
            return ExitCode::SUCCESS;
        }
        if !grown.is_empty() {
            println!("\nmore than {MOST_GROWTH} % above what is kept, or not kept at all:");
            grown.iter().for_each(|name| println!("  {name}"));
            println!("If what they do now is worth it, say so in the commit and keep the counts:");
            println!("  {BLESS}");
            return ExitCode::FAILURE;
        }
        if shrunk > 0 {
            println!("\n{shrunk} cost less than what is kept. So that it stays so:\n  {BLESS}");
        }
        ExitCode::SUCCESS
    }
}
