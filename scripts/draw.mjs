// Turns a benchmark's figures into a program for gnuplot on standard output: one line a measure, the share of
// the samples that took at most so long; and a panel for each curve of how one thing grows with another. The picture goes beside the figures, as SVG.
// usage: node scripts/draw.mjs build/bench/NAME.json | gnuplot
import { readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
const { title, machine, measures: all, curves = [] } = JSON.parse(readFileSync(file, 'utf8'));
/** One sample is no distribution. */
const measures = all.filter(({ samples }) => samples.length > 1);
const plain = (text) => String(text).replace(/[\\"{}^_@&~]/g, ' ');
const quote = (text) => `"${plain(text)}"`;
const colours = ['#2f6fde', '#d9583b', '#2b9a66', '#8a5bd6', '#b7811a', '#4b5563'];

/** Groups measures of one unit: each unit is a panel of its own. */
const panels = Object.entries(Object.groupBy ? Object.groupBy(measures, (measure) => measure.unit)
  : measures.reduce((all, measure) => ({ ...all, [measure.unit]: [...(all[measure.unit] ?? []), measure] }), {}));

const lines = [
  `set terminal svg size 900,${120 + 320 * (panels.length + curves.length)} dynamic background "white" font "DejaVu Sans,13"`,
  `set output '${file.replace(/\.json$/, '.svg')}'`,
  `set multiplot layout ${panels.length + curves.length},1 title "${plain(title)}\\n{/*0.75 ${plain(`${machine.cores} × ${machine.cpu}`)}}"`,
  'set grid lc "#dddddd"',
  'set border 3 lc "#888888"',
  'set tics nomirror',
  'set yrange [0:100]',
  'set ylabel "% of samples"',
  'set key bottom right',
];
panels.forEach(([unit, group], panel) => {
  const largest = Math.max(...group.map((measure) => measure.max));
  const smallest = Math.min(...group.flatMap((measure) => measure.samples));
  lines.push(`set xlabel ${quote(unit)}`);
  lines.push(largest > 50 * smallest && smallest > 0 ? 'set logscale x' : 'unset logscale x; set xrange [0:*]');
  group.forEach((measure, index) => {
    const sorted = [...measure.samples].sort((a, b) => a - b);
    lines.push(`$panel${panel}_${index} << END`, ...sorted.map((value, rank) => `${value} ${(100 * (rank + 1)) / sorted.length}`), 'END');
  });
  lines.push(`plot ${group.map((measure, index) => `$panel${panel}_${index} using 1:2 with lines lw 2 lc rgb "${colours[index % colours.length]}" `
    + `title ${quote(`${measure.name}: p50 ${measure.p50.toFixed(1)}, p99 ${measure.p99.toFixed(1)}`)}`).join(', \\\n  ')}`);
});
curves.forEach((curve, panel) => {
  const points = Object.values(curve.lines).flat();
  const largest = Math.max(...points.map(([x]) => x));
  const smallest = Math.min(...points.map(([x]) => x));
  lines.push('set key top right', `set title ${quote(curve.name)}`, `set xlabel ${quote(curve.x)}`, `set ylabel ${quote(curve.y)}`,
    'set yrange [0:*]', 'set xrange [*:*]', largest > 500 * smallest ? 'set logscale x' : 'unset logscale x');
  Object.entries(curve.lines).forEach(([, line], index) => {
    lines.push(`$curve${panel}_${index} << END`, ...line.map(([x, y]) => `${x} ${y}`), 'END');
  });
  lines.push(`plot ${Object.keys(curve.lines).map((name, index) => `$curve${panel}_${index} using 1:2 with linespoints pt 7 ps 0.5 lw 2 `
    + `lc rgb "${colours[index % colours.length]}" title ${quote(name)}`).join(', \\\n  ')}`);
});
lines.push('unset multiplot');
console.log(lines.join('\n'));
