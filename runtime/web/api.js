// The HTTP interface, as far as the pages use it.

import { EventStreamParser } from './sse.js';

/** A refusal: `status` (0: the server was not reached), code, message, field?, retryAfterMs?. */
export class ApiError extends Error {
  constructor(status, error) {
    super(error.message || `The server answered ${status}`);
    this.status = status;
    this.code = error.code ?? '';
    this.field = error.field ?? null;
    this.retryAfterMs = error.retryAfterMs ?? null;
  }
}

export class Api {
  constructor(token) {
    this.token = token;
  }

  sessions(limit = 50) {
    return this.#json('GET', `/api/v1/sessions?limit=${limit}`);
  }

  session(id) {
    return this.#json('GET', `/api/v1/sessions/${encodeURIComponent(id)}`);
  }

  /** Creates a session; `key` makes a repeated request answer with the same one. */
  create(wish, key) {
    return this.#json('POST', '/api/v1/sessions', wish, { 'Idempotency-Key': key });
  }

  /** Proposes the session's end; answers the proposal. */
  end(id) {
    return this.#json('DELETE', `/api/v1/sessions/${encodeURIComponent(id)}`);
  }

  /** A token that may only watch. */
  watchToken(id, ttlMs) {
    return this.#json('POST', `/api/v1/sessions/${encodeURIComponent(id)}/tokens`, { role: 'viewer', ttlMs });
  }

  /** `cancel` or `retry`: answers where the log-in stands then. */
  login(id, what) {
    return this.#json('POST', `/api/v1/sessions/${encodeURIComponent(id)}/login/${what}`);
  }

  why(id) {
    return this.#json('GET', `/api/v1/why/${encodeURIComponent(id)}`);
  }

  /** Calls `each` with every live event {id, kind, data} until the stream ends or `signal` aborts. */
  async events(each, signal) {
    const response = await this.#fetch('/api/v1/events', { headers: this.#headers(), signal });
    if (!response.ok) throw await refusal(response);
    const parser = new EventStreamParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read())
      parser.push(part.value).forEach(each);
  }

  /**
   * Runs a line of the operators' console. Answers its document, or the list of its items; a command
   * that goes on tells them to `each` until it ends or `signal` aborts. Its refusal is an ApiError.
   */
  async command(line, each = null, signal = undefined) {
    const headers = { ...this.#headers(), 'Content-Type': 'application/json' };
    const response = await this.#fetch('/api/v1/console',
      { method: 'POST', headers, body: JSON.stringify({ line }), cache: 'no-store', signal });
    if (!response.ok) throw await refusal(response);
    const answer = new CommandAnswer(each);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) answer.push(part.value);
    return answer.result;
  }

  /** The doctor's answer {ok, profile, driver, checks, profiles, drivers}; takes seconds. */
  doctor({ profile = '', driver = '' } = {}, signal = undefined) {
    const query = new URLSearchParams(Object.entries({ profile, driver }).filter(([, value]) => value));
    return this.#json('GET', `/api/v1/doctor${String(query) ? `?${query}` : ''}`, undefined, {}, signal);
  }

  /** What this browser is to know for a test of its way here: {iceServers, publicAddress?, mediaPorts?, guestNetworks}. */
  network() {
    return this.#json('GET', '/api/v1/doctor/network');
  }

  /** Has a peer on the server's host answer an offer of a data channel over `udp` or `tcp`: {answer}. */
  testNetwork(offer, transport) {
    return this.#json('POST', '/api/v1/doctor/network', { offer: btoa(offer), transport });
  }

  /** A guest's serial console as text, its last lines. */
  async machineConsole(vm, tail) {
    const response = await this.#fetch(`/api/v1/vms/${encodeURIComponent(vm)}/console?tail=${tail}`,
      { headers: this.#headers(), cache: 'no-store' });
    if (!response.ok) throw await refusal(response);
    return response.text();
  }

  async #json(method, path, body, headers = {}, signal = undefined) {
    const options = { method, headers: { ...this.#headers(), ...headers }, cache: 'no-store', signal };
    if (body !== undefined) {
      options.body = JSON.stringify(body);
      options.headers['Content-Type'] = 'application/json';
    }
    const response = await this.#fetch(path, options);
    if (!response.ok) throw await refusal(response);
    return response.json();
  }

  async #fetch(path, options) {
    try {
      return await fetch(path, options);
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError(0, { code: 'unreachable', message: 'The server cannot be reached. Is it running?' });
    }
  }

  #headers() {
    return { Authorization: `Bearer ${this.token}` };
  }
}

/** What a console command answers, one JSON object a line: `document`, `item`, at last `end`. */
export class CommandAnswer {
  constructor(each = null) {
    Object.assign(this, { each, rest: '', items: [], document: undefined, hasEnded: false });
  }

  push(text) {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop();
    const items = [];
    for (const line of lines) {
      if (line === '') continue;
      const { document, item, end } = JSON.parse(line);
      if (document !== undefined) this.document = document;
      if (item !== undefined) items.push(item);
      if (end) this.#ended(end.fault);
    }
    if (this.each === null) this.items.push(...items);
    else if (items.length) this.each(items);
  }

  get result() {
    if (!this.hasEnded) throw new ApiError(0, { code: 'unreachable', message: 'The connection broke off.' });
    return this.document ?? this.items;
  }

  #ended(fault) {
    this.hasEnded = true;
    if (!fault) return;
    const error = new ApiError(200, fault);
    error.remedy = fault.remedy ?? '';
    throw error;
  }
}

async function refusal(response) {
  const answer = await response.json().catch(() => null);
  return new ApiError(response.status, answer?.error ?? {});
}
