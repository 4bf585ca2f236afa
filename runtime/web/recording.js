// The recording of the guest's screen: everybody sees that there is one, who is in control may begin
// and end it. The guest draws a mark into the picture as well.

import { byId } from './dom.js';

export class RecordingMark {
  /** `record(on)` asks the guest; `say(text)` shows a short message. */
  constructor({ record, say }) {
    Object.assign(this, { say, on: false });
    byId('record').onclick = () => record(!this.on);
  }

  /** What the guest says of it. */
  take({ on, problem }) {
    if (typeof on !== 'boolean') return;
    if (this.on && !on && typeof problem === 'string') this.say(`The recording ended: ${problem.slice(0, 200)}`);
    this.on = on;
    byId('recording').hidden = !on;
  }

  /** A peer that was lost says nothing more of it; the next one does. */
  forget() {
    this.take({ on: false });
  }

  /** `may`: this page is in control of a guest that can. */
  draw(may) {
    byId('record').hidden = !may;
    const words = this.on ? 'End the recording' : 'Record to the guest’s Downloads';
    if (byId('record').textContent !== words) byId('record').textContent = words;
  }
}
