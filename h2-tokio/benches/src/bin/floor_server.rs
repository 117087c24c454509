//! The floor: a server without a protocol, `floor_server PORT`. It reads frame heads and answers
//! every request with canned octets, all that came together in one write. Bodies it throws away.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// SETTINGS with 1,000 streams and the largest window for each, the acknowledgement of the client's,
/// and 16 MiB more of the connection's window.
const GREETING: &[u8] = b"\0\0\x0c\x04\0\0\0\0\0\0\x03\0\0\x03\xe8\0\x04\x7f\xff\xff\xff\
    \0\0\0\x04\x01\0\0\0\0\0\0\x04\x08\0\0\0\0\0\x01\0\0\0";
/// Octets after which the connection's window is widened by as many.
const PORTION: usize = 8 << 20;
/// That widening.
const CREDIT: &[u8] = b"\0\0\x04\x08\0\0\0\0\0\0\x80\0\0";
/// 200 with `content-type`, `content-length` and `server`, without any table; DATA with 13 octets.
const HEAD: &[u8] = b"\x88\x0f\x10\x0atext/plain\x0f\x0d\x0213\x0f\x27\x05bench";
const BODY: &[u8] = b"Hello, World!";

fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse::<u16>().ok()).expect("a port");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
        loop {
            let Ok((socket, _)) = listener.accept().await else { continue };
            let _ = socket.set_nodelay(true);
            tokio::spawn(serve(socket));
        }
    });
}

async fn serve(mut socket: TcpStream) -> io::Result<()> {
    let mut preface = [0; 24];
    socket.read_exact(&mut preface).await?;
    socket.write_all(GREETING).await?;
    let mut input = Vec::with_capacity(64 * 1024);
    let mut output = Vec::with_capacity(64 * 1024);
    let mut owed = 0;
    loop {
        let read = socket.read_buf(&mut input).await?;
        if read == 0 {
            return Ok(());
        }
        owed += read;
        if owed >= PORTION {
            owed -= PORTION;
            output.extend_from_slice(CREDIT);
        }
        let mut at = 0;
        while let Some(&[a, b, c, kind, flags, s, t, u, v]) = input[at..].first_chunk() {
            let end = at + 9 + u32::from_be_bytes([0, a, b, c]) as usize;
            if end > input.len() {
                break;
            }
            at = end;
            // The last frame of a request, be it HEADERS or DATA.
            if kind <= 1 && flags & 1 != 0 {
                let stream = [s, t, u, v];
                for (kind, flags, payload) in [(1, 4, HEAD), (0, 1, BODY)] {
                    output.extend_from_slice(&[0, 0, payload.len() as u8, kind, flags]);
                    output.extend_from_slice(&stream);
                    output.extend_from_slice(payload);
                }
            }
        }
        input.drain(..at);
        if !output.is_empty() {
            socket.write_all(&output).await?;
            output.clear();
        }
    }
}
