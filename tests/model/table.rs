//! The model: what each input does in each state, as RFC 9113 §5.1 and §8.1 have it.
//!
//! Where the RFC leaves a choice, the choice is this one. A stream error where one is allowed; on a
//! stream that the peer itself had ended, by END_STREAM or by RST_STREAM, DATA and HEADERS are a
//! connection error of type STREAM_CLOSED (§5.1 "closed" permits it); on one that we reset,
//! everything is discarded. A CONTINUATION without a block to continue is a connection error in
//! every state (§6.10).

use h2_core::ErrorCode;

/// The state of one stream, as one endpoint sees it. Both roles use the same names: "the peer's
/// message" is the request for a server and the response for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// idle
    Idle,
    /// closed, because a higher identifier was used first (§5.1.1)
    Skipped,
    /// open; a server has not answered yet, a client has not been answered yet
    Open,
    /// open; both messages have begun
    Talking,
    /// half-closed (remote); for a server without an answer
    Asked,
    /// half-closed (remote); our message has begun
    Answering,
    /// half-closed (local); for a client without an answer
    Waiting,
    /// half-closed (local); the peer's message has begun
    Reading,
    /// closed by END_STREAM both ways
    Finished,
    /// closed by the peer's RST_STREAM
    Cut,
    /// closed by our RST_STREAM
    Reset,
}

impl State {
    /// Whether the stream counts against the limit on streams (§5.1.2).
    pub(crate) fn is_open(self) -> bool {
        !matches!(self, Self::Idle | Self::Skipped | Self::Finished | Self::Cut | Self::Reset)
    }

    /// Whether it was there and is closed.
    pub(crate) fn is_closed(self) -> bool {
        matches!(self, Self::Finished | Self::Cut | Self::Reset)
    }
}

/// What happens to a stream. `Says` is the application's next piece of its message: a head, then
/// octets; with `SaysEnd` it is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Headers,
    HeadersEnd,
    TrailersEnd,
    Data,
    DataEnd,
    RstStream,
    WindowUpdate,
    Priority,
    Continuation,
    Says,
    SaysEnd,
    Resets,
}

use Input::{
    Continuation, Data, DataEnd, Headers, HeadersEnd, Priority, Resets, RstStream, Says, SaysEnd,
    TrailersEnd, WindowUpdate,
};

pub(crate) const INPUTS: [Input; 12] = [
    Headers,
    HeadersEnd,
    TrailersEnd,
    Data,
    DataEnd,
    RstStream,
    WindowUpdate,
    Priority,
    Continuation,
    Says,
    SaysEnd,
    Resets,
];

impl Input {
    pub(crate) fn is_frame(self) -> bool {
        !matches!(self, Says | SaysEnd | Resets)
    }

    pub(crate) fn is_head(self) -> bool {
        matches!(self, Headers | HeadersEnd | TrailersEnd)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Headers => "HEADERS",
            HeadersEnd => "HEADERS+ES",
            TrailersEnd => "trailers+ES",
            Data => "DATA",
            DataEnd => "DATA+ES",
            RstStream => "RST_STREAM",
            WindowUpdate => "WINDOW_UPDATE",
            Priority => "PRIORITY",
            Continuation => "CONTINUATION",
            Says => "we say",
            SaysEnd => "we say the end",
            Resets => "we reset",
        }
    }
}

/// What an endpoint does about an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// The application hears of it, and of nothing else.
    Told,
    /// A command that is carried out: frames go out.
    Sent,
    /// Nothing at all.
    Ignored,
    /// A command that is an error of the caller; nothing happens.
    Refused,
    /// RST_STREAM with this code; the application hears of it if it knew the stream.
    Stream(ErrorCode),
    /// GOAWAY with this code, and silence.
    Connection(ErrorCode),
}

/// A reaction and the state that follows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell {
    /// The application is told; then that state.
    T(State),
    /// The command is carried out; then that state.
    S(State),
    /// Ignored; the state stays.
    I,
    /// Refused; the state stays.
    R,
    /// A stream error of type PROTOCOL_ERROR or STREAM_CLOSED; then the stream is reset.
    Sp,
    Sc,
    /// A connection error of type PROTOCOL_ERROR or STREAM_CLOSED.
    Cp,
    Cc,
}

impl Cell {
    pub(crate) fn reaction(self) -> Reaction {
        match self {
            T(_) => Reaction::Told,
            S(_) => Reaction::Sent,
            I => Reaction::Ignored,
            R => Reaction::Refused,
            Sp => Reaction::Stream(ErrorCode::PROTOCOL_ERROR),
            Sc => Reaction::Stream(ErrorCode::STREAM_CLOSED),
            Cp => Reaction::Connection(ErrorCode::PROTOCOL_ERROR),
            Cc => Reaction::Connection(ErrorCode::STREAM_CLOSED),
        }
    }

    pub(crate) fn next(self, state: State) -> State {
        match self {
            T(next) | S(next) => next,
            Sp | Sc => Reset,
            I | R | Cp | Cc => state,
        }
    }
}

use Cell::{Cc, Cp, I, R, S, Sc, Sp, T};
use State::{
    Answering, Asked, Cut, Finished, Idle, Open, Reading, Reset, Skipped, Talking, Waiting,
};

/// A state and its cells, in the order of [`INPUTS`].
pub(crate) type Row = (State, [Cell; 12]);
pub(crate) type Table = &'static [Row];

/// A server; the peer is a client and opens the streams. HEADERS is a request. In `Open` and
/// `Talking` a second HEADERS is malformed: it does not end the request, or it has pseudo-fields
/// (§8.1). On an idle stream trailers are a request without its pseudo-fields, malformed.
#[rustfmt::skip]
pub(crate) const SERVER: Table = &[
    //           HEADERS  HEADERS+ES  trailers+ES   DATA       DATA+ES        RST     WU PRI CONT  says          says the end  resets
    (Idle,      [T(Open), T(Asked),   Sp,           Cp,        Cp,            Cp,     Cp, I, Cp,   R,            R,            I]),
    (Skipped,   [Cp,      Cp,         Cp,           Cc,        Cc,            I,      I,  I, Cp,   R,            R,            I]),
    (Open,      [Sp,      Sp,         T(Asked),     T(Open),   T(Asked),      T(Cut), I,  I, Cp,   S(Talking),   S(Reading),   S(Reset)]),
    (Talking,   [Sp,      Sp,         T(Answering), T(Talking), T(Answering), T(Cut), I,  I, Cp,   S(Talking),   S(Reading),   S(Reset)]),
    (Asked,     [Sc,      Sc,         Sc,           Sc,        Sc,            T(Cut), I,  I, Cp,   S(Answering), S(Finished),  S(Reset)]),
    (Answering, [Sc,      Sc,         Sc,           Sc,        Sc,            T(Cut), I,  I, Cp,   S(Answering), S(Finished),  S(Reset)]),
    (Reading,   [Sp,      Sp,         T(Finished),  T(Reading), T(Finished),  T(Cut), I,  I, Cp,   R,            R,            S(Reset)]),
    (Finished,  [Cc,      Cc,         Cc,           Cc,        Cc,            I,      I,  I, Cp,   R,            R,            I]),
    (Cut,       [Cc,      Cc,         Cc,           Cc,        Cc,            I,      I,  I, Cp,   R,            R,            I]),
    (Reset,     [I,       I,          I,            I,         I,             I,      I,  I, Cp,   R,            R,            I]),
];

/// A client; it opens the streams. HEADERS is a final response. Before it, trailers are a response
/// without its status and DATA has nothing to belong to, both malformed (§8.1). No server opens a
/// stream with HEADERS.
#[rustfmt::skip]
pub(crate) const CLIENT: Table = &[
    //           HEADERS     HEADERS+ES    trailers+ES   DATA        DATA+ES       RST     WU PRI CONT  says          says the end  resets
    (Idle,      [Cp,         Cp,           Cp,           Cp,         Cp,           Cp,     Cp, I, Cp,   S(Open),      S(Waiting),   I]),
    (Open,      [T(Talking), T(Answering), Sp,           Sp,         Sp,           T(Cut), I,  I, Cp,   S(Open),      S(Waiting),   S(Reset)]),
    (Talking,   [Sp,         Sp,           T(Answering), T(Talking), T(Answering), T(Cut), I,  I, Cp,   S(Talking),   S(Reading),   S(Reset)]),
    (Waiting,   [T(Reading), T(Finished),  Sp,           Sp,         Sp,           T(Cut), I,  I, Cp,   R,            R,            S(Reset)]),
    (Reading,   [Sp,         Sp,           T(Finished),  T(Reading), T(Finished),  T(Cut), I,  I, Cp,   R,            R,            S(Reset)]),
    (Answering, [Sc,         Sc,           Sc,           Sc,         Sc,           T(Cut), I,  I, Cp,   S(Answering), S(Finished),  S(Reset)]),
    (Finished,  [Cc,         Cc,           Cc,           Cc,         Cc,           I,      I,  I, Cp,   R,            R,            I]),
    (Cut,       [Cc,         Cc,           Cc,           Cc,         Cc,           I,      I,  I, Cp,   R,            R,            I]),
    (Reset,     [I,          I,            I,            I,          I,            I,      I,  I, Cp,   R,            R,            I]),
];
