// Runs clang-tidy over the sources of a compilation database, as many at once as there are cores.
// A source whose text, included headers of ours and settings are as they were when it last passed is skipped.
// usage: node scripts/tidy.mjs BUILD-FOLDER CACHE-FOLDER
import { spawn, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';

const [build, cache] = process.argv.slice(2);
const root = process.cwd();
const version = execFileSync('clang-tidy', ['--version'], { encoding: 'utf8' });
const settings = version + readFileSync('.clang-tidy', 'utf8');

/** The file's text and that of every header of ours it includes, directly or not. */
function collect(file, seen = new Map()) {
  if (seen.has(file) || !existsSync(file)) return seen;
  const text = readFileSync(file, 'utf8');
  seen.set(file, text);
  for (const [, name] of text.matchAll(/^#include "([^"]+)"/gm)) collect(path.join(root, name), seen);
  return seen;
}

function keyOf(file) {
  const hash = createHash('sha256').update(settings);
  for (const [name, text] of collect(file)) hash.update(path.relative(root, name)).update('\0').update(text);
  return path.join(cache, hash.digest('hex'));
}

function check(file) {
  return new Promise((resolve) => {
    const child = spawn('clang-tidy', ['--quiet', '-p', build, file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let noise = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (noise += data));
    child.on('close', (code) => resolve({ passed: code === 0, output: output || noise }));
  });
}

async function work(queue, failed) {
  for (let job = queue.shift(); job; job = queue.shift()) {
    const { passed, output } = await check(job.file);
    if (passed) writeFileSync(job.key, '');
    else {
      failed.push(job.file);
      console.error(output);
    }
  }
}

mkdirSync(cache, { recursive: true });
const tracked = new Set(execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.cpp'], { encoding: 'utf8' }).split('\n'));
const sources = JSON.parse(readFileSync(path.join(build, 'compile_commands.json'), 'utf8'))
  .map((entry) => entry.file)
  .filter((file, index, all) => tracked.has(path.relative(root, file)) && all.indexOf(file) === index)
  // Unit tests would double the time and are judged by running them.
  .filter((file) => !file.endsWith('.test.cpp'));
const queue = sources.map((file) => ({ file, key: keyOf(file) })).filter(({ key }) => !existsSync(key));
console.error(`clang-tidy: ${queue.length} of ${sources.length} sources changed`);
const failed = [];
const workers = availableParallelism ? availableParallelism() : cpus().length;
await Promise.all(Array.from({ length: workers }, () => work(queue, failed)));
process.exit(failed.length ? 1 : 0);
