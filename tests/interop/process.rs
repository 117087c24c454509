//! Programs as child processes: found or skipped, started, watched, and ended when dropped.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// No step of these tests takes as long as this unless something hangs.
const FOREVER: Duration = Duration::from_secs(240);

/// Whether a peer that is missing fails the test, and sizes are those of the acceptance criteria
/// and not those of a quick look.
pub(crate) fn required() -> bool {
    std::env::var_os("H2_INTEROP_REQUIRE").is_some_and(|value| value == "1")
}

/// The path of a program that this machine has. `None`, said on standard error, when it has not:
/// the test ends then.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers lie where the PATH of a user often does not lead.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(program)).find(|file| file.is_file());
    if found.is_none() {
        skip(program);
    }
    found
}

/// A Python that has `module`.
pub(crate) fn find_python(module: &str) -> Option<PathBuf> {
    let python = match std::env::var_os("H2_INTEROP_PYTHON") {
        Some(python) => PathBuf::from(python),
        None => find("python3")?,
    };
    let import = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if import.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skip(&format!("Python with {module}"));
    None
}

/// Fails where every peer is required. Written past the capture of the test runner, so that a
/// passing run shows what it did not test.
fn skip(what: &str) {
    assert!(!required(), "{what} was not found, and H2_INTEROP_REQUIRE is set");
    writeln!(io::stderr(), "skipped: no {what}").expect("standard error is open");
}

/// A script beside this file.
pub(crate) fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/interop/peers").join(name)
}

/// A child process; killed and reaped when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
}

impl Process {
    /// Starts a server and waits until it says `listening on`, then an address or a port.
    pub(crate) fn listening(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = child.stdout.take().expect("piped");
        let mut process = Self { child, port: 0 };
        let mut lines = BufReader::new(stdout).lines();
        for line in lines.by_ref() {
            let line = line.expect("text on standard output");
            if line.contains("listening on") {
                let digits =
                    line.rsplit(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
                let port = digits.and_then(|digits| digits.parse().ok());
                process.port = port.unwrap_or_else(|| panic!("no port in {line:?}"));
                // Whatever it says later must not block it.
                thread::spawn(move || lines.for_each(drop));
                return process;
            }
        }
        panic!("{command:?} ended before it listened");
    }

    /// Starts a server on `port` and waits until it accepts.
    pub(crate) fn accepting(command: &mut Command, port: u16) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut process = Self { child, port };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = process.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "{command:?} ended: {ended:?}");
            assert!(start.elapsed() < FOREVER, "{command:?} does not listen");
            thread::sleep(Duration::from_millis(5));
        }
        process
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process to end by itself and says whether it called that a success.
    pub(crate) fn ends_well(mut self) -> bool {
        wait(&mut self.child).success()
    }

    /// The most memory that was resident at once, in KiB. `None` where the system does not tell.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn wait(child: &mut Child) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return status;
        }
        assert!(start.elapsed() < FOREVER, "process {} does not end", child.id());
        thread::sleep(Duration::from_millis(5));
    }
}

/// A port that was free a moment ago, for servers that cannot choose one.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}

/// Runs a client to its end, giving it `input`.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    thread::scope(|scope| {
        scope.spawn(move || {
            // A client that wants no more closes the pipe; what it then says is what counts.
            drop(stdin.write_all(input));
        });
        child.wait_with_output().expect("a child that can be waited for")
    })
}

/// Runs a client that must succeed; returns its output.
pub(crate) fn run_well(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let output = run(command, input);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        tail(&output.stdout),
        tail(&output.stderr),
    );
    output.stdout
}

/// The end of what a program printed, for messages.
fn tail(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let skip = text.lines().count().saturating_sub(60);
    text.lines().skip(skip).collect::<Vec<_>>().join("\n")
}

/// A script's run that must succeed, in `interpreter`.
pub(crate) fn run_script(interpreter: impl AsRef<OsStr>, name: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(interpreter);
    let output = run_well(command.arg(script(name)).args(arguments), b"");
    String::from_utf8_lossy(&output).into_owned()
}
