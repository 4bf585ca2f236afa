// The small charts: rates and depths as they pass, restarts by the minute.

import uPlot from '../vendor/uplot/uPlot.esm.js';
import { make } from './dom.js';

const height = 64;

/** A line of the last `span` values, one at a time, with the newest in large beside its name. */
export class LineChart {
  constructor({ host, label, format = (value) => String(value), span = 240, isBars = false, tint = '--accent' }) {
    Object.assign(this, { host, format, span, isBars, tint });
    this.times = [];
    this.values = [];
    this.reading = make('b', { textContent: '–' });
    this.canvas = make('div', { className: 'plot' });
    host.replaceChildren(make('p', { className: 'reading' }, make('span', { textContent: label }), this.reading), this.canvas);
    this.observer = new ResizeObserver(() => this.#build());
    this.observer.observe(this.canvas);
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.onScheme = () => this.#build();
    this.scheme.addEventListener('change', this.onScheme);
  }

  /** Adds a value; `at` in seconds. */
  push(at, value) {
    this.times.push(at);
    this.values.push(value);
    while (this.times.length > this.span) {
      this.times.shift();
      this.values.shift();
    }
    this.#show();
  }

  /** Shows these values instead; `reading` in large. */
  replace(times, values, reading) {
    Object.assign(this, { times, values });
    this.#show(reading);
  }

  close() {
    this.observer.disconnect();
    this.scheme.removeEventListener('change', this.onScheme);
    this.plot?.destroy();
    this.plot = null;
  }

  #show(reading = this.format(this.values.at(-1) ?? 0)) {
    if (this.reading.textContent !== reading) this.reading.textContent = reading;
    this.plot?.setData([this.times, this.values]);
  }

  // Its colours are the page's: they are read anew where these change.
  #build() {
    const width = this.canvas.clientWidth;
    if (width === 0) return;
    this.plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const colour = style.getPropertyValue(this.tint).trim();
    const bars = this.isBars ? { paths: uPlot.paths.bars({ size: [0.7, 14], radius: 0.3 }), fill: colour } : { fill: `${colour}22` };
    this.plot = new uPlot({
      width, height, padding: [4, 0, 0, 0],
      cursor: { show: false }, legend: { show: false }, select: { show: false },
      scales: { x: { time: true, ...(this.isBars ? { range: wholeBars } : {}) },
        y: { range: (plot, low, high) => (this.isBars ? [0, rangeFor(high)[1]] : rangeFor(high)) } },
      axes: [{ show: false }, { show: false }],
      series: [{}, { stroke: colour, width: 1.6, points: { show: false }, ...bars }],
    }, [this.times, this.values], this.canvas);
  }
}

/** The range of a chart whose highest value is `high`: a little below 0, so that a line of nothing is seen. */
export function rangeFor(high) {
  const top = Math.max(high ?? 0, 1) * 1.15;
  return [-0.04 * top, top];
}

// The first and the last minute's bars are as wide as the others.
function wholeBars(plot, low, high) {
  return [low - 30, high + 30];
}

/** Counts instants (ms) by the minute over the last `minutes` before `now` (ms): {times, counts}. */
export function byMinute(instants, now, minutes = 30) {
  const end = Math.floor(now / 60_000);
  const times = Array.from({ length: minutes }, (_, i) => (end - minutes + 1 + i) * 60);
  const counts = times.map(() => 0);
  for (const instant of instants) {
    const index = Math.floor(instant / 60_000) - (end - minutes + 1);
    if (index >= 0 && index < minutes) counts[index] += 1;
  }
  return { times, counts };
}
