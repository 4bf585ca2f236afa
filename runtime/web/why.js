// The page's answer to "what happened?": the verdict, the exits, and the course of events.

import { byId, make } from './dom.js';
import { errorText } from './words.js';

const fewRows = 12;

/** Fetches why the session is in its state and shows it. */
export async function showWhy(api, session) {
  const body = byId('why-body');
  try {
    const verdict = await api.why(session);
    body.replaceChildren(...whyParts(verdict));
  } catch (error) {
    body.replaceChildren(make('p', { textContent: errorText(error) }));
  }
  byId('why').showModal();
}

/** `most`: of the processes that ended and of the events, so many of the last are shown. */
export function whyParts({ cause, exits = [], timeline = [], retirement }, most = fewRows) {
  const parts = [];
  if (cause) parts.push(make('p', { className: 'verdict', textContent: cause.message }));
  if (cause?.remedy) parts.push(make('p', { textContent: cause.remedy }));
  if (cause?.evidence?.length) parts.push(make('pre', { textContent: cause.evidence.join('\n') }));
  if (retirement) parts.push(make('p', { textContent: `Closed by ${retirement.by}: ${retirement.reason}.` }));
  if (exits.length) parts.push(make('h3', { textContent: 'Processes that ended' }), exitList(exits.slice(-most)));
  if (timeline.length) parts.push(make('h3', { textContent: 'Course of events' }), timelineList(timeline.slice(-most)));
  return parts.length ? parts : [make('p', { textContent: 'Nothing went wrong.' })];
}

function exitList(exits) {
  return make('ul', {}, ...exits.map((exit) => make('li', {},
    make('strong', { textContent: exit.child }),
    ` ${exit.message ?? exit.kind}`,
    ...(exit.tail?.length ? [make('pre', { textContent: exit.tail.slice(-6).join('\n') })] : []))));
}

function timelineList(timeline) {
  return make('ol', { className: 'timeline' }, ...timeline.map(({ at, kind, detail }) =>
    make('li', {}, make('time', { textContent: timeOfDay(at) }),
      make('span', { textContent: [kind, detailText(detail)].filter(Boolean).join(': ') }))));
}

function detailText(detail) {
  return typeof detail === 'string' || !detail ? detail : JSON.stringify(detail);
}

function timeOfDay(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleTimeString([], { hour12: false, fractionalSecondDigits: 3,
    hour: '2-digit', minute: '2-digit', second: '2-digit' });
}
