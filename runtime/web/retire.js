// The question whether the session may be closed, with its countdown.

import { secondsLeft } from './clock.js';
import { byId, setText } from './dom.js';
import { reasonText } from './words.js';

/** What the banner says: {text, countdown, canKeep}, or null while there is no question. */
export function retireWords(retire, now) {
  if (!retire) return null;
  const seconds = secondsLeft(retire.deadline, now);
  // A question whose time is over was answered by the server; nobody says so in a message.
  if (seconds === 0 && !retire.forced) return null;
  const reason = reasonText(retire.reason);
  const text = retire.forced ? `This session is being closed: ${reason}.`
    : `This session will be closed: ${reason}. Do you still need it?`;
  return { text, countdown: seconds > 0 ? clockText(seconds) : '', canKeep: !retire.forced };
}

/** `0:30`, `12:05`. */
export function clockText(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export class RetireBanner {
  /** `answer(type, proposal)` with type `keep` or `release`. */
  constructor(answer) {
    this.proposal = null;
    byId('retire-keep').onclick = () => answer('keep', this.proposal);
    byId('retire-release').onclick = () => answer('release', this.proposal);
  }

  draw(view, now) {
    const words = retireWords(view.retire, now);
    byId('retire').hidden = words === null;
    if (!words) return;
    this.proposal = view.retire.proposal;
    setText(byId('retire-text'), words.text);
    setText(byId('retire-countdown'), words.countdown);
    byId('retire-keep').hidden = !words.canKeep;
    byId('retire-release').hidden = !words.canKeep;
  }
}
