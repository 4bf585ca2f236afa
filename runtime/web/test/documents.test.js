import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import vm from 'node:vm';

const read = (name) => readFile(new URL(`../${name}`, import.meta.url), 'utf8');
const addresses = (document, what) => [...document.matchAll(what)].map(([, address]) => address);

for (const name of ['index', 'viewer', 'console', 'doctor']) {
  test(`${name}.html watches its loading before it names anything, and has one module`, async () => {
    const document = await read(`${name}.html`);
    assert.deepEqual(addresses(document, /<script type="module" src="([^"]+)"/g), [`/web/${name}.js`]);
    assert.equal(addresses(document, /(?:src|href)="([^"#]+)"/g)[0], '/web/loading.js');
  });
}

test('the start page loads the viewer ahead', async () => {
  assert.deepEqual(addresses(await read('index.html'), /modulepreload" href="([^"]+)"/g), ['/web/viewer.js']);
});

describe('a page that does not load whole', () => {
  const source = read('loading.js').then((text) => new vm.Script(text));

  /** A document that runs the script, with what the browser would do for it. */
  async function loaded({ state = null } = {}) {
    const page = { reloads: 0, waits: [], said: [], history: { state } };
    const listeners = {};
    const document = { body: { prepend: (element) => page.said.push(element) }, createElement: () => ({}) };
    page.history.replaceState = (next) => { page.history.state = next; };
    (await source).runInNewContext({ document, history: page.history,
      location: { reload: () => { page.reloads += 1; } },
      setTimeout: (job, ms) => { page.waits.push(ms); page.fire = job; return page.waits.length; },
      addEventListener: (name, listener) => { listeners[name] = listener; } });
    page.fails = (target) => listeners.error({ target });
    page.happens = (name) => listeners[name]();
    return page;
  }
  const script = { tagName: 'SCRIPT', src: 'http://host/v/1/web/viewer.js' };

  test('says what is missing and is loaded again', async () => {
    const page = await loaded();
    page.fails(script);
    assert.match(page.said[0].textContent, /viewer\.js is missing/);
    assert.equal(page.said[0].role, 'alert');
    assert.deepEqual(page.waits, [250]);
    page.fire();
    assert.equal(page.reloads, 1);
  });

  test('is loaded again once for all that is missing, or when the network is back', async () => {
    const page = await loaded();
    page.fails(script);
    page.fails({ tagName: 'LINK', rel: 'stylesheet', href: 'http://host/web/base.css' });
    assert.equal(page.waits.length, 1);
    page.happens('online');
    assert.equal(page.reloads, 1);
  });

  test('waits longer each time, ten seconds at most', async () => {
    const waits = [];
    let state = null;
    for (let i = 0; i < 7; ++i) {
      const page = await loaded({ state });
      page.fails(script);
      waits.push(...page.waits);
      state = { ...page.history.state };
    }
    assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 10_000]);
  });

  test('is left as it is where a style sheet never comes', async () => {
    const style = { tagName: 'LINK', rel: 'stylesheet', href: 'http://host/web/base.css' };
    let page = await loaded({ state: { failed: 2 } });
    page.fails(style);
    assert.equal(page.waits.length, 1);
    page = await loaded({ state: page.history.state });
    page.fails(style);
    assert.equal(page.waits.length, 0);
    page.fails(script);
    assert.equal(page.waits.length, 1);
  });

  test('counts anew once it came whole', async () => {
    const page = await loaded({ state: { failed: 3 } });
    page.happens('load');
    assert.equal(page.history.state, null);
  });

  test('is left alone for a picture, and for what runs and throws', async () => {
    const page = await loaded();
    page.fails({ tagName: 'IMG', src: 'http://host/a.png' });
    page.fails({ tagName: 'LINK', rel: 'modulepreload', href: 'http://host/web/viewer.js' });
    page.fails(undefined);
    assert.deepEqual([page.waits, page.said], [[], []]);
  });
});
