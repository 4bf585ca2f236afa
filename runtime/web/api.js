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

  sessions() {
    return this.#json('GET', '/api/v1/sessions?limit=50');
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

  async #json(method, path, body, headers = {}) {
    const options = { method, headers: { ...this.#headers(), ...headers }, cache: 'no-store' };
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

async function refusal(response) {
  const answer = await response.json().catch(() => null);
  return new ApiError(response.status, answer?.error ?? {});
}
