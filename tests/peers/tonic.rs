//! tonic: its services run by `serve`, and its clients over ours.

use h2_peers::grpc::{Echo, OverOurs};
use h2_peers::{Ended, ended, within};
use h2_tokio::{Config, client, server};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::{Channel, Server};

macro_rules! calls {
    ($connect:path; $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            within(async {
                let (transport, ended) = $connect().await;
                h2_peers::grpc::cases::$case(transport, ended).await;
            })
            .await;
        }
    )*};
    ($connect:path) => {
        calls! {
            $connect;
            a_unary_call_is_answered
            metadata_passes_text_and_octets
            a_status_alone_is_the_error
            a_stream_of_the_server_comes_whole
            a_stream_that_breaks_off_says_why
            a_stream_of_the_client_comes_whole
            both_sides_talk_in_turns
            a_hundred_calls_at_once_are_answered
            a_call_that_is_dropped_ends_its_handler
            a_deadline_ends_the_call_on_both_sides
        }
    };
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    (listener, address.to_string())
}

mod a_service_run_by_serve {
    use super::*;

    async fn connect() -> (Channel, Ended) {
        let (listener, address) = listen().await;
        let (gone, ended) = ended();
        tokio::spawn(async move {
            let routes = Routes::new(Echo(gone));
            while let Ok((io, _)) = listener.accept().await {
                tokio::spawn(server::serve(io, Config::server(), routes.clone()));
            }
        });
        let channel = Channel::from_shared(format!("http://{address}")).expect("an address");
        (channel.connect().await.expect("a connection"), ended)
    }

    calls!(connect);
}

mod a_client_over_ours {
    use super::*;

    async fn connect() -> (OverOurs, Ended) {
        let (listener, address) = listen().await;
        let (gone, ended) = ended();
        let router = Server::builder().add_service(Echo(gone));
        tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
        let handle = client::connect(address, Config::client()).await.expect("a connection");
        (OverOurs(handle), ended)
    }

    calls!(connect);
}
