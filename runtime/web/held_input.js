// Input between two peers. The channels of the one are gone before those of the next are open: what is
// typed and clicked meanwhile waits, in its order, for as long as somebody may still mean it.

/** As long as input waits, in ms: a new peer far away takes three seconds. */
export const heldMs = 4000;
// Later than that no picture is on its way any more from a guest that has let its peer go.
const overdueMs = 1000;
const most = { messages: 256, characters: 256 * 1024 };

export class HeldInput {
  /** `onExpired()` once input has waited for `heldMs`, or could have. */
  constructor({ onExpired, schedule = (job, ms) => setTimeout(job, ms),
    unschedule = (timer) => clearTimeout(timer), now = () => Date.now() }) {
    Object.assign(this, { onExpired, schedule, unschedule, now });
    this.timer = null;
    this.since = 0;
    this.#empty();
  }

  get isOn() {
    return this.timer !== null;
  }

  /** From now on input waits, unless it does already. */
  begin() {
    if (this.isOn) return;
    this.since = this.now();
    this.timer = this.schedule(this.onExpired, heldMs);
  }

  /** Whether the peer before is not let go, if there is a sign of it now. */
  get isNeedless() {
    return this.isOn && this.now() - this.since > overdueMs;
  }

  /**
   * Has a message wait, one string; false where as much waits as may, and for all that follows. `isInput`: a person
   * would miss it.
   */
  add(text, isInput = true) {
    this.isCut ||= this.texts.length >= most.messages || this.characters + text.length > most.characters;
    if (this.isCut) return false;
    this.isMissed ||= isInput;
    this.texts.push(text);
    this.characters += text.length;
    return true;
  }

  /**
   * Input need not wait any longer: {texts, isMissed, isCut, isStale}, what waited, in its order; whether a person
   * would miss it; whether something is left out at its end; and whether nobody can mean it any more, after a sleep
   * of the machine.
   */
  end() {
    const isStale = this.now() - this.since > 2 * heldMs;
    this.unschedule(this.timer);
    this.timer = null;
    return { ...this.empty(), isStale };
  }

  /** Takes out what waits; what comes next waits as before. */
  empty() {
    const { texts, isMissed, isCut } = this;
    this.#empty();
    return { texts, isMissed, isCut };
  }

  #empty() {
    this.texts = [];
    this.characters = 0;
    this.isMissed = false;
    this.isCut = false;
  }
}
