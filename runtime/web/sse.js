// Server-sent events out of a fetch response, because EventSource cannot send a token.

const longestLine = 1 << 20;

/** Parses the event stream format (HTML standard, section 9.2.6) piece by piece. */
export class EventStreamParser {
  constructor() {
    this.rest = '';
    this.event = { id: '', kind: 'message', data: [] };
    this.lastId = '';
  }

  /** The events {id, kind, data} that `text` completes. */
  push(text) {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    if (this.rest.length > longestLine) throw new Error('a line of the event stream is too long');
    return lines.map((line) => this.#line(line)).filter((event) => event !== null);
  }

  #line(line) {
    if (line === '') return this.#dispatch();
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (field === 'data') this.event.data.push(value);
    else if (field === 'event') this.event.kind = value;
    else if (field === 'id') this.lastId = value;
    return null;
  }

  #dispatch() {
    const { kind, data } = this.event;
    this.event = { id: '', kind: 'message', data: [] };
    return data.length === 0 ? null : { id: this.lastId, kind, data: data.join('\n') };
  }
}
