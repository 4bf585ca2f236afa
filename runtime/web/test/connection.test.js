import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { closePolicy, reconnectDelay } from '../backoff.js';
import { secondsLeft, ServerClock } from '../clock.js';
import { clockText, retireWords } from '../retire.js';
import { Signaling } from '../signaling.js';
import { EventStreamParser } from '../sse.js';
import { tokenInFragment } from '../tokens.js';

describe('coming back', () => {
  test('the first attempt is at once, then doubled up to ten seconds', () => {
    const delays = [1, 2, 3, 4, 5, 9, 50].map((attempt) => reconnectDelay(attempt, () => 0));
    assert.deepEqual(delays, [0, 250, 500, 1000, 2000, 10_000, 10_000]);
  });

  test('chance takes off a quarter at most', () => {
    assert.equal(reconnectDelay(4, () => 0.999999), 750);
  });

  test('what was refused or is over stays closed', () => {
    assert.deepEqual([1000, 1001, 1006, 1008, 1012, 1013, 4001].map((code) => closePolicy(code).retry),
      [false, true, true, false, true, true, false]);
  });
});

describe('the server’s clock', () => {
  test('counts from the message’s at, whatever the local clock says', () => {
    let now = 1_000_000;
    const clock = new ServerClock(() => now);
    clock.learn('1970-01-01T00:10:00.000Z'); // 400 s behind us
    assert.equal(clock.localDeadline('1970-01-01T00:10:00.000Z', 30_000), 1_030_000);
    now += 60_000; // a message that was kept for a minute
    clock.learn('1970-01-01T00:10:00.000Z');
    assert.equal(clock.localDeadline('1970-01-01T00:10:00.000Z', 30_000), 1_030_000);
  });

  test('does without', () => {
    const clock = new ServerClock(() => 5);
    clock.learn('nonsense');
    assert.equal(clock.localDeadline('nonsense', 10), 15);
  });

  test('seconds left', () => assert.deepEqual([0, 1, 1000, 1001].map((ms) => secondsLeft(ms, 0)), [0, 1, 1, 2]));
});

describe('the question about retirement', () => {
  const question = { proposal: 'p', reason: 'idle', forced: false, deadline: 30_000 };

  test('counts down and goes', () => {
    assert.equal(retireWords(question, 0).countdown, '0:30');
    assert.match(retireWords(question, 0).text, /nobody was using it/);
    assert.equal(retireWords(question, 30_000), null);
    assert.equal(retireWords(null, 0), null);
  });

  test('a forced one cannot be kept, and stays', () => {
    const forced = { ...question, forced: true };
    assert.equal(retireWords(forced, 0).canKeep, false);
    assert.equal(retireWords(forced, 99_000).countdown, '');
  });

  test('minutes', () => assert.deepEqual([5, 65, 725].map(clockText), ['0:05', '1:05', '12:05']));
});

describe('server-sent events', () => {
  test('arrive in pieces', () => {
    const parser = new EventStreamParser();
    const events = [...'id: 7\nevent: session.state\ndata: {"a":\ndata: 1}\n\n: hello\n\ndata: x\r\n\r\n'].flatMap((c) => parser.push(c));
    assert.deepEqual(events, [{ id: '7', kind: 'session.state', data: '{"a":\n1}' }, { id: '7', kind: 'message', data: 'x' }]);
  });

  test('a line without end is refused', () => {
    assert.throws(() => new EventStreamParser().push('x'.repeat((1 << 20) + 1)), /too long/);
  });
});

test('the token in an address', () => {
  assert.equal(tokenInFragment('#token=abc'), 'abc');
  assert.equal(tokenInFragment('#a=1&token=abc'), 'abc');
  assert.equal(tokenInFragment('#token='), null);
  assert.equal(tokenInFragment(''), null);
});

/** A WebSocket that the test moves by hand. */
class FakeSocket extends EventTarget {
  static OPEN = 1;
  static made = [];

  constructor() {
    super();
    this.readyState = 0;
    this.sent = [];
    FakeSocket.made.push(this);
  }

  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; }
  opens() { this.readyState = 1; this.dispatchEvent(new Event('open')); }
  says(message) { this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) })); }
  closes(code) { this.readyState = 3; this.dispatchEvent(Object.assign(new Event('close'), { code })); }
}

describe('signaling', () => {
  function connected(t, position = null) {
    globalThis.WebSocket = FakeSocket;
    FakeSocket.made = [];
    const closed = [];
    const heard = [];
    const signaling = new Signaling({ address: 'ws://x', session: 's', token: 't', role: 'host', position, random: () => 0,
      callbacks: { onConnecting() {}, onOpen() {}, onMessage: (m) => heard.push(m), onClosed: (c) => closed.push(c) } });
    t.after(() => { signaling.close(); delete globalThis.WebSocket; });
    signaling.open();
    FakeSocket.made[0].opens();
    return { signaling, socket: FakeSocket.made[0], closed, heard };
  }

  test('says hello first', (t) => {
    const { socket } = connected(t);
    assert.deepEqual(socket.sent, [{ type: 'hello', session: 's', token: 't', role: 'host' }]);
  });

  test('resumes where it was', (t) => {
    const { signaling, socket, closed } = connected(t);
    socket.says({ type: 'welcome', seq: 1, resume: 'R', resumed: false });
    socket.says({ type: 'state', seq: 2 });
    socket.closes(1006);
    assert.notEqual(closed[0].retryAt, null);
    signaling.open();
    FakeSocket.made[1].opens();
    assert.deepEqual(FakeSocket.made[1].sent[0], { type: 'hello', session: 's', token: 't', role: 'host', resume: 'R', lastSeq: 2 });
  });

  test('a reloaded page resumes from what its tab kept', (t) => {
    const { socket } = connected(t, { resume: 'K', lastSeq: 9 });
    assert.equal(socket.sent[0].resume, 'K');
    assert.equal(socket.sent[0].lastSeq, 9);
  });

  test('stays closed once the session has ended, or another tab took over', (t) => {
    const { socket, closed } = connected(t);
    socket.says({ type: 'ended', seq: 1 });
    socket.closes(1006);
    assert.deepEqual(closed, [{ code: 1006, retryAt: null }]);
    const other = connected(t);
    other.socket.closes(4001);
    assert.deepEqual(other.closed, [{ code: 4001, retryAt: null }]);
  });

  test('what is no message is passed over', (t) => {
    const { socket, heard } = connected(t);
    socket.dispatchEvent(Object.assign(new Event('message'), { data: '{' }));
    socket.says(null);
    socket.says(7);
    assert.deepEqual(heard, []);
  });

  test('an old socket has no say any more', (t) => {
    const { signaling, socket, closed, heard } = connected(t);
    signaling.open();
    socket.says({ type: 'state' });
    socket.closes(1006);
    assert.deepEqual([closed, heard], [[], []]);
  });
});
