// The guest's clipboard. It reaches the person's only when the person presses the button.

import { byId } from './dom.js';

const mostPreview = 60;

export class GuestClipboard {
  /** `say(text)` shows a short message. */
  constructor(say) {
    this.say = say;
    this.text = null;
    byId('copy').onclick = () => this.#copy();
  }

  take({ text }) {
    if (typeof text !== 'string' || text === '') return;
    this.text = text;
    byId('copy').hidden = false;
    byId('copy').title = `Copy from the guest: ${preview(text)}`;
  }

  async #copy() {
    if (this.text === null) return;
    try {
      await navigator.clipboard.writeText(this.text);
      this.say(`Copied “${preview(this.text)}”`);
      byId('copy').hidden = true;
    } catch {
      this.say('The browser did not allow writing to the clipboard.');
    }
  }
}

/** The start of a text on one line, for a button's title. */
export function preview(text) {
  const line = text.slice(0, 4 * mostPreview).replace(/\s+/g, ' ').trim();
  return line.length > mostPreview ? `${line.slice(0, mostPreview)}…` : line;
}
