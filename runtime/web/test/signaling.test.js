import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Signaling } from '../signaling.js';
import { fakeTimers } from './fake_timers.js';

describe('a socket that is asked whether it lives', () => {
  function connected(t) {
    class FakeSocket extends EventTarget {
      static OPEN = 1;
      static made = [];
      readyState = 1;
      sent = [];
      constructor() { super(); FakeSocket.made.push(this); }
      send(text) { this.sent.push(JSON.parse(text)); }
      close() { this.readyState = 3; }
      says(message) { this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) })); }
    }
    globalThis.WebSocket = FakeSocket;
    const tick = fakeTimers(t);
    const signaling = new Signaling({ address: 'ws://x', session: 's', token: 't', role: 'host', random: () => 0,
      callbacks: { onConnecting() {}, onOpen() {}, onMessage() {}, onClosed() {} } });
    t.after(() => { signaling.close(); delete globalThis.WebSocket; });
    signaling.open();
    FakeSocket.made[0].says({ type: 'welcome', seq: 1, resume: 'R' });
    return { signaling, made: FakeSocket.made, tick };
  }

  test('is kept where it answers', (t) => {
    const { signaling, made, tick } = connected(t);
    signaling.probe();
    assert.equal(made[0].sent.at(-1).type, 'ping');
    made[0].says({ type: 'pong', nonce: made[0].sent.at(-1).nonce });
    tick(2000);
    assert.equal(made.length, 1);
  });

  test('is given the time that its answers take', (t) => {
    const { signaling, made, tick } = connected(t);
    let now = 1000;
    t.mock.method(Date, 'now', () => now);
    signaling.probe();
    now += 300;
    made[0].says({ type: 'pong', nonce: made[0].sent.at(-1).nonce });
    signaling.probe();
    tick(899);
    assert.equal(made.length, 1);
    tick(1);
    assert.equal(made.length, 2);
  });

  test('is replaced where it is not welcome in time, later each time', (t) => {
    const { signaling, made, tick } = connected(t);
    signaling.open();
    tick(1500); // the next attempt follows at once, or after the pause of backoff.js
    tick(500);
    assert.equal(made.length, 3);
    tick(2000);
    assert.equal(made.length, 3);
    made[2].says({ type: 'welcome', seq: 1, resume: 'R' });
    made[2].says({ type: 'pong', nonce: made[2].sent.at(-1).nonce });
    tick(5000);
    assert.equal(made.length, 3);
  });

  test('has long to be welcome where there is nothing to resume', (t) => {
    const { signaling, made, tick } = connected(t);
    signaling.resume = null;
    signaling.open();
    tick(9000);
    assert.equal(made.length, 2);
    tick(1000);
    tick(500);
    assert.equal(made.length, 3);
  });

  test('is replaced, once, where it does not', (t) => {
    const { signaling, made, tick } = connected(t);
    let unanswered = 0;
    signaling.callbacks.onUnanswered = () => { unanswered += 1; };
    signaling.probe();
    signaling.probe();
    tick(1500); // the new socket, too, is given up, but later
    assert.equal(made.length, 2);
    assert.equal(unanswered, 1);
  });
});
