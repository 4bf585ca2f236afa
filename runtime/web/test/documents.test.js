import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { test } from 'node:test';

const root = new URL('../../../', import.meta.url);

/** The files of packages by their addresses. */
const vendored = new Map((await readFile(new URL('runtime/web/vendor.txt', root), 'utf8')).trim().split('\n')
  .map((line) => line.split(' ').reverse()));

/** The source of a module by its address, as runtime/web/vendor.txt maps it. */
function sourceOf(address) {
  const path = address.startsWith('/web/') ? `runtime${address}` : vendored.get(address);
  return readFile(new URL(path, root), 'utf8');
}

/** Adds every module that one imports, directly or not. */
async function collect(address, found) {
  if (found.has(address)) return;
  found.add(address);
  for (const [, name] of (await sourceOf(address)).matchAll(/^(?:import|export)[^;'"]*from\s*['"]([^'"]+)['"]/gm))
    await collect(posix.join(posix.dirname(address), name), found);
}

/** What a document loads ahead, and its own module. */
async function loadedBy(name) {
  const document = await readFile(new URL(`../${name}`, import.meta.url), 'utf8');
  return [...document.matchAll(/(?:modulepreload" href|module" src)="([^"]+)"/g)].map(([, address]) => address).sort();
}

test('the console loads its modules ahead, and only those', async () => {
  const wanted = new Set();
  await collect('/web/console.js', wanted);
  assert.ok(wanted.has('/vendor/uplot/uPlot.esm.js'));
  assert.deepEqual(await loadedBy('console.html'), [...wanted].sort());
});

test('the doctor loads its modules ahead, and only those', async () => {
  const wanted = new Set();
  await collect('/web/doctor.js', wanted);
  assert.deepEqual(await loadedBy('doctor.html'), [...wanted].sort());
});

test('both documents load the modules of the viewer ahead, and only those', async () => {
  const wanted = new Set();
  await collect('/web/viewer.js', wanted);
  assert.ok(wanted.size > 20);
  for (const name of ['index.html', 'viewer.html']) {
    const loaded = await loadedBy(name);
    assert.deepEqual(loaded.filter((address) => address !== '/web/index.js'), [...wanted].sort(), name);
  }
});
