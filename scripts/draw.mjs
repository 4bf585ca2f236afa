// Turns a benchmark's figures into a program for gnuplot on standard output: one line a measure, the share of
// the samples that took at most so long; and a panel for each curve of how one thing grows with another, over which bars say
// where there was nothing. The picture goes beside the figures, as SVG.
// usage: node scripts/draw.mjs build/bench/NAME.json [--curves] | gnuplot   (--curves: nothing but those)
import { readFileSync } from 'node:fs';

const [file, option] = process.argv.slice(2);
const { title, machine, measures: all, curves: drawn = [] } = JSON.parse(readFileSync(file, 'utf8'));
/** One sample is no distribution. */
const measures = all.filter(({ samples }) => samples.length > 1 && option !== '--curves');
const curves = drawn.filter((curve) => Object.keys(curve.lines).length > 0);
const plain = (text) => String(text).replace(/[\\"{}^_@&~]/g, ' ');
const quote = (text) => `"${plain(text)}"`;
const colours = ['#2f6fde', '#d9583b', '#2b9a66', '#8a5bd6', '#b7811a', '#4b5563'];
const mostLines = 9; // that one can tell apart

const grouped = (list, keyOf) => [...list.reduce((groups, each) =>
  groups.set(keyOf(each), [...(groups.get(keyOf(each)) ?? []), each]), new Map()).values()];
/** `CASE, CONTESTANT: WHAT`. */
const caseOf = ({ name }) => name.split(', ')[0];

/** Each unit is a panel of its own; where that are too many lines, each case of it. */
const panels = grouped(measures, ({ unit }) => unit)
  .flatMap((group) => (group.length > mostLines ? grouped(group, caseOf) : [group]));
/** Many panels stand in two columns, distributions left and curves right. */
const columns = panels.length + curves.length > 6 ? 2 : 1;
const half = Math.ceil((panels.length + curves.length) / 2);
const rows = columns === 1 ? panels.length + curves.length : Math.max(half, panels.length > 0 ? curves.length : 0);

const lines = [
  `set terminal svg size ${columns * 900},${120 + 320 * rows} dynamic background "white" font "DejaVu Sans,13"`,
  `set output '${file.replace(/\.json$/, '.svg')}'`,
  `set multiplot layout ${rows},${columns} columnsfirst title "${plain(title)}\\n{/*0.75 ${plain(`${machine.cores} × ${machine.cpu}`)}}"`,
  'set grid lc "#dddddd"',
  'set border 3 lc "#888888"',
  'set tics nomirror',
  'set yrange [0:100]',
  'set ylabel "% of samples"',
  'set key bottom right',
];
panels.forEach((group, panel) => {
  const largest = Math.max(...group.map((measure) => measure.max));
  const smallest = Math.min(...group.flatMap((measure) => measure.samples));
  lines.push(`set xlabel ${quote(group[0].unit)}`);
  lines.push(largest > 50 * smallest && smallest > 0 ? 'set xrange [*:*]; set logscale x' : 'unset logscale x; set xrange [0:*]');
  group.forEach((measure, index) => {
    const sorted = [...measure.samples].sort((a, b) => a - b);
    lines.push(`$panel${panel}_${index} << END`, ...sorted.map((value, rank) => `${value} ${(100 * (rank + 1)) / sorted.length}`), 'END');
  });
  lines.push(`plot ${group.map((measure, index) => `$panel${panel}_${index} using 1:2 with lines lw 2 lc rgb "${colours[index % colours.length]}" `
    + `dt ${1 + Math.floor(index / colours.length)} title ${quote(`${measure.name}: p50 ${measure.p50.toFixed(1)}, p99 ${measure.p99.toFixed(1)}`)}`).join(', \\\n  ')}`);
});
if (columns === 2 && panels.length > 0) for (let empty = panels.length; empty < rows; empty += 1) lines.push('set multiplot next');

/** Where a line says that there was nothing: a bar on the panel's upper edge, and no line. */
const gapsOf = (line) => line.slice(1).flatMap(([until, end], index) => (end === null && line[index][1] === null ? [[line[index][0], until]] : []));

/** One of the same name has the same colour in every panel. */
const names = [...new Set(curves.flatMap((curve) => Object.keys(curve.lines)))];
const colourOf = (name) => colours[names.indexOf(name) % colours.length];

curves.forEach((curve, panel) => {
  const own = Object.keys(curve.lines);
  const points = Object.values(curve.lines).flat();
  const heights = points.map(([, y]) => y).filter((y) => y !== null);
  const xs = points.map(([x]) => x);
  const isWide = (values, ratio) => Math.max(...values) > ratio * Math.min(...values);
  const isLogarithmic = heights.length > 0 && Math.min(...heights) > 0 && isWide(heights, 30);
  const gaps = Object.values(curve.lines).map(gapsOf);
  const hasGaps = gaps.some((all) => all.length > 0);
  lines.push('set key outside right top', `set title ${quote(curve.name + (hasGaps ? ' (bars: nothing came)' : ''))} offset 0,${hasGaps ? 1 : 0}`,
    `set xlabel ${quote(curve.x)}`, `set ylabel ${quote(curve.y)}`,
    isLogarithmic ? 'set yrange [*:*]; set logscale y' : `unset logscale y; set yrange [0:${heights.length > 0 ? '*' : '1'}]`,
    isWide(xs, 500) && Math.min(...xs) > 0 ? 'set xrange [*:*]; set logscale x' : `unset logscale x; set xrange [${hasGaps ? `${Math.min(...xs)}:${Math.max(...xs)}` : '*:*'}]`,
    'unset arrow', ...gaps.flatMap((all, index) => all.map(([from, until]) =>
      `set arrow from first ${from}, graph ${1.03 + 0.03 * index} to first ${until}, graph ${1.03 + 0.03 * index} nohead lw 5 lc rgb "${colourOf(own[index])}"`)));
  Object.values(curve.lines).forEach((line, index) => {
    lines.push(`$curve${panel}_${index} << END`, ...line.map(([x, y]) => (y === null ? '' : `${x} ${y}`)), 'END');
  });
  lines.push(`plot ${Object.entries(curve.lines).map(([name, line], index) =>
    `${line.some(([, y]) => y !== null) ? `$curve${panel}_${index} using 1:2` : 'NaN'} with linespoints pt 7 ps 0.5 lw 2 `
    + `lc rgb "${colourOf(name)}" title ${quote(name)}`).join(', \\\n  ')}`);
});
lines.push('unset multiplot');
console.log(lines.join('\n'));
