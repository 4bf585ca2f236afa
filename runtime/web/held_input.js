// Input between two peers. The channels of the one are gone before those of the next are open: what is
// typed and clicked meanwhile waits, in its order, for as long as somebody may still mean it.

/** As long as input waits, in ms: a new peer far away takes three seconds. */
export const heldMs = 4000;
const most = { messages: 256, characters: 256 * 1024 };

export class HeldInput {
  /** `onExpired()` once the first of what waits has waited for `heldMs`. */
  constructor({ onExpired, schedule = (job, ms) => setTimeout(job, ms),
    unschedule = (timer) => clearTimeout(timer) }) {
    Object.assign(this, { onExpired, schedule, unschedule });
    this.isOn = false;
    this.#empty();
  }

  /** From now on input waits. */
  begin() {
    this.isOn = true;
  }

  /** Has a message wait, one string; false where as much waits as may. */
  add(text) {
    if (this.texts.length >= most.messages || this.characters + text.length > most.characters) return false;
    this.texts.push(text);
    this.characters += text.length;
    this.timer ??= this.schedule(() => this.onExpired(), heldMs);
    return true;
  }

  /** Input need not wait any longer; returns what did, in its order. */
  end() {
    this.isOn = false;
    return this.empty();
  }

  /** Takes out what waits; what comes next waits as before. */
  empty() {
    const { texts } = this;
    this.#empty();
    return texts;
  }

  #empty() {
    this.unschedule(this.timer);
    this.timer = null;
    this.texts = [];
    this.characters = 0;
  }
}
