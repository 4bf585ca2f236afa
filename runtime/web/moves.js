// What a page does when its network is another one: a new socket at once, for nobody notices for
// long that the old one is dead, and new peers once the server knows the socket, unless those it
// has are shown to be alive.

const burstMs = 300;
const lookMs = 100; // a living peer with a moving picture has shown it by then
// Input is acknowledged within 200 ms and a round trip (RFC 9260, 6.2), or when it was repeated; the answer
// that is waited for then takes another.
const acknowledgedMs = 600;
const freshMs = 1000;

/**
 * How much has come over a connection so far, media and ICE's own, as one number that grows: what
 * getStats has of candidate pairs, bytes and STUN's answers and requests.
 */
export async function signsOfLife(connection) {
  let signs = 0;
  for (const entry of (await connection.getStats()).values()) {
    if (entry.type === 'candidate-pair')
      signs += (entry.bytesReceived ?? 0) + (entry.responsesReceived ?? 0) + (entry.requestsReceived ?? 0);
  }
  return signs;
}

/**
 * False where a peer, as signs() gave it before and now, is the same and nothing has come over it. Of a network that
 * is gone the browser drops the pairs, and the sum shrinks.
 */
export function isAlive(before, now) {
  return before === null || now === null || now.epoch !== before.epoch || now.signs > before.signs;
}

export class Moves {
  /**
   * `reopen()` opens another socket, false where there is to be none, and `probe()` does where the present one
   * is dead; `picture` and `sound` are the peers,
   * {signs(), isClosed(), renegotiate()}: signs() resolves to {epoch, signs}, or to null; `picture` has isStill() as
   * well, whether input goes by a whole peer whose picture does not move. The rest is the browser's.
   */
  constructor({ reopen, probe, picture, sound, target = globalThis, connection = navigator.connection,
    isOnline = () => navigator.onLine }) {
    Object.assign(this, { reopen, probe, picture, sound, isOnline });
    this.sample = null; // {at, signs} before input; null signs: not there yet
    this.isLooking = false; // for what answers input
    this.before = null; // what the peers had shown; to be compared at the next welcome
    this.isOpening = false;
    this.isWelcome = false;
    this.burst = null; // the timer of a burst of events
    this.isLate = false; // another event came during the burst
    const changed = () => this.#changed();
    target.addEventListener('online', changed);
    connection?.addEventListener?.('change', changed);
  }

  /** Has the peers looked at once the server has answered, on this socket or the next. */
  expect() {
    this.before ??= { at: Date.now(), signs: [this.picture.signs(), this.sound.signs()] };
  }

  /** The same, when another picture has been asked for already: unanswered() tells if that was in vain. */
  asked() {
    this.expect();
    this.before.signs[0] = null;
  }

  /** The socket was found dead, and what was asked over it may be lost. */
  unanswered() {
    this.before = null;
    this.expect();
  }

  /** A socket is welcome. What this page has missed follows, maybe an offer. */
  welcomed({ resumed }) {
    this.isOpening = false;
    this.isWelcome = true;
    // Who does not resume is offered new peers by itself.
    if (!resumed) this.before = null;
  }

  /** The server has answered on that socket, after all that was missed. */
  async answered() {
    for (const peer of [this.picture, this.sound]) if (peer.isClosed()) peer.renegotiate();
    const { before } = this;
    if (before === null || !this.isWelcome) return;
    this.before = null;
    await new Promise((resolve) => { setTimeout(resolve, before.at + lookMs - Date.now()); });
    await Promise.all([this.picture, this.sound].map((peer, index) => renewUnlessAlive(peer, before.signs[index])));
  }

  /**
   * Input was sent. A still picture tells nothing of its network, but input is acknowledged: where nothing comes,
   * the server is asked, and then for another peer.
   */
  async sent() {
    if (this.isLooking || !this.picture.isStill()) return;
    const { sample } = this;
    if (sample === null || Date.now() - sample.at > freshMs) {
      // What this input is answered by may be in it: the next one's counts.
      this.sample = { at: Date.now(), signs: null };
      this.sample.signs = await this.picture.signs();
      return;
    }
    if (sample.signs === null) return;
    this.sample = null;
    this.isLooking = true;
    try {
      await new Promise((resolve) => { setTimeout(resolve, acknowledgedMs); });
      if (isAlive(sample.signs, await this.picture.signs()) || !this.picture.isStill()) return;
      this.before ??= { at: Date.now(), signs: [sample.signs, null] }; // what is not heard sends nothing
      this.probe();
    } finally {
      this.isLooking = false;
    }
  }

  /** The server offers a peer for the picture. */
  offered() {
    this.soundBefore = this.sound.signs();
  }

  /** That peer has taken over: where the old one's network is gone, so is the sound's. */
  async tookOver() {
    const before = this.soundBefore;
    this.soundBefore = null;
    if (before) await renewUnlessAlive(this.sound, before);
  }

  // One change of network is several events. What the first began serves them all; where it has led
  // nowhere by the end of the burst it is tried again, and where it has, before the last event, the
  // socket is asked whether it lives.
  #changed() {
    if (!this.isOnline()) return;
    this.isLate = this.burst !== null;
    if (this.isLate) return;
    this.burst = setTimeout(() => {
      this.burst = null;
      if (this.isOpening) this.reopen();
      else if (this.isLate) this.probe();
    }, burstMs);
    this.before = null;
    this.expect();
    this.isOpening = this.reopen();
    if (this.isOpening) this.isWelcome = false;
  }
}

async function renewUnlessAlive(peer, before) {
  if (!isAlive(await before, await peer.signs())) peer.renegotiate();
}
