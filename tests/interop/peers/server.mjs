// Node's http2 server for the client handle: `node server.mjs [MAX_CONCURRENT_STREAMS]`.
//
// Listens on a free port of the loopback interface, cleartext, and prints "listening on PORT".

import http2 from 'node:http2';

const maxConcurrentStreams = Number(process.argv[2] ?? 100);
// Node counts what a session buffers, bodies included, and refuses its own streams beyond 10 MB.
const server = http2.createServer({ settings: { maxConcurrentStreams }, maxSessionMemory: 100 });

function pattern(length) {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251));
}

function route(stream, headers) {
  const [, name, argument] = headers[':path'].split('/');
  switch (name) {
    case '':
      stream.respond({ ':status': 200, 'content-type': 'text/plain' });
      return stream.end('Hello from Node.\n');
    case 'echo': {
      if (headers.expect === '100-continue') stream.additionalHeaders({ ':status': 100 });
      let trailers = {};
      stream.on('trailers', (fields) => (trailers = fields));
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      // No trailers are an end like any other; close() would be a reset.
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      return stream.pipe(stream);
    }
    case 'bytes':
      stream.respond({ ':status': 200, 'content-length': argument }, { endStream: stream.headRequest });
      return stream.headRequest ? undefined : stream.end(pattern(Number(argument)));
    case 'headers': {
      const fields = { ':status': 200 };
      for (let left = Number(argument), i = 0; left > 0; i++) {
        fields[`x-fill-${i}`] = 'v'.repeat(Math.min(left, 4000));
        left -= 4000;
      }
      stream.respond(fields);
      return stream.end();
    }
    case 'trailers':
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
      return stream.end('before the trailers\n');
    case 'hints':
      stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
      stream.respond({ ':status': 200 });
      return stream.end();
    case 'reset':
      return stream.close(Number(argument));
    case 'wait':
      return setTimeout(() => {
        stream.respond({ ':status': 200 });
        stream.end();
      }, Number(argument));
    case 'goaway':
      // Graceful: streams that are open go on, then the session ends.
      stream.respond({ ':status': 200 });
      stream.end();
      return stream.session.close();
    default:
      stream.respond({ ':status': 404 }, { endStream: true });
  }
}

server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  route(stream, headers);
});
server.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
// The test that started this process ends it by closing its standard input.
process.stdin.on('end', () => process.exit(0)).resume();
