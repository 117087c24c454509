//! What a TCP socket needs to carry HTTP/2 well.

use std::io;

use tokio::net::TcpStream;

/// Octets that the kernel may hold beyond what it has sent.
const UNSENT: u32 = 128 * 1024;

/// Sets TCP_NODELAY, and TCP_NOTSENT_LOWAT to 128 KiB where there is one (Linux and Android).
///
/// Without the first, a small frame waits for the acknowledgement of the one before it, some 40 ms.
/// Without the second, the kernel takes megabytes before the network does: what is urgent waits
/// behind them, priorities come too late, and PING measures the queue. On other systems the second
/// is left as it is, and the size of the send buffer decides.
///
/// [`client::connect`](crate::client::connect) does this by itself.
///
/// # Errors
///
/// The system refuses the first. A refusal of the second, which only costs latency, is ignored.
pub fn tune(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    limit_unsent(socket);
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn limit_unsent(socket: &TcpStream) {
    let _ = socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn limit_unsent(_: &TcpStream) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_tuned_socket_sends_at_once_and_keeps_little() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            tune(&socket).unwrap();
            assert!(socket.nodelay().unwrap());
            let unsent = socket2::SockRef::from(&socket).tcp_notsent_lowat().unwrap();
            assert_eq!(unsent, UNSENT);
        });
    }
}
