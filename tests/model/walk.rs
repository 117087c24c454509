//! Every sequence of inputs up to a length, each on a fresh connection, step by step beside the
//! model. A sequence that the model ends with a connection error is not continued.

use std::time::Instant;

use h2_core::ResetCause;
use h2_tests::prelude::*;

use crate::driver::{self, Driver, Outcome};
use crate::table::{INPUTS, Input, Reaction, State, Table};

pub(crate) struct Walk {
    pub(crate) table: Table,
    pub(crate) is_server: bool,
    pub(crate) streams: &'static [u32],
    /// The application lets go of a stream as soon as it is closed.
    pub(crate) releases: bool,
}

/// One input on one stream, with the octets of the frame it is.
struct Symbol {
    input: Input,
    /// Which of the streams.
    at: usize,
    octets: Vec<u8>,
}

/// One stream in the model.
#[derive(Clone, Copy, Debug)]
struct Modelled {
    state: State,
    /// Our message has begun.
    begun: bool,
}

impl Walk {
    /// Walks all sequences of `length` inputs, and so all shorter ones; how many there were.
    pub(crate) fn all(&self, length: usize) -> usize {
        let mut alphabet = Vec::new();
        for (at, stream) in self.streams.iter().enumerate() {
            for input in INPUTS {
                let octets = driver::octets(input, *stream, self.is_server);
                alphabet.push(Symbol { input, at, octets });
            }
        }
        let now = Instant::now();
        let mut walked = 0;
        // An odometer over the alphabet; `used` digits of a sequence decide how it went.
        let mut digits = vec![0; length];
        loop {
            let sequence: Vec<&Symbol> = digits.iter().map(|digit| &alphabet[*digit]).collect();
            let used = self.walk(&sequence, now);
            walked += 1;
            // On to the next sequence that differs within what was used.
            digits[used..].fill(0);
            let Some(last) = (0..used).rev().find(|at| digits[*at] + 1 < alphabet.len()) else {
                return walked;
            };
            digits[last] += 1;
            digits[last + 1..].fill(0);
        }
    }

    /// Walks one sequence; how many of its inputs were used.
    fn walk(&self, sequence: &[&Symbol], now: Instant) -> usize {
        let note = Story { walk: self, sequence };
        let mut driver = Driver::new(self.is_server, now);
        let mut model = vec![Modelled { state: State::Idle, begun: false }; self.streams.len()];
        for (step, symbol) in sequence.iter().enumerate() {
            if !self.applies(&model, symbol) || !self.step(&mut driver, &mut model, symbol) {
                return step + 1;
            }
        }
        let pong = driver.hears(&wire::ping(*b"the end.").octets());
        assert!(pong.said.len() == 1 && pong.said[0].kind == wire::PING, "it lives: {pong:?}");
        drop(note);
        sequence.len()
    }

    /// A client uses its identifiers in order, so it cannot open the second stream first.
    fn applies(&self, model: &[Modelled], symbol: &Symbol) -> bool {
        let opens = matches!(symbol.input, Input::Says | Input::SaysEnd) && !self.is_server;
        !(opens && model[..symbol.at].iter().any(|earlier| earlier.state == State::Idle))
    }

    /// One input; false if the connection ended, as it should have.
    fn step(&self, driver: &mut Driver, model: &mut [Modelled], symbol: &Symbol) -> bool {
        let (stream, before) = (self.streams[symbol.at], model[symbol.at]);
        let row = self.table.iter().find(|(state, _)| *state == before.state).unwrap();
        let cell = row.1[INPUTS.iter().position(|input| *input == symbol.input).unwrap()];
        let outcome = match symbol.input {
            Input::Says => driver.says(stream, before.begun, false),
            Input::SaysEnd => driver.says(stream, before.begun, true),
            Input::Resets => driver.resets(stream),
            _ => driver.hears(&symbol.octets),
        };
        check(cell.reaction(), symbol.input, stream, before.state, &outcome);
        if matches!(cell.reaction(), Reaction::Connection(_)) {
            let after = driver.hears(&wire::ping(*b"anybody?").octets());
            assert!(after.said.is_empty() && after.told.is_empty(), "silent: {after:?}");
            return false;
        }
        let this = &mut model[symbol.at];
        this.state = cell.next(before.state);
        this.begun |= cell.reaction() == Reaction::Sent && symbol.input != Input::Resets;
        if self.is_server && before.state == State::Idle && this.state != State::Idle {
            // §5.1.1: a higher identifier closes the lower ones that were not used.
            for lower in &mut model[..symbol.at] {
                if lower.state == State::Idle {
                    lower.state = State::Skipped;
                }
            }
        }
        self.compare(driver, model);
        true
    }

    /// The connection's own view agrees with the model.
    fn compare(&self, driver: &mut Driver, model: &[Modelled]) {
        let open = model.iter().filter(|stream| stream.state.is_open()).count();
        let counted = (driver.conn.open_inbound_streams(), driver.conn.open_outbound_streams());
        let expected = if self.is_server { (open, 0) } else { (0, open) };
        assert_eq!(counted, expected, "open streams, model {model:?}");
        if self.releases {
            for (stream, modelled) in self.streams.iter().zip(model) {
                if modelled.state.is_closed() {
                    driver.conn.release_stream(id(*stream));
                }
            }
        }
    }
}

/// What came out is what the model says, and nothing else came out.
fn check(expected: Reaction, input: Input, stream: u32, state: State, outcome: &Outcome) {
    let Outcome { said, told, refused } = outcome;
    let quiet = |what: &str| {
        assert!(said.is_empty(), "{what}, but said {said:?}");
        assert!(told.is_empty(), "{what}, but told {told:?}");
    };
    assert_eq!(*refused, expected == Reaction::Refused, "{state:?} {input:?}: refused");
    match expected {
        Reaction::Refused => quiet("refused"),
        Reaction::Ignored => quiet("ignored"),
        Reaction::Sent => {
            assert!(told.is_empty(), "a command that is carried out tells nothing: {told:?}");
            assert!(said.iter().all(|frame| frame.stream == stream), "said {said:?}");
            match input {
                Input::Resets => assert_eq!(one_reset(outcome), CANCEL),
                _ => {
                    let end = said.last().expect("something is said").end;
                    assert_eq!(end, input == Input::SaysEnd, "END_STREAM in {said:?}");
                }
            }
        }
        Reaction::Told => {
            assert!(said.is_empty(), "said {said:?}");
            assert!(told.len() == 1 && fits(input, stream, &told[0]), "{input:?}: told {told:?}");
        }
        Reaction::Stream(code) => {
            assert_eq!(one_reset(outcome), code, "{state:?} {input:?}");
            let violation = |event: &Event| {
                matches!(event, Event::StreamReset { stream: s, code: c, cause: ResetCause::Violation(_), .. }
                    if s.get() == stream && *c == code)
            };
            // A request that breaks a rule is never shown.
            let known = usize::from(state != State::Idle);
            assert!(told.len() == known && told.iter().all(violation), "told {told:?}");
        }
        Reaction::Connection(code) => {
            let goodbye = said.last().expect("a GOAWAY");
            assert!(said.len() == 1 && goodbye.kind == wire::GOAWAY, "said {said:?}");
            assert_eq!(goodbye.code(), code, "{state:?} {input:?}");
            assert!(
                matches!(&told[..], [Event::ConnectionClosed { reason }] if reason.code == code),
                "told {told:?}"
            );
        }
    }
}

/// The code of the one RST_STREAM; an answer may precede it, to a request that breaks a rule.
fn one_reset(outcome: &Outcome) -> ErrorCode {
    let (last, before) = outcome.said.split_last().expect("an RST_STREAM");
    let answer = matches!(before, [only] if only.kind == wire::HEADERS && only.end);
    assert!(before.is_empty() || answer, "said {:?}", outcome.said);
    assert_eq!(last.kind, wire::RST_STREAM, "said {:?}", outcome.said);
    last.code()
}

/// Whether an event is what a frame means.
fn fits(input: Input, stream: u32, event: &Event) -> bool {
    let ends = matches!(input, Input::HeadersEnd | Input::DataEnd);
    match (input, event) {
        (
            Input::Headers | Input::HeadersEnd,
            Event::RequestReceived { stream: s, end, .. }
            | Event::ResponseReceived { stream: s, end, .. },
        )
        | (Input::Data | Input::DataEnd, Event::DataReceived { stream: s, end, .. }) => {
            s.get() == stream && *end == ends
        }
        (Input::TrailersEnd, Event::TrailersReceived { stream: s, .. })
        | (
            Input::RstStream,
            Event::StreamReset { stream: s, code: CANCEL, cause: ResetCause::Peer, .. }
            | Event::SendStopped { stream: s, code: CANCEL },
        ) => s.get() == stream,
        _ => false,
    }
}

/// Tells a sequence when it fails.
struct Story<'a> {
    walk: &'a Walk,
    sequence: &'a [&'a Symbol],
}

impl Drop for Story<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let role = if self.walk.is_server { "server" } else { "client" };
        let steps: Vec<String> = self
            .sequence
            .iter()
            .map(|symbol| format!("{} {}", symbol.input.name(), self.walk.streams[symbol.at]))
            .collect();
        eprintln!("{role}, releases {}: {}", self.walk.releases, steps.join(", "));
    }
}
