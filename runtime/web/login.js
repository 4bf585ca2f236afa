// The log-in: where it stands in words, the address to check before typing a password, and what can
// be done about it.

import { byId, make, setText } from './dom.js';
import { durationText } from './words.js';

const titles = {
  starting: 'Starting the sign-in',
  'awaiting-user': 'Please sign in',
  authenticating: 'Finishing the sign-in',
  completed: 'Signed in',
  failed: 'The sign-in did not work',
  'timed-out': 'The sign-in took too long',
  cancelled: 'The sign-in was cancelled',
};

const details = {
  starting: 'The page to sign in at is on its way.',
  'awaiting-user': 'The page is open in the browser below, if there is one. Check that this is the site you expect:',
  authenticating: 'The page is done; the tool is fetching its credential.',
};

const underWay = new Set(['starting', 'awaiting-user', 'authenticating']);
const again = new Set(['failed', 'timed-out', 'cancelled']);

/** An address in three parts, so that its host stands out: {before, host, after}; null: none. */
export function addressParts(address) {
  const [, before, userinfo, host, after] =
    /^(https?:\/\/)([^/?#@]*@)?([^/?#]+)(.*)$/s.exec(address ?? '') ?? [];
  return host ? { before: before + (userinfo ?? ''), host, after } : null;
}

/**
 * What the banner says of a log-in message: {title, detail, remedy, address, canCancel, canRetry,
 * tone}, or null without a log-in. `mayAct`: this page may cancel and try again.
 */
export function loginWords(login, now, mayAct) {
  if (!login || !Object.hasOwn(titles, login.state)) return null;
  const isUnderWay = underWay.has(login.state);
  return { title: titles[login.state], detail: detailOf(login), remedy: remedyOf(login, now),
    address: login.state === 'awaiting-user' ? addressParts(login.url) : null,
    canCancel: mayAct && isUnderWay, canRetry: mayAct && again.has(login.state),
    tone: isUnderWay ? 'busy' : login.state === 'completed' ? 'good' : 'bad' };
}

function detailOf(login) {
  if (login.state !== 'completed') return details[login.state] ?? login.cause?.message ?? '';
  if (login.handedOverAt)
    return `The credential was handed over to its owner at ${clockTime(login.handedOverAt)}.`;
  return login.capturedAt ? 'The credential waits for its owner to fetch it.' : 'There is nothing to hand over.';
}

function remedyOf(login, now) {
  if (again.has(login.state)) return login.cause?.remedy ?? '';
  const left = Date.parse(login.keepsUntil) - now;
  return left > 0 ? `The session is kept for it, at most ${durationText(left)} more.` : '';
}

/** `14:05:09`, as the reader's clock shows it. */
function clockTime(instant) {
  return new Date(instant).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

export class LoginBanner {
  /** `act(name)` with `cancel`, `retry` or, once all is done, `hide`. */
  constructor(act) {
    this.hidden = false;
    this.shownAddress = null;
    byId('login-cancel').onclick = () => act('cancel');
    byId('login-retry').onclick = () => act('retry');
    byId('login-hide').onclick = () => { this.hidden = true; act('hide'); };
  }

  draw(view, now) {
    const words = loginWords(view.login, now, view.role === 'host');
    if (words?.tone === 'busy') this.hidden = false;
    byId('login').hidden = words === null || this.hidden;
    if (!words) return;
    Object.assign(byId('login').dataset, { state: view.login.state, tone: words.tone });
    setText(byId('login-title'), words.title);
    setText(byId('login-detail'), words.detail);
    setText(byId('login-remedy'), words.remedy);
    byId('login-cancel').hidden = !words.canCancel;
    byId('login-retry').hidden = !words.canRetry;
    byId('login-hide').hidden = words.tone === 'busy';
    this.#address(words.address);
  }

  #address(parts) {
    const key = JSON.stringify(parts);
    if (key === this.shownAddress) return;
    this.shownAddress = key;
    byId('login-address').hidden = parts === null;
    byId('login-address').replaceChildren(...(parts ? [parts.before,
      make('strong', { textContent: parts.host }), parts.after] : []));
  }
}
