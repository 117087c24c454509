//! The Python process: messages of JSON and octets through its pipes.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct Python {
    child: Child,
    sink: ChildStdin,
    source: ChildStdout,
}

impl Python {
    /// Starts the interpreter, or says why not; then `None`.
    pub(crate) fn start() -> Option<Self> {
        let interpreter = std::env::var("H2_INTEROP_PYTHON").unwrap_or_else(|_| "python3".into());
        let probe = Command::new(&interpreter).args(["-c", "import h2, hpack"]).output();
        let missing = match probe {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(missing) = missing {
            let require = std::env::var("H2_INTEROP_REQUIRE").is_ok_and(|require| require == "1");
            assert!(!require, "{interpreter} with h2 is required: {missing}");
            println!("skipped: {interpreter} with h2 is missing: {missing}");
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/differential/peer.py");
        let mut child = Command::new(&interpreter)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let (sink, source) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Self { child, sink, source })
    }

    /// Asks and waits for the answer: JSON, and octets for the wire.
    pub(crate) fn ask(&mut self, message: &Value, wire: &[u8]) -> (Value, Vec<u8>) {
        let words = message.to_string();
        let mut out = Vec::with_capacity(8 + words.len() + wire.len());
        out.extend((words.len() as u32).to_be_bytes());
        out.extend((wire.len() as u32).to_be_bytes());
        out.extend(words.as_bytes());
        out.extend(wire);
        self.sink.write_all(&out).expect("the interpreter listens");
        let mut head = [0; 8];
        self.source.read_exact(&mut head).expect("the interpreter answers");
        let length = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap()) as usize;
        let mut words = vec![0; length(0)];
        let mut wire = vec![0; length(4)];
        self.source.read_exact(&mut words).expect("a whole answer");
        self.source.read_exact(&mut wire).expect("a whole answer");
        let answer: Value = serde_json::from_slice(&words).expect("JSON");
        if let Some(error) = answer.get("error") {
            panic!("python-h2: {error}, asked {message}");
        }
        (answer, wire)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
