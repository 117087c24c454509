// Node's HTTP/2 server: `node server.mjs PORT STREAMS`. It answers what `bench_server` answers.

import { createServer } from 'node:http2';

const [port, streams] = process.argv.slice(2).map(Number);
const BLOCK = Buffer.alloc(64 * 1024, 'x');
const HELLO = { ':status': 200, 'content-type': 'text/plain', 'content-length': 13, server: 'bench' };

const server = createServer({
    settings: { initialWindowSize: 1 << 20, maxConcurrentStreams: streams },
});
server.on('session', (session) => session.setLocalWindowSize(16 << 20));
server.on('stream', (stream, headers) => {
    // A client that goes away in the middle is nobody's fault.
    stream.on('error', () => {});
    const megabytes = /^\/mb\/(\d+)$/.exec(headers[':path']);
    if (headers[':method'] === 'POST') {
        let length = 0;
        stream.on('data', (piece) => { length += piece.length; });
        stream.on('end', () => {
            stream.respond({ ':status': 200 });
            stream.end(String(length));
        });
    } else if (megabytes) {
        stream.respond({ ':status': 200 });
        let left = Number(megabytes[1]) * 16;
        const send = () => {
            while (left > 0) {
                left -= 1;
                if (!stream.write(BLOCK)) {
                    return stream.once('drain', send);
                }
            }
            return stream.end();
        };
        send();
    } else {
        stream.respond(HELLO);
        stream.end('Hello, World!');
    }
});
server.listen(port, '127.0.0.1');
