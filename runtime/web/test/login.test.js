import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { addressParts, loginWords } from '../login.js';
import { emptyView, reduce } from '../view.js';

const now = Date.parse('2026-01-01T00:00:00.000Z');
const cause = { kind: 'exit-code', message: 'demo exited with 3.', remedy: 'Look at its lines.' };

describe('the address to check', () => {
  const cases = [
    ['https://id.example/auth?a=1', ['https://', 'id.example', '/auth?a=1']],
    ['http://127.0.0.1:3000/x', ['http://', '127.0.0.1:3000', '/x']],
    ['https://id.example', ['https://', 'id.example', '']],
    ['https://id.example#f', ['https://', 'id.example', '#f']],
    // What stands before an @ is not where it leads.
    ['https://bank.example@evil.example/x', ['https://bank.example@', 'evil.example', '/x']],
    ['https://a.example/https://b.example/', ['https://', 'a.example', '/https://b.example/']],
  ];
  for (const [address, [before, host, after]] of cases)
    test(address, () => assert.deepEqual(addressParts(address), { before, host, after }));

  test('what is none has no host', () => {
    for (const text of [null, undefined, '', 'javascript:alert(1)', 'https://', 'ftp://a/'])
      assert.equal(addressParts(text), null);
  });
});

describe('the log-in in words', () => {
  test('without one nothing is said', () => {
    assert.equal(loginWords(null, now, true), null);
    assert.equal(loginWords({ state: 'unheard-of' }, now, true), null);
  });

  test('who is awaited sees the address, and may cancel', () => {
    const words = loginWords({ state: 'awaiting-user', url: 'https://id.example/a' }, now, true);
    assert.equal(words.address.host, 'id.example');
    assert.equal(words.canCancel, true);
    assert.equal(words.canRetry, false);
  });

  test('who only watches can do nothing', () => {
    assert.equal(loginWords({ state: 'starting' }, now, false).canCancel, false);
    assert.equal(loginWords({ state: 'failed', cause }, now, false).canRetry, false);
  });

  test('a failure tells its cause, and can be tried again', () => {
    for (const state of ['failed', 'timed-out', 'cancelled']) {
      const words = loginWords({ state, cause, url: 'https://id.example/' }, now, true);
      assert.equal(words.detail, cause.message);
      assert.equal(words.remedy, cause.remedy);
      assert.equal(words.canRetry, true);
      assert.equal(words.address, null);
    }
  });

  test('the credential waits, then is handed over', () => {
    const waiting = { state: 'completed', capturedAt: '2026-01-01T00:00:00.000Z',
      keepsUntil: '2026-01-01T00:10:00.000Z' };
    const words = loginWords(waiting, now, true);
    assert.match(words.detail, /waits/);
    assert.match(words.remedy, /10 min/);
    assert.equal(words.canRetry, false);
    const handed = loginWords({ ...waiting, keepsUntil: undefined, handedOverAt: '2026-01-01T00:01:02.000Z' }, now, true);
    assert.match(handed.detail, /handed over/);
    assert.equal(handed.remedy, '');
  });

  test('a message is what the view holds', () => {
    const message = { type: 'login', seq: 3, at: '2026-01-01T00:00:00.000Z', state: 'starting', provider: 'demo' };
    assert.equal(reduce(emptyView(), { type: 'message', message, deadline: () => 0 }).login.state, 'starting');
  });
});
