// Keyboard events to X11 keysyms. No DOM here: events are whatever has `key`, `code` and
// `location`, and the tables are noVNC's (keysyms.js binds them), so that node can test it.

const fakeControlWithinMs = 50;

/** 'mac', 'windows' or 'other', from `navigator.platform`. */
export function platformOf(name) {
  if (/mac|iphone|ipad|ipod/i.test(name)) return 'mac';
  return /win/i.test(name) ? 'windows' : 'other';
}

/**
 * The keysym of an event, or null where it names none (dead keys, composition).
 * `tables` is {special, characters, fixed}: noVNC's domkeytable, keysymdef and fixedkeys.
 */
export function keysymOf(event, tables, platform = 'other') {
  const key = event.key && event.key !== 'Unidentified' ? event.key : tables.fixed[event.code];
  if (!key) return null;
  if (Object.hasOwn(tables.special, key)) {
    const location = event.location >= 0 && event.location <= 3 ? event.location : 0;
    return onMac(tables.special[key][location], event, tables, platform);
  }
  const [character, more] = [...key];
  return more === undefined ? tables.characters.lookup(character.codePointAt(0)) : null;
}

// A Mac's command key does what control does in the guest, and option composes characters there,
// which arrive composed: held down in the guest as Alt it would turn them into shortcuts.
function onMac(keysym, event, tables, platform) {
  if (platform !== 'mac') return keysym;
  if (event.key === 'Meta') return tables.special.Control[event.location === 2 ? 2 : 1];
  if (event.key === 'Alt') return tables.special.AltGraph[0];
  return keysym;
}

/**
 * Keeps which keys are down, so that each release names the keysym of its press, whatever the
 * modifiers have become meanwhile. `send(keysym, down)` is called for each change; a repeated
 * press is sent again, because repeating is the viewer's task.
 */
export class Keyboard {
  constructor({ tables, platform = 'other', send }) {
    this.tables = tables;
    this.platform = platform;
    this.send = send;
    this.down = new Map();
    this.heldControl = null;
  }

  /** Handles a keydown. False: the event is for the browser (composition, unknown keys). */
  press(event) {
    if (event.isComposing || event.keyCode === 229) return false;
    const keysym = keysymOf(event, this.tables, this.platform);
    const altGr = this.#takeAltGr(event);
    if (keysym === null) return false;
    if (this.#mayBeAltGr(event)) {
      this.heldControl = event;
      return true;
    }
    this.#press(event, altGr ? this.tables.special.AltGraph[0] : keysym);
    return true;
  }

  /** Handles a keyup. */
  release(event) {
    this.settle();
    const keysym = this.down.get(nameOf(event));
    if (keysym === undefined) return false;
    this.down.delete(nameOf(event));
    this.send(keysym, false);
    if (this.platform === 'windows' && event.key === 'Shift') this.#releaseShifts();
    return true;
  }

  /** Sends a control that still waits; called before anything else that a held control changes. */
  settle() {
    const control = this.heldControl;
    if (control === null) return;
    this.heldControl = null;
    this.#press(control, keysymOf(control, this.tables, this.platform));
  }

  /** Presses and releases one key by the name the browser gives it. */
  tap(key, code = key) {
    const event = { key, code, location: 0 };
    const keysym = keysymOf(event, this.tables, this.platform);
    if (keysym === null) return;
    this.send(keysym, true);
    this.send(keysym, false);
  }

  /** Forgets every key without a word: the guest is told `release-all` instead. */
  forget() {
    this.down.clear();
    this.heldControl = null;
  }

  #press(event, fresh) {
    const name = nameOf(event);
    const keysym = this.down.get(name) ?? fresh;
    const staysDown = name !== '' && !this.#releaseNeverComes(event);
    if (staysDown) this.down.set(name, keysym);
    this.send(keysym, true);
    if (!staysDown) this.send(keysym, false);
  }

  // macOS reports no release of a key pressed under command, and caps lock only as a change.
  #releaseNeverComes(event) {
    if (this.platform !== 'mac') return false;
    return event.key === 'CapsLock' || (event.metaKey && event.key !== 'Meta');
  }

  // Windows spells AltGr as a left control directly followed by a right Alt. The control waits for
  // the next event of the keyboard to know which it was.
  #mayBeAltGr(event) {
    return this.platform === 'windows' && event.code === 'ControlLeft' && !event.repeat &&
      !this.down.has('ControlLeft');
  }

  #takeAltGr(event) {
    const control = this.heldControl;
    if (control === null) return false;
    const soon = event.timeStamp - control.timeStamp < fakeControlWithinMs;
    if (soon && event.code === 'AltRight') {
      this.heldControl = null;
      return true;
    }
    this.settle();
    return false;
  }

  // Windows reports one release when both shifts are let go.
  #releaseShifts() {
    for (const name of ['ShiftLeft', 'ShiftRight']) {
      const keysym = this.down.get(name);
      if (keysym === undefined) continue;
      this.down.delete(name);
      this.send(keysym, false);
    }
  }
}

function nameOf(event) {
  return event.code || (event.key && event.key !== 'Unidentified' ? `key:${event.key}` : '');
}
