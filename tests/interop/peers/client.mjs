// Node's http2 client against `hello_server`: `node client.mjs URL [PID]`.
//
// Runs every case of the matrix on one connection and prints a line for each; exits 1 when one
// failed. With the process id of the server it ends with a graceful shutdown of it.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http2 from 'node:http2';

const [url, pid] = process.argv.slice(2);
// Node counts what a session buffers, bodies included, and refuses its own streams beyond 10 MB.
const session = http2.connect(url, { rejectUnauthorized: false, maxSessionMemory: 100 });
session.on('error', (error) => console.log(`session: ${error}`));

// Resolves with everything that came back; rejects when the stream was reset.
function call(headers, body, trailers) {
  return new Promise((resolve, reject) => {
    const withBody = body !== undefined || trailers !== undefined;
    const stream = session.request(headers, { endStream: !withBody, waitForTrailers: !!trailers });
    const answer = { hints: [], chunks: [], trailers: undefined };
    stream.on('headers', (interim) => answer.hints.push(interim));
    stream.on('response', (head) => (answer.head = head));
    stream.on('data', (chunk) => answer.chunks.push(chunk));
    stream.on('trailers', (fields) => (answer.trailers = fields));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('error', reject);
    stream.on('close', () => {
      answer.body = Buffer.concat(answer.chunks);
      resolve(answer);
    });
    if (withBody) stream.end(body);
  });
}

function pattern(length) {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251));
}

const cases = {
  async get() {
    const { head, body } = await call({ ':path': '/' });
    assert.equal(head[':status'], 200);
    assert.ok(body.length > 0);
  },
  async 'not found'() {
    assert.equal((await call({ ':path': '/nowhere' })).head[':status'], 404);
  },
  async head() {
    const { head, body } = await call({ ':method': 'HEAD', ':path': '/bytes/1000' });
    assert.equal(head[':status'], 200);
    assert.equal(head['content-length'], '1000');
    assert.equal(body.length, 0);
  },
  async 'bytes'() {
    const { body } = await call({ ':path': '/bytes/100000' });
    assert.ok(body.equals(pattern(100000)));
  },
  async echo() {
    for (const size of [0, 1, 65_535, 65_536, 10 << 20]) {
      const sent = crypto.randomBytes(size);
      const { head, body } = await call({ ':method': 'POST', ':path': '/echo' }, sent);
      assert.equal(head[':status'], 200);
      assert.ok(body.equals(sent), `echo of ${size}`);
    }
  },
  async 'echo of trailers'() {
    const { trailers } = await call({ ':method': 'POST', ':path': '/echo' }, 'x', { 'x-sum': '7' });
    assert.equal(trailers['x-sum'], '7');
  },
  async trailers() {
    const { trailers } = await call({ ':path': '/trailers' });
    assert.ok(Object.keys(trailers).length > 0);
  },
  async '100 at once'() {
    const all = Array.from({ length: 100 }, (_, i) => call({ ':path': `/bytes/${i * 1000}` }));
    (await Promise.all(all)).forEach(({ body }, i) => assert.ok(body.equals(pattern(i * 1000))));
  },
  async '60 KiB of headers both ways'() {
    const many = { ':path': '/' };
    for (let i = 0; i < 15; i++) many[`x-fill-${i}`] = 'v'.repeat(4000);
    assert.equal((await call(many)).head[':status'], 200);
    const { head } = await call({ ':path': '/headers/61440' });
    const size = Object.entries(head).reduce((sum, [name, value]) => sum + name.length + String(value).length, 0);
    assert.ok(size >= 61440, `${size} bytes of headers`);
  },
  async 'early hints'() {
    const { hints, head } = await call({ ':path': '/hints' });
    assert.equal(hints[0][':status'], 103);
    assert.equal(head[':status'], 200);
  },
  async 'expect 100-continue'() {
    const sent = pattern(200_000);
    const body = await new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', ':path': '/echo', expect: '100-continue' });
      const chunks = [];
      // The body leaves only when the server has said that it wants it.
      stream.on('continue', () => stream.end(sent));
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('close', () => resolve(Buffer.concat(chunks)));
    });
    assert.ok(body.equals(sent));
  },
  async 'cancel by the client'() {
    await new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/bytes/1000000000' });
      stream.once('data', () => stream.close(http2.constants.NGHTTP2_CANCEL));
      stream.on('error', reject);
      stream.on('close', resolve);
    });
    assert.equal((await call({ ':path': '/' })).head[':status'], 200);
  },
  async 'cancel by the server'() {
    await assert.rejects(call({ ':path': '/reset/2' }), /INTERNAL_ERROR/);
    assert.equal((await call({ ':path': '/' })).head[':status'], 200);
  },
  async ping() {
    await new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  },
};

// 100 requests are under way when the server is told to stop; every one is answered.
async function drain() {
  const waiting = Array.from({ length: 100 }, () => call({ ':path': '/wait/300' }));
  await call({ ':path': '/' });
  const goaway = new Promise((resolve) => session.on('goaway', resolve));
  const closed = new Promise((resolve) => session.on('close', resolve));
  process.kill(Number(pid), 'SIGINT');
  for (const { head } of await Promise.all(waiting)) assert.equal(head[':status'], 200);
  assert.equal(await goaway, http2.constants.NGHTTP2_NO_ERROR);
  await closed;
}

if (pid) cases['graceful shutdown with 100 requests under way'] = drain;
let failed = 0;
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error.stack}`);
  }
}
session.destroy();
process.exit(failed ? 1 : 0);
