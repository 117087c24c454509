//! Commands that fail change nothing: a connection that was asked for the impossible and its twin
//! that was not say the same, tell the same and stand the same.

use h2_core::{OpenError, Padding, Priority, ResponseHead, Stall, StreamId};
use h2_tests::prelude::*;
use proptest::prelude::*;

use crate::script::{Stage, Step, sound};

/// Any command, sensible or not.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Request { length: Option<u8>, end: bool, protocol: bool, huge: bool },
    Respond { stream: u32, status: u16, length: Option<u8>, end: bool },
    Informational { stream: u32, status: u16 },
    Data { stream: u32, length: usize, end: bool },
    EndStream { stream: u32 },
    Trailers { stream: u32 },
    Push { parent: u32, method: bool },
    Acknowledge { stream: u32, octets: usize },
    Increment { stream: u32, increment: u32 },
    Settings { window: u32, frame: u32, push: bool, connect: bool },
    Setting { id: u16, value: u32 },
    Slot,
    Suspect { stream: u32 },
    Ping,
    Prioritize { stream: u32, urgency: u8 },
    AltSvc { origin: bool, stream: u32 },
    Origins { length: usize },
    Extension { kind: u8, stream: u32, length: usize },
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    let stream = || prop_oneof![12 => (0_u32..5).prop_map(|n| 2 * n + 1), 2 => 2_u32..9, 1 => Just(0x7fff_ffff)];
    let length = || proptest::option::of(any::<u8>());
    let body = prop_oneof![0_usize..300, 0_usize..300, 0_usize..40_000];
    prop_oneof![
        3 => (length(), any::<bool>(), proptest::bool::weighted(0.2), proptest::bool::weighted(0.2))
            .prop_map(|(length, end, protocol, huge)| Command::Request {
                length, end, protocol, huge
            }),
        4 => (stream(), prop_oneof![Just(103_u16), Just(200), Just(200), Just(204)], length(),
              any::<bool>())
            .prop_map(|(stream, status, length, end)| Command::Respond {
                stream, status, length, end
            }),
        2 => (stream(), prop_oneof![Just(103_u16), Just(200)])
            .prop_map(|(stream, status)| Command::Informational { stream, status }),
        8 => (stream(), body, any::<bool>())
            .prop_map(|(stream, length, end)| Command::Data { stream, length, end }),
        2 => stream().prop_map(|stream| Command::EndStream { stream }),
        2 => stream().prop_map(|stream| Command::Trailers { stream }),
        2 => (stream(), any::<bool>())
            .prop_map(|(parent, method)| Command::Push { parent, method }),
        2 => (stream(), 0_usize..5_000)
            .prop_map(|(stream, octets)| Command::Acknowledge { stream, octets }),
        2 => (0_u32..8,
              prop_oneof![Just(0_u32), 1_u32..70_000, Just(0x7fff_ffff), Just(u32::MAX)])
            .prop_map(|(stream, increment)| Command::Increment { stream, increment }),
        1 => (prop_oneof![0_u32..70_000, Just(u32::MAX)],
              prop_oneof![Just(16_384_u32), Just(0), Just(70_000), Just(1 << 24)],
              any::<bool>(), any::<bool>())
            .prop_map(|(window, frame, push, connect)| Command::Settings {
                window, frame, push, connect
            }),
        1 => (0_u16..40, any::<u32>()).prop_map(|(id, value)| Command::Setting { id, value }),
        1 => Just(Command::Slot),
        1 => stream().prop_map(|stream| Command::Suspect { stream }),
        1 => Just(Command::Ping),
        2 => (stream(), 0_u8..12)
            .prop_map(|(stream, urgency)| Command::Prioritize { stream, urgency }),
        1 => (any::<bool>(), 0_u32..8)
            .prop_map(|(origin, stream)| Command::AltSvc { origin, stream }),
        1 => (prop_oneof![Just(10_usize), Just(20_000), Just(70_000)])
            .prop_map(|length| Command::Origins { length }),
        1 => (any::<u8>(), prop_oneof![0_u32..8, Just(u32::MAX)],
              prop_oneof![0_usize..100, Just(16_385_usize), Just(16_384)])
            .prop_map(|(kind, stream, length)| Command::Extension { kind, stream, length }),
    ]
}

fn response(status: u16, length: Option<u8>) -> Option<ResponseHead> {
    let length = length.map(|length| length.to_string());
    let fields: Vec<(&str, &str)> = length.iter().map(|l| ("content-length", l.as_str())).collect();
    ResponseHead::new(status, fields).ok()
}

fn opened(result: Result<StreamId, OpenError>) -> Result<(), Misuse> {
    result.map(drop).map_err(|error| error.why)
}

/// Gives the command.
pub(crate) fn give(conn: &mut Connection, command: &Command) -> Result<(), Misuse> {
    match *command {
        Command::Request { length, end, protocol, huge } => {
            let mut fields = h2_core::Fields::new();
            let method = if protocol { "CONNECT" } else { "POST" };
            for (name, value) in
                [(":method", method), (":scheme", "https"), (":authority", "a"), (":path", "/")]
            {
                fields.push(name, value);
            }
            if protocol {
                fields.push(":protocol", "websocket");
            }
            if let Some(length) = length.filter(|_| !protocol) {
                fields.push("content-length", length.to_string());
            }
            if huge {
                fields.push("x-huge", "h".repeat(70_000));
            }
            fields.push("cookie", "a=b; c=d");
            let head = h2_core::RequestHead::from_fields(fields).expect("sound");
            opened(conn.send_request(head, End::from_bool(end)))
        }
        Command::Respond { stream, status, length, end } => match response(status, length) {
            Some(head) => conn.send_response(id(stream), head, End::from_bool(end)),
            None => Ok(()),
        },
        Command::Informational { stream, status } => {
            conn.send_informational(id(stream), lone::response(status, &[]))
        }
        Command::Data { stream, length, end } => {
            let mut data = Bytes::from(vec![b'd'; length]);
            let before = data.clone();
            let result = conn.send_data(id(stream), &mut data, End::from_bool(end));
            if result.is_err() {
                assert_eq!(data, before, "the octets stay with the caller");
            }
            result.map(drop)
        }
        Command::EndStream { stream } => conn.end_stream(id(stream)),
        Command::Trailers { stream } => {
            conn.send_trailers(id(stream), lone::trailers(&[("x-end", "1")]))
        }
        Command::Push { parent, method } => {
            let head = lone::request(if method { "GET" } else { "POST" }, &[]);
            opened(conn.push_stream(id(parent), head))
        }
        Command::Acknowledge { stream, octets } => {
            conn.acknowledge_received_data(id(stream), octets)
        }
        Command::Increment { stream, increment } => {
            conn.increment_flow_control_window(StreamId::new(stream), increment)
        }
        Command::Settings { window, frame, push, connect } => conn.update_settings(|settings| {
            settings.initial_window_size = window;
            settings.max_frame_size = frame;
            settings.enable_push = push;
            settings.enable_connect_protocol = connect;
        }),
        Command::Setting { id, value } => {
            let mut set = Ok(());
            let updated = conn.update_settings(|settings| set = settings.set_extension(id, value));
            updated.and(set)
        }
        Command::Slot => {
            if let Some(permit) = conn.reserve_slot() {
                conn.release_slot(permit);
            }
            Ok(())
        }
        Command::Suspect { stream } => {
            conn.suspect(id(stream));
            Ok(())
        }
        Command::Ping => conn.ping(*b"a dozen!"),
        Command::Prioritize { stream, urgency } => {
            let mut priority = Priority::parse(b"i").unwrap();
            priority.urgency = urgency;
            conn.prioritize(id(stream), priority)
        }
        Command::AltSvc { origin, stream } => conn.advertise_alternative_service(
            origin.then_some("https://a"),
            StreamId::new(stream),
            "h3=\":1\"",
        ),
        Command::Origins { length } => {
            conn.advertise_origins(&[&format!("https://{}", "o".repeat(length))])
        }
        Command::Extension { kind, stream, length } => {
            conn.send_extension_frame(kind, 0, stream, Bytes::from(vec![0; length]))
        }
    }
}

/// How a connection stands, by every question about it.
fn standing(conn: &Connection) -> String {
    let windows = |stream: Option<StreamId>| {
        (conn.local_flow_control_window(stream), conn.remote_flow_control_window(stream))
    };
    let streams: Vec<String> = (1..12)
        .map(|stream| {
            let capacity = conn.send_capacity(id(stream));
            format!(
                "{:?} {capacity} {:?} {:?}",
                windows(Some(id(stream))),
                conn.request_outcome(id(stream)),
                conn.retry_hint(id(stream)),
            )
        })
        .collect();
    // What found no slot waits for one, see `told`.
    let mut stats = conn.stats();
    stats.stalls.slot = Stall::default();
    // Two connections are made at two moments.
    stats.age = Duration::ZERO;
    format!(
        "{stats:?} {:?} {streams:?} {:?} {:?} {} {} {:?} {:?} {:?} {} {}",
        windows(None),
        conn.local_settings(),
        conn.remote_settings(),
        conn.free_slots(),
        conn.is_draining(),
        conn.close_reason(),
        conn.poll_timeout().map(|deadline| deadline.why),
        conn.next_stream_id(),
        conn.is_suspect(),
        conn.is_finished(),
    )
}

/// What failed asks for a slot is told when there is one, which is the one trace it leaves.
fn told(lone: &mut Lone) -> Vec<Event> {
    let mut events = lone.events();
    events.retain(|event| !matches!(event, Event::SlotsAvailable));
    events
}

#[derive(Clone, Debug)]
enum Turn {
    Step(Step),
    Command(Command),
}

fn padding() -> impl Strategy<Value = Padding> {
    prop_oneof![
        2 => Just(Padding::None),
        1 => any::<u8>().prop_map(Padding::UpTo),
        1 => any::<u16>().prop_map(Padding::ToMultipleOf),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![1 => sound().prop_map(Turn::Step), 3 => command().prop_map(Turn::Command)]
}

proptest! {
    #![proptest_config(crate::cases(192))]

    #[test]
    fn a_command_that_fails_changes_nothing(
        is_server: bool, drains: bool, retires: bool, padding in padding(), turns in proptest::collection::vec(turn(), 1..60),
    ) {
        let setup = if is_server { Setup::server() } else { Setup::client() };
        let setup = setup.peer(&[(3, 4), (4, 20_000), (6, 60_000)]).config(|config| {
            lone::narrow(config);
            config.seed = 7;
            config.padding = padding;
            config.split_cookies = drains;
            config.max_requests = retires.then_some(6);
        });
        let mut asked = setup.clone().start(lone::Delivery::Whole);
        let mut twin = setup.start(lone::Delivery::Whole);
        for lone in [&mut asked, &mut twin] {
            lone.allow_frames_of(70_000);
        }
        // One clock for both: the later, because time does not run back.
        asked.now = twin.now;
        asked.settle();
        twin.settle();
        let mut stages = (Stage::new(&mut asked), Stage::new(&mut twin));
        for stage in [&mut stages.0, &mut stages.1] {
            for end in [false, true, false] {
                stage.step(&Step::Opens { end, length: None });
            }
        }
        for turn in &turns {
            match turn {
                Turn::Step(step) => {
                    stages.0.step(step);
                    stages.1.step(step);
                }
                Turn::Command(command) => {
                    stages.0.deliver();
                    stages.1.deliver();
                    let before = standing(&stages.0.lone.conn);
                    match give(&mut stages.0.lone.conn, command) {
                        Ok(()) => give(&mut stages.1.lone.conn, command).expect("as its twin"),
                        Err(_) => assert_eq!(standing(&stages.0.lone.conn), before),
                    }
                    if drains {
                        stages.0.lone.settle();
                        stages.1.lone.settle();
                    }
                }
            }
            prop_assert_eq!(told(stages.0.lone), told(stages.1.lone));
            prop_assert_eq!(stages.0.lone.says(), stages.1.lone.says());
        }
        stages.0.finish();
        stages.1.finish();
        prop_assert_eq!(told(stages.0.lone), told(stages.1.lone));
        prop_assert_eq!(stages.0.lone.says(), stages.1.lone.says());
        // Deadlines aside, they began at two moments.
        prop_assert_eq!(standing(&stages.0.lone.conn), standing(&stages.1.lone.conn));
    }
}
