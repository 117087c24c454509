//! Python's grpcio: its client against a tonic service run by `serve`, its server under our client.
//!
//! Passed over with a word on standard error where Python has no grpcio, unless
//! `H2_INTEROP_REQUIRE=1`. `H2_INTEROP_PYTHON` names the Python to use.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use h2_peers::grpc::{Echo, OverOurs, cases};
use h2_peers::{Ended, ended, within};
use h2_tokio::{Config, client, server};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tonic::service::Routes;

/// A Python that has grpcio.
async fn python() -> Option<PathBuf> {
    let python = std::env::var_os("H2_INTEROP_PYTHON").unwrap_or_else(|| "python3".into());
    let import = Command::new(&python).args(["-c", "import grpc"]).output().await;
    if import.is_ok_and(|output| output.status.success()) {
        return Some(python.into());
    }
    let required = std::env::var_os("H2_INTEROP_REQUIRE").is_some_and(|value| value == "1");
    assert!(!required, "Python has no grpcio, and H2_INTEROP_REQUIRE is set");
    eprintln!("skipped: no Python with grpcio");
    None
}

fn script(python: PathBuf, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name));
    command.kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_client_is_served_and_handlers_end_with_their_calls() {
    let Some(python) = python().await else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    let (gone, mut ended) = ended();
    tokio::spawn(async move {
        let routes = Routes::new(Echo(gone));
        while let Ok((io, _)) = listener.accept().await {
            tokio::spawn(server::serve(io, Config::server(), routes.clone()));
        }
    });
    within(async {
        let mut client = script(python, "grpcio_client.py");
        let mut client =
            client.arg(port.to_string()).stdin(Stdio::piped()).spawn().expect("Python");
        let stdin = client.stdin.take();
        // One ends by its deadline, one by its cancellation, while the connection goes on. The
        // first may end a little after the second has begun.
        let mut heard = Vec::new();
        while heard.len() < 4 {
            tokio::select! {
                news = ended.recv() => heard.extend(news),
                status = client.wait() => panic!("the client ended early: {status:?}"),
            }
        }
        heard.sort_unstable();
        assert_eq!(heard, ["begun", "begun", "handler", "handler"]);
        drop(stdin);
        assert!(client.wait().await.expect("Python ends").success());
    })
    .await;
}

/// A server of grpcio, our client of it, and what it says of its handlers.
async fn connect(python: PathBuf) -> (Child, OverOurs, Ended) {
    let mut server = script(python, "grpcio_server.py");
    let mut server = server.stdout(Stdio::piped()).spawn().expect("Python runs");
    let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
    let first = lines.next_line().await.expect("text").expect("it listens");
    let port = first.strip_prefix("listening on ").expect("a port");
    let handle = client::connect(format!("127.0.0.1:{port}"), Config::client()).await;
    let (gone, ended) = ended();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            match line.as_str() {
                "begun" => gone.say("begun"),
                "ended" => gone.say("handler"),
                _ => {}
            }
        }
    });
    (server, OverOurs(handle.expect("a connection")), ended)
}

macro_rules! calls {
    ($($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let Some(python) = python().await else { return };
            within(async {
                let (_server, transport, ended) = connect(python).await;
                cases::$case(transport, ended).await;
            })
            .await;
        }
    )*};
}

mod its_server_under_our_client {
    use super::*;

    calls! {
        a_unary_call_is_answered
        metadata_passes_text_and_octets
        a_status_alone_is_the_error
        a_stream_of_the_server_comes_whole
        a_stream_that_breaks_off_says_why
        a_stream_of_the_client_comes_whole
        both_sides_talk_in_turns
        a_hundred_calls_at_once_are_answered
        a_call_that_is_dropped_ends_its_handler
        a_request_timeout_ends_the_call_on_both_sides
    }
}
