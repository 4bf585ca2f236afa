import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Files, isFileName } from '../files.js';
import { bytesText, fileText } from '../words.js';

// The guest's end of the channel: notes what it gets, and says what the test has it say.
class FakeChannel extends EventTarget {
  constructor() {
    super();
    Object.assign(this, { label: 'files', readyState: 'open', bufferedAmount: 0, said: [], pieces: [] });
  }

  send(data) {
    if (this.readyState !== 'open') throw new DOMException('', 'InvalidStateError');
    if (typeof data === 'string') this.said.push(JSON.parse(data));
    else this.pieces.push(Buffer.from(data));
  }

  says(message) { this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) })); }
  sends(id, text) {
    const bytes = new Uint8Array(4 + text.length);
    new DataView(bytes.buffer).setUint32(0, id);
    bytes.set(Buffer.from(text), 4);
    this.dispatchEvent(Object.assign(new Event('message'), { data: bytes.buffer }));
  }

  close() {
    this.readyState = 'closed';
    this.dispatchEvent(new Event('close'));
  }
}

function connected() {
  const saved = [];
  const files = new Files({ onChange() {}, save: (name, blob) => saved.push([name, blob]) });
  const channel = new FakeChannel();
  files.attach(channel);
  return { files, channel, saved };
}

/** Until all that needs nothing but its turn is done. */
const settled = async () => { for (let i = 0; i < 1000; ++i) await null; };

/** A file whose blocks are there at once. */
function fileOf(name, size) {
  const bytes = new Uint8Array(size).fill(7);
  return { name, size, slice: (from, to) => ({ arrayBuffer: async () => bytes.slice(from, to).buffer }) };
}

const state = (files) => files.transfers.map((each) => [each.name, each.state, each.reason]);

describe('sending files', () => {
  test('one after the other, in pieces that the guest takes', async () => {
    const { files, channel } = connected();
    files.upload([fileOf('a', 40_000), fileOf('b', 0)]);
    assert.deepEqual(channel.said.map((each) => [each.type, each.name, each.bytes]), [['upload', 'a', 40_000]]);
    const { id } = channel.said[0];
    assert.equal(channel.pieces.length, 0);
    channel.says({ type: 'accepted', id, name: 'a', bytes: 40_000 });
    await settled();
    assert.deepEqual(channel.pieces.map((each) => each.length), [16384, 16384, 7244]);
    assert.ok(channel.pieces.every((each) => each.readUInt32BE(0) === id));
    channel.says({ type: 'received', id, bytes: 40_000 });
    channel.says({ type: 'done', id, name: 'a (2)' });
    assert.deepEqual(state(files)[0], ['a (2)', 'done', null]);
    assert.equal(channel.said[1].name, 'b');
  });

  test('no further ahead than what the guest has written', async () => {
    const { files, channel } = connected();
    files.upload([fileOf('big', 2 << 20)]);
    const { id } = channel.said[0];
    channel.says({ type: 'accepted', id, bytes: 2 << 20 });
    await settled();
    const sent = () => channel.pieces.reduce((sum, each) => sum + each.length - 4, 0);
    assert.ok(sent() <= 512 * 1024 && sent() > 400 * 1024, String(sent()));
    channel.says({ type: 'received', id, bytes: 256 * 1024 });
    await settled();
    assert.ok(sent() <= 768 * 1024 && sent() > 650 * 1024, String(sent()));
  });

  test('and not while much waits in the channel', async () => {
    const { files, channel } = connected();
    channel.bufferedAmount = 1 << 20;
    files.upload([fileOf('a', 100)]);
    channel.says({ type: 'accepted', id: channel.said[0].id, bytes: 100 });
    await settled();
    assert.equal(channel.pieces.length, 0);
    channel.bufferedAmount = 0;
    channel.dispatchEvent(new Event('bufferedamountlow'));
    await settled();
    assert.equal(channel.pieces.length, 1);
  });

  test('a refusal ends one and lets the next begin', () => {
    const { files, channel } = connected();
    files.upload([fileOf('a', 1), fileOf('b', 1)]);
    channel.says({ type: 'refused', id: channel.said[0].id, reason: 'disk-full' });
    assert.deepEqual(state(files), [['a', 'failed', 'disk-full'], ['b', 'running', null]]);
  });

  test('what is larger than the guest takes is not begun', () => {
    const { files, channel } = connected();
    channel.says({ type: 'files', files: [], largest: 10 });
    files.upload([fileOf('a', 11)]);
    assert.deepEqual(state(files), [['a', 'failed', 'too-large']]);
    assert.equal(channel.said.length, 0);
  });

  test('cancelling tells the guest', () => {
    const { files, channel } = connected();
    files.upload([fileOf('a', 1), fileOf('b', 1)]);
    const [a, b] = files.transfers;
    files.cancel(b.id);
    files.cancel(a.id);
    assert.deepEqual(channel.said.at(-1), { type: 'cancel', id: a.id });
    assert.deepEqual(state(files), [['a', 'failed', 'cancelled'], ['b', 'failed', 'cancelled']]);
    files.clear();
    assert.deepEqual(files.transfers, []);
  });

  test('a lost peer’s uploads begin again with the next, under another number, but not for ever', async () => {
    const { files, channel } = connected();
    files.upload([fileOf('a', 100_000)]);
    channel.says({ type: 'accepted', id: channel.said[0].id, bytes: 100_000 });
    channel.close();
    assert.deepEqual(state(files), [['a', 'waiting', null]]);
    await settled();
    for (let tries = 1; tries < 3; tries += 1) {
      const next = new FakeChannel();
      files.attach(next);
      assert.equal(next.said[0].name, 'a');
      assert.notEqual(next.said[0].id, channel.said[0].id);
      next.close();
    }
    assert.deepEqual(state(files), [['a', 'failed', 'peer-lost']]);
  });
});

describe('fetching files', () => {
  test('a file that is listed is put together and saved', async () => {
    const { files, channel, saved } = connected();
    channel.says({ type: 'files', files: [{ name: 'b.txt', bytes: 7, at: '' }], largest: 100 });
    files.download('b.txt');
    const { id } = channel.said[0];
    assert.deepEqual(channel.said[0], { type: 'download', id, name: 'b.txt' });
    channel.says({ type: 'accepted', id, bytes: 7 });
    channel.sends(id, 'cont');
    channel.sends(id, 'ent');
    channel.says({ type: 'sent', id });
    assert.deepEqual(state(files), [['b.txt', 'done', null]]);
    assert.equal(saved[0][0], 'b.txt');
    assert.equal(await saved[0][1].text(), 'content');
  });

  test('a guest that sends more, or less, than it said is cut off', () => {
    for (const piece of ['toolong', 'x']) {
      const { files, channel, saved } = connected();
      files.download('b');
      const { id } = channel.said[0];
      channel.says({ type: 'accepted', id, bytes: 3 });
      channel.sends(id, piece);
      channel.says({ type: 'sent', id });
      assert.deepEqual(state(files), [['b', 'failed', 'bad-data']]);
      assert.deepEqual(saved, []);
    }
  });

  test('names that deceive are not listed', () => {
    const { files, channel } = connected();
    const names = ['ok.txt', '../x', '.bashrc', 'a\nb', 'gnp\u202eexe', '', 7, null, 'x'.repeat(300)];
    channel.says({ type: 'files', files: [...names.map((name) => ({ name, bytes: 1 })), null], largest: 1 });
    assert.deepEqual(files.listed.map((each) => each.name), ['ok.txt']);
    assert.equal(isFileName('Überblick.pdf'), true);
  });

  test('a guest’s nonsense is passed over', () => {
    const { files, channel } = connected();
    files.upload([fileOf('a', 1)]);
    for (const message of [{ type: 'files' }, { type: 'accepted', id: 99 }, { type: 'received', id: 1, bytes: 1e9 },
      { type: 'done' }, { type: 'sent', id: 1 }, { type: 'constructor' }]) channel.says(message);
    channel.sends(99, 'x');
    assert.deepEqual(state(files), [['a', 'running', null]]);
  });
});

test('transfers in words', () => {
  assert.equal(bytesText(512), '512 B');
  assert.equal(bytesText(1536), '1.5 KiB');
  assert.equal(bytesText(20 * 1024 * 1024), '20 MiB');
  assert.equal(fileText({ state: 'failed', reason: 'disk-full' }), 'The guest’s disk is full.');
  assert.equal(fileText({ state: 'failed', reason: 'odd' }), 'Failed: odd');
  assert.equal(fileText({ state: 'running', done: 1024, bytes: 2048 }), '1.0 KiB of 2.0 KiB');
});
