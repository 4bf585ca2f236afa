import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import special from '../../../node_modules/@novnc/novnc/core/input/domkeytable.js';
import fixed from '../../../node_modules/@novnc/novnc/core/input/fixedkeys.js';
import characters from '../../../node_modules/@novnc/novnc/core/input/keysymdef.js';
import { Keyboard, keysymOf, platformOf } from '../keyboard.js';

const tables = { special, fixed, characters };

function key(name, code = '', more = {}) {
  return { key: name, code, location: 0, timeStamp: 0, ...more };
}

function recorded(platform) {
  const sent = [];
  const keyboard = new Keyboard({ tables, platform, send: (keysym, down) => sent.push([keysym, down]) });
  return { keyboard, sent };
}

describe('keysymOf', () => {
  const cases = [
    ['a letter', key('a', 'KeyA'), 0x61],
    ['a capital', key('A', 'KeyA'), 0x41],
    ['Enter', key('Enter', 'Enter'), 0xff0d],
    ['Enter on the number pad', key('Enter', 'NumpadEnter', { location: 3 }), 0xff8d],
    ['the right shift', key('Shift', 'ShiftRight', { location: 2 }), 0xffe2],
    ['a function key', key('F5', 'F5'), 0xffc2],
    ['Latin-1', key('ü', 'BracketLeft'), 0xfc],
    ['the euro sign', key('€', 'KeyE'), 0x20ac],
    ['Cyrillic', key('ж', 'Semicolon'), 0x6d6],
    ['a character beyond the base plane', key('😀'), 0x0101f600],
    ['an unnamed key with a known place', key('Unidentified', 'Backspace'), 0xff08],
  ];
  for (const [name, event, keysym] of cases)
    test(name, () => assert.equal(keysymOf(event, tables), keysym));

  test('dead keys and composition name none', () => {
    assert.equal(keysymOf(key('Dead', 'Quote'), tables), null);
    assert.equal(keysymOf(key('Process', 'KeyA'), tables), null);
    assert.equal(keysymOf(key('', ''), tables), null);
  });

  test('no name of an object’s own kind is a key', () => {
    assert.equal(keysymOf(key('constructor'), tables), null);
  });

  test('command on a Mac is control, option composes', () => {
    assert.equal(keysymOf(key('Meta', 'MetaLeft', { location: 1 }), tables, 'mac'), 0xffe3);
    assert.equal(keysymOf(key('Alt', 'AltLeft', { location: 1 }), tables, 'mac'), 0xfe03);
  });
});

describe('Keyboard', () => {
  test('a release names the keysym of its press, whatever shift does meanwhile', () => {
    const { keyboard, sent } = recorded('other');
    keyboard.press(key('A', 'KeyA'));
    keyboard.release(key('a', 'KeyA'));
    assert.deepEqual(sent, [[0x41, true], [0x41, false]]);
  });

  test('repeats are presses without releases', () => {
    const { keyboard, sent } = recorded('other');
    keyboard.press(key('x', 'KeyX'));
    keyboard.press(key('x', 'KeyX', { repeat: true }));
    keyboard.release(key('x', 'KeyX'));
    assert.deepEqual(sent, [[0x78, true], [0x78, true], [0x78, false]]);
  });

  test('a release without a press says nothing', () => {
    const { keyboard, sent } = recorded('other');
    assert.equal(keyboard.release(key('x', 'KeyX')), false);
    assert.deepEqual(sent, []);
  });

  test('what is composed is left to the browser', () => {
    const { keyboard, sent } = recorded('other');
    assert.equal(keyboard.press(key('k', 'KeyK', { isComposing: true })), false);
    assert.equal(keyboard.press(key('Process', 'KeyK', { keyCode: 229 })), false);
    assert.equal(keyboard.press(key('Dead', 'Quote')), false);
    assert.deepEqual(sent, []);
  });

  test('a key without a place is pressed and released by its name', () => {
    const { keyboard, sent } = recorded('other');
    keyboard.press(key('q'));
    keyboard.release(key('q'));
    assert.deepEqual(sent, [[0x71, true], [0x71, false]]);
  });

  test('on Windows a control directly before the right Alt is AltGr', () => {
    const { keyboard, sent } = recorded('windows');
    keyboard.press(key('Control', 'ControlLeft', { location: 1, timeStamp: 100 }));
    keyboard.press(key('Alt', 'AltRight', { location: 2, timeStamp: 101 }));
    assert.deepEqual(sent, [[0xfe03, true]]);
  });

  test('on Windows a control before anything else is sent before it', () => {
    const { keyboard, sent } = recorded('windows');
    keyboard.press(key('Control', 'ControlLeft', { location: 1, timeStamp: 100 }));
    keyboard.press(key('c', 'KeyC', { timeStamp: 101 }));
    assert.deepEqual(sent, [[0xffe3, true], [0x63, true]]);
  });

  test('on Windows a held control goes out when something asks for it', () => {
    const { keyboard, sent } = recorded('windows');
    keyboard.press(key('Control', 'ControlLeft', { location: 1 }));
    keyboard.settle();
    keyboard.settle();
    keyboard.release(key('Control', 'ControlLeft', { location: 1 }));
    assert.deepEqual(sent, [[0xffe3, true], [0xffe3, false]]);
  });

  test('on Windows one release lets both shifts go', () => {
    const { keyboard, sent } = recorded('windows');
    keyboard.press(key('Shift', 'ShiftLeft', { location: 1 }));
    keyboard.press(key('Shift', 'ShiftRight', { location: 2 }));
    keyboard.release(key('Shift', 'ShiftRight', { location: 2 }));
    assert.deepEqual(sent.filter(([, down]) => !down), [[0xffe2, false], [0xffe1, false]]);
  });

  test('on a Mac a key under command is let go at once, as is caps lock', () => {
    const { keyboard, sent } = recorded('mac');
    keyboard.press(key('c', 'KeyC', { metaKey: true }));
    keyboard.press(key('CapsLock', 'CapsLock'));
    assert.deepEqual(sent, [[0x63, true], [0x63, false], [0xffe5, true], [0xffe5, false]]);
  });

  test('forgotten keys are not released again', () => {
    const { keyboard, sent } = recorded('other');
    keyboard.press(key('a', 'KeyA'));
    keyboard.forget();
    keyboard.release(key('a', 'KeyA'));
    assert.deepEqual(sent, [[0x61, true]]);
  });

  test('a tap is a press and a release', () => {
    const { keyboard, sent } = recorded('other');
    keyboard.tap('Backspace');
    assert.deepEqual(sent, [[0xff08, true], [0xff08, false]]);
  });
});

test('platforms by the name the browser gives', () => {
  assert.equal(platformOf('MacIntel'), 'mac');
  assert.equal(platformOf('iPhone'), 'mac');
  assert.equal(platformOf('Win32'), 'windows');
  assert.equal(platformOf('Linux x86_64'), 'other');
});
