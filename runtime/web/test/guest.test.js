import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { Channels, parseGuestMessage } from '../channels.js';
import { Cursor, cursorValue } from '../cursor.js';

const png24 = pngHeader(24, 24);

function pngHeader(width, height) {
  const bytes = Buffer.alloc(40);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).copy(bytes);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes.toString('base64');
}

class FakeChannel extends EventTarget {
  constructor(label) {
    super();
    Object.assign(this, { label, readyState: 'open', bufferedAmount: 0, sent: [] });
  }

  send(text) { this.sent.push(JSON.parse(text)); }
  says(data) { this.dispatchEvent(Object.assign(new Event('message'), { data })); }
}

function connected() {
  const heard = [];
  const lost = [];
  const channels = new Channels({ onReady() {}, onUndelivered: () => lost.push(true), handlers: { cursor: (m) => heard.push(m) } });
  const [input, pointer] = [new FakeChannel('input'), new FakeChannel('pointer')];
  channels.add(3, input);
  channels.add(3, pointer);
  return { channels, input, pointer, heard, lost };
}

describe('channels', () => {
  test('moves go by the pointer’s, everything else by the input’s, and n rises over both', () => {
    const { channels, input, pointer } = connected();
    channels.move({ x: 1, y: 2 });
    channels.button(1, true, { x: 1, y: 2 });
    channels.move({ x: 3, y: 4 });
    channels.key(0x61, true);
    assert.deepEqual(pointer.sent, [{ type: 'move', x: 1, y: 2, n: 1 }, { type: 'move', x: 3, y: 4, n: 3 }]);
    assert.deepEqual(input.sent, [{ type: 'button', button: 1, down: true, x: 1, y: 2, n: 2 }, { type: 'key', keysym: 0x61, down: true }]);
  });

  test('a new epoch’s channels take over, an old one’s do not come back', () => {
    const { channels, input } = connected();
    const next = new FakeChannel('input');
    channels.add(4, next);
    channels.add(3, input);
    channels.key(1, true);
    assert.deepEqual([input.sent.length, next.sent.length], [0, 1]);
  });

  test('a channel of another name is none of ours', () => {
    const { channels, input } = connected();
    const other = new FakeChannel('files');
    channels.add(9, other);
    channels.key(1, true);
    assert.deepEqual([input.sent.length, other.sent.length], [1, 0]);
  });

  test('long text goes in pieces, without splitting a character', () => {
    const { channels, input } = connected();
    channels.text('😀'.repeat(5000));
    assert.deepEqual(input.sent.map((message) => [...message.text].length), [4000, 1000]);
    assert.equal(input.sent.map((message) => message.text).join(''), '😀'.repeat(5000));
    assert.ok(input.sent.every((message) => Buffer.byteLength(JSON.stringify(message)) <= 16 * 1024));
  });

  test('a clipboard that the guest would refuse is not sent', () => {
    const { channels, input } = connected();
    assert.equal(channels.clipboard('é'.repeat(40_000)), 'too-large');
    assert.equal(channels.clipboard('short'), null);
    assert.equal(input.sent.length, 1);
  });

  test('nothing goes into a closed channel without a word', () => {
    const { channels, input, lost } = connected();
    input.readyState = 'closed';
    channels.key(1, true);
    assert.equal(lost.length, 1);
    assert.deepEqual([channels.ready, channels.takesInput], [false, false]);
  });

  test('a guest’s nonsense is passed over', () => {
    const { input, heard } = connected();
    for (const data of ['', '{', '[]', 'null', '7', '{"type":7}', '{"type":"toString"}', 'x'.repeat(200_000), new ArrayBuffer(4)]) input.says(data);
    input.says('{"type":"cursor","hidden":true}');
    assert.deepEqual(heard, [{ type: 'cursor', hidden: true }]);
    assert.equal(parseGuestMessage('{"type":"a"}').type, 'a');
  });
});

describe('cursor', () => {
  const shape = { id: 7, hotX: 3, hotY: 4, width: 24, height: 24, png: png24 };

  test('a shape becomes a CSS cursor', () => {
    assert.equal(cursorValue(shape), `url("data:image/png;base64,${png24}") 3 4, default`);
  });

  const wrong = [
    ['another size than it says', { width: 25 }], ['a hot spot beside it', { hotX: 24 }], ['too large', { width: 200, png: pngHeader(200, 24) }],
    ['no PNG', { png: Buffer.alloc(40).toString('base64') }], ['no base64', { png: `${png24}"),url(x` }], ['no text', { png: 7 }],
    ['cut short', { png: png24.slice(0, 16) }], ['a fraction', { hotY: 0.5 }], ['too much', { png: png24 + 'A'.repeat(70_000) }],
  ];
  for (const [name, change] of wrong) test(`refuses ${name}`, () => assert.equal(cursorValue({ ...shape, ...change }), null));

  test('shapes are remembered by their ids', () => {
    const applied = [];
    const cursor = new Cursor((value) => applied.push(value));
    cursor.take(shape);
    cursor.take({ hidden: true });
    cursor.take({ id: 7 });
    cursor.take({ id: 8 });
    assert.deepEqual(applied, [cursorValue(shape), 'none', cursorValue(shape), 'default']);
  });

  test('the oldest shape is forgotten at last', () => {
    const applied = [];
    const cursor = new Cursor((value) => applied.push(value));
    for (let id = 0; id < 65; id += 1) cursor.take({ ...shape, id });
    cursor.take({ id: 0 });
    assert.equal(applied.at(-1), 'default');
  });
});
