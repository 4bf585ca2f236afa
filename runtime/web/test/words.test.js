import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { preview } from '../clipboard.js';
import { summary } from '../sessions.js';
import { addressOf } from '../wish.js';
import { byText, closeText, durationText, errorText, figureFacts, reasonText, refusedText, stageText, viewerName } from '../words.js';

test('every stage and reason has words, unknown ones are shown as they are', () => {
  for (const stage of ['allocated', 'spawned', 'kernel', 'userland', 'linked', 'configured', 'display', 'stream', 'ready', 'first-viewer', 'first-frame'])
    assert.notEqual(stageText(stage), stage);
  for (const reason of ['idle', 'max-age', 'requested', 'failed', 'superseded', 'disk-pressure', 'orphan', 'shutdown'])
    assert.notEqual(reasonText(reason), reason);
  assert.equal(stageText('toString'), 'toString');
  assert.equal(reasonText('later'), 'later');
});

test('who did it', () => {
  assert.equal(byText('viewer:7', '7'), 'you');
  assert.equal(byText('viewer:7', '8'), 'a viewer');
  assert.equal(byText('reaper'), 'the clean-up');
  assert.equal(byText(undefined), 'the server');
});

test('durations', () => {
  const cases = [[-4, '0 ms'], [850, '850 ms'], [2_440, '2.4 s'], [59_400, '59 s'], [60_000, '1 min'], [200_000, '3 min 20 s'],
    [3_600_000, '1 h'], [7_500_000, '2 h 5 min']];
  for (const [ms, text] of cases) assert.equal(durationText(ms), text);
});

test('errors name the field once and end in a full stop', () => {
  assert.equal(errorText({ message: 'must be http or https', field: 'url' }), 'url: must be http or https.');
  assert.equal(errorText({ message: 'url must be http or https.', field: 'url' }), 'url must be http or https.');
  assert.equal(errorText({ message: 'Too many sessions', retryAfterMs: 1500 }), 'Too many sessions. Try again in 1.5 s.');
  assert.equal(errorText({}), 'Something went wrong.');
});

test('closings and refusals', () => {
  for (const code of [1000, 1006, 1008, 1012, 1013, 4001]) assert.match(closeText(code), /\.$/);
  assert.match(refusedText('not-in-control'), /control/);
  assert.match(refusedText('something-new'), /something-new/);
});

test('a viewer has the same name everywhere', () => {
  assert.equal(viewerName('0b7f'), viewerName('0b7f'));
  assert.match(viewerName(''), /^[A-Z]/);
});

describe('addresses as people type them', () => {
  const cases = [['', null], ['  ', null], ['example.org', 'https://example.org'], ['example.org:8080/x', 'https://example.org:8080/x'],
    ['localhost:3000', 'http://localhost:3000'], ['127.0.0.1', 'http://127.0.0.1'], ['localhost.example', 'https://localhost.example'],
    ['http://a b', 'http://a b'], ['data:text/html,<b>x', 'data:text/html,<b>x'], ['about:blank', 'about:blank'], ['file:/etc/passwd', 'file:/etc/passwd']];
  for (const [typed, url] of cases) test(`“${typed}”`, () => assert.equal(addressOf(typed), url));
});

test('a session in one line', () => {
  const session = { id: '12345678-aaaa', state: 'starting', stage: 'display', createdAt: '2026-01-01T00:00:00Z', viewers: [{}] };
  assert.equal(summary(session, (date) => `${date.getTime()}`), 'starting: display ready · since 1767225600000 · 1 viewer · 12345678');
});

test('the clipboard’s preview is one short line', () => {
  assert.equal(preview(' a\n b '), 'a b');
  assert.equal(preview('x'.repeat(100)).length, 61);
});

test('figures of streams and of the warm pool are facts', () => {
  assert.deepEqual(figureFacts({}), {});
  assert.deepEqual(figureFacts({ framesPerSecond: 30, bitsPerSecond: 2_100_000, encodeP50Ms: 3.1, encodeP99Ms: 9, roundTripMs: 1.5 }),
    { 'frames a second': 30, bitrate: '2.10 Mbit/s', encoding: '3.1 ms a frame, 99 % within 9 ms', 'round trip': '1.5 ms' });
  assert.deepEqual(figureFacts({ targetBitsPerSecond: 4_400_000, lossPercent: 0 }), { 'network bears': '4.4 Mbit/s' });
  assert.deepEqual(figureFacts({ targetBitsPerSecond: 4_400_000, lossPercent: 2.5 }), { 'network bears': '4.4 Mbit/s, 2.5 % lost' });
  assert.deepEqual(figureFacts({ poolWanted: 3, poolReady: 2, poolStarting: 1 }), { 'warm guests': '2 of 3, 1 starting' });
});
