import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import special from '../../../node_modules/@novnc/novnc/core/input/domkeytable.js';
import fixed from '../../../node_modules/@novnc/novnc/core/input/fixedkeys.js';
import characters from '../../../node_modules/@novnc/novnc/core/input/keysymdef.js';
import { Typing } from '../typing.js';

// What browsers tell of keyboards of many layouts, and what the guest is told. A guest types the
// characters themselves (its tests: keyboard_layouts.test.cpp), so its own layout does not matter.

const tables = { special, fixed, characters };
const altGr = 0xfe03;

class FakeArea extends EventTarget {
  constructor() {
    super();
    this.value = '';
    this.inputMode = 'none';
  }

  setSelectionRange() {}
  focus() {}
}

/** A page in control that notes what it sends: `+a` and `-a` for keys by their character or keysym. */
function typist(platform = 'other') {
  const sent = [];
  const name = (keysym) => {
    if (keysym >= 0x01000000) return String.fromCodePoint(keysym - 0x01000000);
    const legacy = Object.entries(named).find(([, value]) => value === keysym);
    return legacy ? legacy[0] : keysym < 0x100 ? String.fromCodePoint(keysym) : `0x${keysym.toString(16)}`;
  };
  const channels = { key: (keysym, down) => { sent.push(`${down ? '+' : '-'}${name(keysym)}`); return true; },
    text: (text) => { sent.push(`text ${text}`); return true; },
    clipboard: () => true, releaseAll: () => { sent.push('release-all'); return true; } };
  const area = new FakeArea();
  const state = { allowed: true };
  const left = [];
  const typing = new Typing({ area, channels, allowed: () => state.allowed, tables, platform,
    callbacks: { onRefused: (reason) => sent.push(`refused ${reason}`), onLeave: () => left.push('left') } });
  const fire = (type, more = {}) => {
    const event = new Event(type, { cancelable: true });
    Object.assign(event, more);
    area.dispatchEvent(event);
    return event;
  };
  const key = (type, [keyName, code, more = {}]) => fire(type, { key: keyName, code, location: 0, keyCode: 65,
    ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, isComposing: false, repeat: false, ...more });
  return { area, sent, state, typing, left, fire, down: (...of) => key('keydown', of), up: (...of) => key('keyup', of),
    press(...of) { key('keydown', of); key('keyup', of); },
    compose(data, steps = 1) {
      fire('compositionstart');
      for (let step = 0; step < steps; step += 1) {
        key('keydown', ['Process', 'KeyA', { isComposing: true, keyCode: 229 }]);
        area.value += data.slice(0, step + 1);
        fire('input', { isComposing: true, inputType: 'insertCompositionText', data });
        key('keyup', ['Process', 'KeyA', { isComposing: true, keyCode: 229 }]);
      }
      area.value = `\u200b${data}`;
      fire('compositionend', { data });
    } };
}

// X's own numbers for what lies outside Latin-1, as the legacy sets have them.
const named = { AltGr: altGr, Shift: 0xffe1, Control: 0xffe3, '€': 0x20ac, œ: 0x13bd, ą: 0x1b1, ł: 0x1b3, ż: 0x1bf,
  ń: 0x1f1, й: 0x6ca, я: 0x6d1, Ж: 0x6f6, ё: 0x6a3, ğ: 0x2bb, ı: 0x2b9, ş: 0x1ba, λ: 0x7eb, ש: 0xcf9, ž: 0x1be,
  ů: 0x1f9, ア: 0x4b1 };

// layout, what is pressed, [key, code, modifiers], the character that arrives
const keys = [
  ['us', 'shift and 2', ['@', 'Digit2', { shiftKey: true }], '@'],
  ['us', 'a backslash', ['\\', 'Backslash'], '\\'],
  ['gb', 'shift and 2', ['"', 'Digit2', { shiftKey: true }], '"'],
  ['gb', 'the pound', ['£', 'Digit3', { shiftKey: true }], '£'],
  ['gb', 'the key beside the left shift', ['\\', 'IntlBackslash'], '\\'],
  ['gb', 'shift and the key before 1', ['¬', 'Backquote', { shiftKey: true }], '¬'],
  ['de', 'z, where others have y', ['z', 'KeyY'], 'z'],
  ['de', 'an umlaut', ['ü', 'BracketLeft'], 'ü'],
  ['de', 'sharp s', ['ß', 'Minus'], 'ß'],
  ['de', 'less than', ['<', 'IntlBackslash'], '<'],
  ['fr', 'a, where others have q', ['a', 'KeyQ'], 'a'],
  ['fr', 'a digit with shift', ['2', 'Digit2', { shiftKey: true }], '2'],
  ['fr', 'é without', ['é', 'Digit2'], 'é'],
  ['fr', 'ù', ['ù', 'Quote'], 'ù'],
  ['es', 'ñ', ['ñ', 'Semicolon'], 'ñ'],
  ['es', 'the question that begins', ['¿', 'Equal', { shiftKey: true }], '¿'],
  ['it', 'ò', ['ò', 'Semicolon'], 'ò'],
  ['it', 'ç with shift', ['ç', 'Semicolon', { shiftKey: true }], 'ç'],
  ['pt', 'ç', ['ç', 'Semicolon'], 'ç'],
  ['se', 'å', ['å', 'BracketLeft'], 'å'],
  ['ru', 'й', ['й', 'KeyQ'], 'й'],
  ['ru', 'Ж with shift', ['Ж', 'Semicolon', { shiftKey: true }], 'Ж'],
  ['ru', 'ё', ['ё', 'Backquote'], 'ё'],
  ['tr', 'ğ', ['ğ', 'BracketLeft'], 'ğ'],
  ['tr', 'i without its dot', ['ı', 'KeyI'], 'ı'],
  ['cz', 'ů', ['ů', 'Semicolon'], 'ů'],
  ['gr', 'λ', ['λ', 'KeyL'], 'λ'],
  ['il', 'ש', ['ש', 'KeyA'], 'ש'],
  ['jp', 'the yen', ['¥', 'IntlYen'], '¥'],
  ['jp', 'ア of a kana layout', ['ア', 'Digit3'], 'ア'],
  ['jp', 'the at sign without shift', ['@', 'BracketLeft'], '@'],
];

describe('one key of a layout is one character', () => {
  for (const [layout, what, event, character] of keys)
    test(`${layout}: ${what}`, () => {
      const { press, sent } = typist();
      press(...event);
      assert.deepEqual(sent, [`+${character}`, `-${character}`]);
    });
});

// layout, [key, code], the character
const thirdLevel = [['de', ['@', 'KeyQ'], '@'], ['de', ['€', 'KeyE'], '€'], ['de', ['\\', 'Minus'], '\\'],
  ['fr', ['#', 'Digit3'], '#'], ['es', ['|', 'Digit1'], '|'], ['it', ['[', 'BracketLeft'], '['],
  ['pl', ['ą', 'KeyA'], 'ą'], ['pl', ['ł', 'KeyL'], 'ł'], ['pl', ['ż', 'KeyZ'], 'ż'], ['pl', ['ń', 'KeyN'], 'ń'],
  ['se', ['{', 'Digit7'], '{'], ['us (international)', ['é', 'KeyE'], 'é']];

describe('AltGr', () => {
  for (const [layout, [name, code], character] of thirdLevel) {
    test(`${layout}: ${character} where the browser names AltGr`, () => {
      const { down, up, press, sent } = typist();
      down('AltGraph', 'AltRight', { location: 2 });
      press(name, code);
      up('AltGraph', 'AltRight', { location: 2 });
      assert.deepEqual(sent, ['+AltGr', `+${character}`, `-${character}`, '-AltGr']);
    });

    test(`${layout}: ${character} where it says Control and Alt (Windows)`, () => {
      const { down, up, press, sent } = typist('windows');
      down('Control', 'ControlLeft', { location: 1, ctrlKey: true });
      down('Alt', 'AltRight', { location: 2, ctrlKey: true, altKey: true });
      press(name, code, { ctrlKey: true, altKey: true });
      up('Control', 'ControlLeft', { location: 1 });
      up('Alt', 'AltRight', { location: 2 });
      assert.deepEqual(sent, ['+AltGr', `+${character}`, `-${character}`, '-AltGr']);
    });
  }

  test('a Mac’s option composes, and the guest is told of the third level at most', () => {
    const { down, up, press, sent } = typist('mac');
    down('Alt', 'AltLeft', { location: 1, altKey: true });
    press('@', 'KeyL', { altKey: true });
    up('Alt', 'AltLeft', { location: 1 });
    assert.deepEqual(sent, ['+AltGr', '+@', '-@', '-AltGr']);
  });
});

describe('dead keys', () => {
  const dead = [['de', 'Backquote', 'KeyA', 'â'], ['fr', 'BracketLeft', 'KeyE', 'ê'], ['es', 'Quote', 'KeyU', 'ú'],
    ['it (dead keys)', 'Equal', 'KeyI', 'ì'], ['pt', 'Quote', 'KeyA', 'ã'], ['us (international)', 'Quote', 'KeyC', 'ç'],
    ['cz', 'Equal', 'KeyZ', 'ž'], ['de', 'Equal', 'Space', '´']];
  for (const [layout, first, second, character] of dead) {
    test(`${layout}: ${character} where the next key names what they make (Linux, Windows)`, () => {
      const { press, down, sent } = typist();
      assert.equal(down('Dead', first).defaultPrevented, false);
      press(character, second);
      assert.deepEqual(sent, [`+${character}`, `-${character}`]);
    });

    test(`${layout}: ${character} where they are composed (macOS)`, () => {
      const { compose, down, up, sent } = typist('mac');
      down('Dead', first);
      up('Dead', first);
      compose(character);
      assert.deepEqual(sent, [`text ${character}`]);
    });
  }

  test('one that makes nothing leaves both characters', () => {
    const { down, up, area, fire, sent } = typist();
    down('Dead', 'Quote');
    up('Dead', 'Quote');
    area.value = '\u200b´x';
    fire('input', { inputType: 'insertText', data: '´x' });
    assert.deepEqual(sent, ['text ´x']);
  });
});

describe('input methods', () => {
  const composed = [['Japanese', 'こんにちは', 5], ['Chinese', '你好', 6], ['Korean', '한글', 4], ['Vietnamese', 'tiếng Việt', 3],
    ['an emoji', '👩‍💻', 1]];
  for (const [name, text, steps] of composed)
    test(`${name}: only what it ends with reaches the guest, once`, () => {
      const { compose, sent, area } = typist();
      compose(text, steps);
      assert.deepEqual(sent, [`text ${text}`]);
      assert.equal(area.value, '\u200b');
    });

  test('a composition that is given up types nothing', () => {
    const { fire, area, sent } = typist();
    fire('compositionstart');
    area.value = '\u200b';
    fire('compositionend', { data: '' });
    assert.deepEqual(sent, []);
  });

  test('keys after it are keys again', () => {
    const { compose, press, sent } = typist();
    compose('か');
    press('Enter', 'Enter');
    assert.deepEqual(sent, ['text か', '+0xff0d', '-0xff0d']);
  });

  test('a phone’s keyboard, which names no keys, is read from the text', () => {
    const { down, up, fire, area, sent } = typist();
    for (const letter of 'hé') {
      down('Unidentified', '', { keyCode: 229 });
      area.value += letter;
      fire('input', { inputType: 'insertText', data: letter });
      up('Unidentified', '', { keyCode: 229 });
    }
    fire('beforeinput', { inputType: 'deleteContentBackward' });
    fire('beforeinput', { inputType: 'insertLineBreak' });
    assert.deepEqual(sent, ['text h', 'text é', '+0xff08', '-0xff08', '+0xff0d', '-0xff0d']);
  });
});

describe('what is held', () => {
  const hold = (typed) => { typed.down('Shift', 'ShiftLeft', { location: 1, shiftKey: true }); typed.down('A', 'KeyA', { shiftKey: true }); };

  test('is let go when the text area loses the focus', () => {
    const typed = typist();
    hold(typed);
    typed.fire('blur');
    typed.up('A', 'KeyA');
    assert.deepEqual(typed.sent, ['+Shift', '+A', 'release-all']);
  });

  test('is let go on purpose, as on leaving the page or a new peer', () => {
    const typed = typist();
    hold(typed);
    typed.typing.releaseAll();
    typed.press('a', 'KeyA');
    assert.deepEqual(typed.sent, ['+Shift', '+A', 'release-all', '+a', '-a']);
  });

  test('is not let go twice, and nothing is said without control', () => {
    const typed = typist();
    hold(typed);
    typed.state.allowed = false;
    typed.typing.releaseAll();
    typed.up('Shift', 'ShiftLeft', { location: 1 });
    assert.deepEqual(typed.sent, ['+Shift', '+A']);
  });

  test('the chord that leads back to the page leaves no modifier down', () => {
    const typed = typist();
    typed.down('Control', 'ControlLeft', { location: 1, ctrlKey: true });
    typed.down('Alt', 'AltLeft', { location: 1, ctrlKey: true, altKey: true });
    typed.down('Shift', 'ShiftLeft', { location: 1, ctrlKey: true, altKey: true, shiftKey: true });
    typed.up('Shift', 'ShiftLeft', { location: 1 });
    typed.fire('blur'); // the page moves the focus
    assert.deepEqual(typed.left, ['left']);
    assert.equal(typed.sent.at(-1), 'release-all');
  });
});

describe('the keys above a phone’s keyboard', () => {
  test('are pressed with the modifiers that wait, and those are let go', () => {
    const { typing, sent } = typist();
    const told = [];
    typing.onArmed = (armed) => told.push([...armed]);
    typing.arm('Control');
    typing.arm('Alt');
    typing.tapKey('Delete');
    typing.tapKey('Escape');
    assert.deepEqual(sent, ['+Control', '+0xffe9', '+0xffff', '-0xffff', '-0xffe9', '-Control', '+0xff1b', '-0xff1b']);
    assert.deepEqual(told, [['Control'], ['Control', 'Alt'], []]);
  });

  test('a character of the phone’s keyboard is a key under them, and text without', () => {
    const { typing, area, fire, sent } = typist();
    const types = (text) => { area.value = `\u200b${text}`; fire('input', { inputType: 'insertText', data: text }); };
    typing.arm('Control');
    types('c');
    types('d');
    assert.deepEqual(sent, ['+Control', '+c', '-c', '-Control', 'text d']);
  });

  test('a key of one that names its keys is pressed under them as well', () => {
    const { typing, press, sent } = typist();
    typing.arm('Control');
    press('c', 'KeyC');
    press('d', 'KeyD');
    assert.deepEqual(sent, ['+Control', '+c', '-c', '-Control', '+d', '-d']);
  });

  test('a modifier that waits is forgotten on leaving, or at a second press', () => {
    const { typing, sent } = typist();
    typing.arm('Control');
    typing.releaseAll();
    typing.arm('Alt');
    typing.arm('Alt');
    typing.tapKey('Tab');
    assert.deepEqual(sent, ['release-all', '+0xff09', '-0xff09']);
  });

  test('on Windows too, where a control may begin AltGr', () => {
    const { typing, sent } = typist('windows');
    typing.arm('Control');
    typing.tapKey('a');
    assert.deepEqual(sent, ['+Control', '+a', '-a', '-Control']);
  });
});
