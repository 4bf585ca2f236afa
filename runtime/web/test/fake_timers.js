/**
 * Timers that the test turns, with those that they set in turn. Not those of node:test: in Node 18 clearing one that has
 * fired removes another.
 */
export function fakeTimers(t) {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval };
  t.after(() => Object.assign(globalThis, real));
  const timers = new Map();
  let now = 0;
  let newest = 0;
  const add = (job, ms = 0, every = null) => {
    newest += 1;
    timers.set(newest, { job, at: now + Math.max(ms, 0), every });
    return newest;
  };
  const remove = (id) => { timers.delete(id); };
  Object.assign(globalThis, { setTimeout: (job, ms) => add(job, ms), clearTimeout: remove,
    setInterval: (job, ms) => add(job, ms, ms), clearInterval: remove });
  return (ms) => {
    const end = now + ms;
    for (;;) {
      const [id, next] = [...timers].sort(([, one], [, other]) => one.at - other.at)[0] ?? [];
      if (!next || next.at > end) break;
      now = next.at;
      if (next.every === null) timers.delete(id);
      else next.at += next.every;
      next.job();
    }
    now = end;
  };
}
