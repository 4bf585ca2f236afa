// Comes before all else that a document loads, and is no module: where something of that does not come, as on a network
// that changes meanwhile, a page would stay as it was sent and do nothing. This says so, and loads it again, later each time.

(() => {
  const firstMs = 250;
  const mostMs = 10_000;
  const mostForStyle = 3; // a page without it is still of use, and what blocks it may do so for good
  let again = null;

  function wait(name, most = Infinity) {
    const failed = (history.state?.failed ?? 0) + 1;
    if (again !== null || failed > most) return;
    history.replaceState({ failed }, '');
    again = setTimeout(() => location.reload(), Math.min(mostMs, firstMs * 2 ** (failed - 1)));
    // A browser that is offline tells when it no longer is.
    addEventListener('online', () => location.reload(), { once: true });
    const say = () => {
      const words = Object.assign(document.createElement('p'), { className: 'noscript', role: 'alert',
        textContent: `This page did not load whole: ${name} is missing. It is loaded again.` });
      document.body.prepend(words);
    };
    if (document.body) say();
    else addEventListener('DOMContentLoaded', say);
  }

  addEventListener('load', () => { if (again === null && history.state?.failed) history.replaceState(null, ''); });

  // What cannot be loaded tells its element only, and on the way to it this.
  addEventListener('error', ({ target }) => {
    const isStyle = target?.tagName === 'LINK' && target.rel === 'stylesheet';
    const address = target?.tagName === 'SCRIPT' ? target.src : isStyle && target.href;
    if (address) wait(address.slice(address.lastIndexOf('/') + 1), isStyle ? mostForStyle : Infinity);
  }, true);
})();
