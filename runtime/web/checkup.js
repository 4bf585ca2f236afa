// The doctor's checks: put in order, and as elements.

import { make } from './dom.js';

const areaWords = { host: 'Host', configuration: 'Configuration', image: 'Image', network: 'Network', disk: 'Disk', limits: 'Limits' };

/** `bad`, `note` (something to know that stops nothing) or `good`. */
export function healthOfCheck({ ok, remedy }) {
  if (!ok) return 'bad';
  return remedy ? 'note' : 'good';
}

/** [{area, title, checks}] in the order of the page, in each what is wrong first. */
export function byArea(checks) {
  const order = ['bad', 'note', 'good'];
  const areas = [...new Set([...Object.keys(areaWords), ...checks.map(({ area }) => area)])];
  return areas.map((area) => ({ area, title: areaWords[area] ?? area,
    checks: checks.filter((check) => check.area === area)
      .sort((a, b) => order.indexOf(healthOfCheck(a)) - order.indexOf(healthOfCheck(b))) }))
    .filter((group) => group.checks.length > 0);
}

/** The whole in a sentence. */
export function summaryText(checks) {
  const count = (health) => checks.filter((check) => healthOfCheck(check) === health).length;
  const [bad, notes] = [count('bad'), count('note')];
  const noted = notes ? ` ${notes} ${notes === 1 ? 'thing is' : 'things are'} worth knowing.` : '';
  if (bad === 0) return `Nothing is wrong: ${checks.length} checks passed.${noted}`;
  return `${bad} of ${checks.length} checks failed.${noted}`;
}

export function checkElement(check) {
  const health = healthOfCheck(check);
  const element = make('li', { className: `check ${health}`, dataset: { check: check.name } },
    make('i', { className: 'dot', title: { bad: 'failed', note: 'worth knowing', good: 'fine' }[health] }),
    make('b', { textContent: check.name }), make('span', { textContent: check.message }));
  if (check.limit) {
    const meter = make('meter', { min: 0, max: check.limit, value: Math.min(check.used, check.limit), high: check.limit * 0.8 });
    meter.setAttribute('aria-label', `${check.name}: ${check.used} of ${check.limit}`);
    element.append(meter);
  }
  if (check.remedy) element.append(make('p', { className: 'remedy', textContent: check.remedy }));
  return element;
}
