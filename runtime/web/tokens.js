// Tokens come in the address's fragment, which is removed at once, and stay in this tab's
// sessionStorage, which no other tab and no server sees.

const operatorKey = 'aerie.operator';

/** The token of `#token=…` or null. */
export function tokenInFragment(fragment) {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('token') || null;
}

/** Takes the token out of the address, so that neither history nor a shared link has it. */
export function takeTokenFromAddress() {
  const token = tokenInFragment(location.hash);
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

export function operatorToken() {
  return sessionStorage.getItem(operatorKey);
}

export function keepOperatorToken(token) {
  if (token === null) sessionStorage.removeItem(operatorKey);
  else sessionStorage.setItem(operatorKey, token);
}

/** What a tab keeps of one session: its token, and where its socket was. */
export class SessionMemory {
  constructor(session, role) {
    this.tokenKey = `aerie.session.${session}.${role}.token`;
    this.resumeKey = `aerie.session.${session}.${role}.resume`;
  }

  get token() {
    return sessionStorage.getItem(this.tokenKey);
  }

  set token(token) {
    sessionStorage.setItem(this.tokenKey, token);
  }

  /** {resume, lastSeq, view} or null. */
  get position() {
    try {
      return JSON.parse(sessionStorage.getItem(this.resumeKey));
    } catch {
      return null;
    }
  }

  set position(position) {
    if (position === null) sessionStorage.removeItem(this.resumeKey);
    else sessionStorage.setItem(this.resumeKey, JSON.stringify(position));
  }
}
