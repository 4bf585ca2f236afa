// The server's clock, learnt from the `at` of its messages.
//
// Durations in messages (`deadlineMs`, `retryInMs`) count from the message's `at`, which for a
// replayed message lies in the past, and the two machines' clocks may disagree. The smallest
// difference ever seen between arrival and `at` is the disagreement plus the shortest delay.

export class ServerClock {
  constructor(now = () => Date.now()) {
    this.now = now;
    this.offset = null;
  }

  /** Learns from the RFC 3339 instant of a message that has just arrived. */
  learn(at) {
    const sent = Date.parse(at);
    if (!Number.isFinite(sent)) return;
    const difference = this.now() - sent;
    if (this.offset === null || difference < this.offset) this.offset = difference;
  }

  /** The local time (ms) at which `durationMs` after `at` is over. */
  localDeadline(at, durationMs) {
    const sent = Date.parse(at);
    if (!Number.isFinite(sent) || this.offset === null) return this.now() + durationMs;
    return sent + this.offset + durationMs;
  }
}

/** Whole seconds left until `deadline` (both ms), never below 0. */
export function secondsLeft(deadline, now) {
  return Math.max(0, Math.ceil((deadline - now) / 1000));
}
