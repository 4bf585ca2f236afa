// Everything typed: keys, composed text, and pasting. All of it arrives at one unseen text area,
// because only an editable element gets composition, pasting and a phone's keyboard.

import { Keyboard } from './keyboard.js';

// What the text area holds between events, so that a phone's backspace has something to delete.
const sentinel = '\u200b';

export class Typing {
  /**
   * `area` the text area; `channels` where it goes; `allowed()` whether this page is in control.
   * Callbacks: onLeave() for the chord that gives the keyboard back to the page (Ctrl+Alt+Shift),
   * onRefused(reason) in the guest's words.
   */
  constructor({ area, channels, allowed, tables, platform, callbacks }) {
    Object.assign(this, { area, channels, allowed, callbacks, platform });
    this.keyboard = new Keyboard({ tables, platform, send: (keysym, down) => channels.key(keysym, down) });
    this.pasteWaits = false;
    this.chord = false;
    this.armed = new Set();
    this.onArmed = () => {};
    this.#reset();
    this.#listen();
  }

  focus() {
    this.area.focus({ preventScroll: true });
  }

  /** Whether a phone shows its keyboard for this page now. */
  get isOnScreen() {
    return this.area.inputMode === 'text' && document.activeElement === this.area;
  }

  isModifier(key) {
    return key === 'Control' || key === 'Alt';
  }

  /** Has a modifier wait for the next key, or wait no more. `onArmed(set)` is told. */
  arm(key) {
    if (!this.armed.delete(key)) this.armed.add(key);
    this.onArmed(this.armed);
  }

  /** Presses and releases a key by its name, with the modifiers that wait. */
  tapKey(key) {
    if (!this.allowed()) {
      this.callbacks.onRefused('not-in-control');
      return;
    }
    const modifiers = [...this.armed].map((name) => ({ key: name, code: `${name}Left`, location: 1, timeStamp: 0 }));
    for (const modifier of modifiers) this.keyboard.press(modifier);
    this.keyboard.settle(); // where a control might have been the first half of AltGr
    this.keyboard.tap(key);
    for (const modifier of modifiers.reverse()) this.keyboard.release(modifier);
    this.#disarm();
  }

  #disarm() {
    if (this.armed.size === 0) return;
    this.armed.clear();
    this.onArmed(this.armed);
  }

  /** Lets every key go, here and in the guest. */
  releaseAll() {
    this.keyboard.forget();
    this.#disarm();
    this.pasteWaits = false;
    if (this.allowed()) this.channels.releaseAll();
  }

  #listen() {
    const on = (type, handler) => this.area.addEventListener(type, handler.bind(this));
    on('keydown', this.#keydown);
    on('keyup', this.#keyup);
    on('paste', this.#paste);
    on('beforeinput', this.#beforeInput);
    on('input', this.#input);
    on('compositionend', this.#compositionEnd);
    on('blur', this.releaseAll);
  }

  #keydown(event) {
    this.chord = event.ctrlKey && event.altKey && event.shiftKey &&
      ['Control', 'Alt', 'Shift', 'Meta'].includes(event.key);
    if (!this.allowed()) {
      if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) this.callbacks.onRefused('not-in-control');
      return;
    }
    if (this.#pastes(event)) {
      // The paste event that follows brings the text; the guest gets the key after it.
      this.keyboard.settle();
      this.pasteWaits = true;
      return;
    }
    if (this.armed.size > 0 && this.#isKey(event)) {
      event.preventDefault();
      this.tapKey(event.key);
    } else if (this.keyboard.press(event)) {
      event.preventDefault();
    }
  }

  // One that a modifier above the phone's keyboard can be for.
  #isKey({ key, keyCode, isComposing }) {
    return !isComposing && keyCode !== 229 && !['Control', 'Alt', 'AltGraph', 'Shift', 'Meta', 'Dead', 'Unidentified', 'CapsLock'].includes(key);
  }

  #keyup(event) {
    if (this.chord) {
      this.chord = false;
      this.callbacks.onLeave();
      return;
    }
    if (this.pasteWaits && event.key.toLowerCase() === 'v') this.#tapPaste();
    if (this.keyboard.release(event)) event.preventDefault();
  }

  #pastes(event) {
    const command = this.platform === 'mac' ? event.metaKey : event.ctrlKey;
    return command && !event.altKey && event.key.toLowerCase() === 'v';
  }

  #paste(event) {
    event.preventDefault();
    if (!this.allowed()) return;
    const text = event.clipboardData?.getData('text/plain') ?? '';
    const refusal = text === '' ? null : this.channels.clipboard(text);
    if (refusal) {
      this.callbacks.onRefused(refusal);
      this.pasteWaits = false;
      return;
    }
    this.#tapPaste();
  }

  #tapPaste() {
    if (this.pasteWaits) this.keyboard.tap('v', 'KeyV');
    this.pasteWaits = false;
  }

  #beforeInput(event) {
    const key = { deleteContentBackward: 'Backspace', insertLineBreak: 'Enter' }[event.inputType];
    if (event.isComposing || key === undefined) return;
    event.preventDefault();
    if (this.allowed()) this.tapKey(key);
  }

  #input(event) {
    if (!event.isComposing) this.#sendText();
  }

  #compositionEnd() {
    this.#sendText();
  }

  #sendText() {
    const text = this.area.value.replaceAll(sentinel, '');
    this.#reset();
    if (text === '' || !this.allowed()) return;
    // A character under a modifier is a key: Ctrl and c is no text.
    if (this.armed.size > 0 && [...text].length === 1) this.tapKey(text);
    else this.channels.text(text);
  }

  #reset() {
    this.area.value = sentinel;
    this.area.setSelectionRange(1, 1);
  }
}
