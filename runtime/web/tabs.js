// The parts of the detail pane, one a tab. Each is opened with what it is about, and may return what
// is to be done when it is left.

import { make } from './dom.js';
import { Screen } from './screen.js';
import { errorText } from './words.js';
import { whyParts } from './why.js';

const mostLines = 2000;
const linesBefore = 300;
const mostEvents = 200;

/** A list of lines that grows at its end, and follows it unless somebody has scrolled back. */
export class Lines {
  constructor(host, empty) {
    this.list = make('div', { className: 'lines', tabIndex: 0, role: 'log' });
    this.note = make('p', { className: 'soft', textContent: empty });
    host.replaceChildren(this.note, this.list);
  }

  add(elements) {
    const { list } = this;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
    list.append(...elements);
    while (list.childElementCount > mostLines) list.firstElementChild.remove();
    this.note.hidden = list.childElementCount > 0;
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  say(text) {
    this.note.textContent = text;
    this.note.hidden = false;
  }
}

// Runs a command that goes on until the tab is left.
function follow(api, line, lines, rowOf) {
  const aborter = new AbortController();
  api.command(line, (items) => lines.add(items.map(rowOf)), aborter.signal)
    .then(() => lines.say('That is all: it has ended.'))
    .catch((error) => { if (error.name !== 'AbortError') lines.say(errorText(error)); });
  return () => aborter.abort();
}

const timeOf = (at) => (typeof at === 'string' ? at.slice(11, 23) : '');

export async function openWhy({ api, host, whyId }) {
  host.replaceChildren(make('p', { className: 'soft', textContent: 'Asking…' }));
  try {
    const parts = make('div', { className: 'why' }, ...whyParts(await api.command(`why ${whyId}`), mostEvents));
    host.replaceChildren(parts);
  } catch (error) {
    host.replaceChildren(make('p', { textContent: errorText(error) }), make('p', { className: 'soft', textContent: error.remedy ?? '' }));
  }
}

export function openLogs({ api, host, session, child }) {
  const lines = new Lines(host, 'Nothing has been written yet.');
  const line = `logs ${session.id}${child ? ` ${child}` : ''} -f --tail ${linesBefore}`;
  return follow(api, line, lines, (item) => make('div', { className: item.stream === 'err' || item.stream === 'stderr' ? 'line err' : 'line' },
    make('time', { textContent: timeOf(item.at) }), ...(child ? [] : [make('b', { textContent: item.child ?? '' })]),
    make('span', { textContent: item.line ?? '' })));
}

export function openScreen({ api, host, session, figuresOf }) {
  const screen = new Screen({ api, session: session.id, host, figuresOf });
  return () => screen.close();
}

export async function openConsole({ api, host, vm }) {
  const text = make('pre', { className: 'lines', tabIndex: 0 });
  const note = make('p', { className: 'soft', textContent: 'Asking…' });
  const load = async () => {
    try {
      text.textContent = await api.machineConsole(vm, linesBefore);
      note.textContent = text.textContent ? 'The last lines of its serial console.' : 'It has written nothing yet.';
      text.scrollTop = text.scrollHeight;
    } catch (error) {
      note.textContent = errorText(error);
    }
  };
  host.replaceChildren(make('p', { className: 'choices' }, note,
    make('button', { type: 'button', textContent: 'Read again', onclick: load })), text);
  await load();
}

/** What goes in and out of an actor, and how it fares. */
export function openMessages({ api, host, node }) {
  const facts = make('div', { className: 'facts-host' });
  const traceHost = make('div', { className: 'trace' });
  let stop = null;
  const button = make('button', { type: 'button', textContent: 'Watch its messages', onclick: () => {
    if (stop) {
      stop();
      stop = null;
      button.textContent = 'Watch its messages';
      return;
    }
    button.textContent = 'Stop watching';
    stop = follow(api, `trace ${node.id} -f`, new Lines(traceHost, 'No message so far.'), traceRow);
  } });
  host.replaceChildren(facts, button, traceHost);
  showInspection(api, node, facts);
  return () => stop?.();
}

function traceRow({ at, direction, type, other, tookUs, leftOut }) {
  const took = tookUs === undefined ? '' : `${tookUs < 100 ? tookUs.toFixed(1) : Math.round(tookUs)} µs`;
  return make('div', { className: `line ${direction}` }, make('time', { textContent: timeOf(at) }),
    make('b', { textContent: direction === 'in' ? '→' : '←' }), make('span', { textContent: type }),
    make('small', { textContent: [other?.replace(/(?<=[0-9a-f]{8})-[0-9a-f-]{27}/, ''), took, leftOut ? `${leftOut} left out` : ''].filter(Boolean).join(' · ') }));
}

async function showInspection(api, node, host) {
  try {
    const found = await api.command(`inspect ${node.id}`);
    const counts = Object.entries(found.messages ?? {}).sort(([, a], [, b]) => b - a).slice(0, 10);
    const most = counts[0]?.[1] ?? 1;
    const { handling = {} } = found;
    host.replaceChildren(
      factList({ waiting: found.mailbox, 'oldest waits': found.mailbox ? `${Math.round(found.oldestMs)} ms` : '–',
        handled: found.processed, 'half within': `${round(handling.p50Us)} µs`, '99 % within': `${round(handling.p99Us)} µs`,
        ...(handling.busyWith ? { 'busy with': `${handling.busyWith}, ${Math.round(handling.busyForMs)} ms` } : {}),
        watches: (found.monitors ?? []).map(({ kind, id }) => `${kind} ${id.slice(0, 8)}`).join(', ') || 'nobody' }),
      make('div', { className: 'counts' }, ...counts.map(([name, count]) => {
        const bar = make('i', { aria: { hidden: 'true' } });
        bar.style.width = `${Math.max(2, (100 * count) / most)}%`;
        return make('p', {}, bar, make('span', { textContent: name }), make('b', { textContent: String(count) }));
      })),
      make('details', {}, make('summary', { textContent: 'Its own state' }),
        make('pre', { textContent: JSON.stringify(found.own, null, 2) })));
  } catch (error) {
    host.replaceChildren(make('p', { textContent: errorText(error) }));
  }
}

function round(value) {
  return value === undefined ? '–' : value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}

/** A list of names with values; values that are elements stay elements. */
export function factList(facts) {
  return make('dl', { className: 'facts' }, ...Object.entries(facts).flatMap(([name, value]) =>
    [make('dt', { textContent: name }), make('dd', {}, value instanceof Node ? value : String(value))]));
}
