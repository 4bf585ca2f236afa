// When to open the socket again after it closed, and whether at all.

const firstMs = 250;
const maxMs = 10_000;

/**
 * Milliseconds to wait before attempt `attempt` (1 is the first after a loss, which is at once),
 * with up to 25 % taken off at random so that many pages do not return together.
 */
export function reconnectDelay(attempt, random = Math.random) {
  if (attempt <= 1) return 0;
  const full = Math.min(maxMs, firstMs * 2 ** (attempt - 2));
  return Math.round(full * (1 - 0.25 * random()));
}

/**
 * What a close code (RFC 6455 section 7.4 and the server's own) means for the page:
 * `retry` whether to reconnect by itself, `slow` whether the first attempt waits too.
 */
export function closePolicy(code) {
  switch (code) {
    case 1000: // the session has ended
    case 1008: // refused: another attempt would be too
    case 4001: // the same viewer was opened elsewhere, which would close that one in turn
      return { retry: false, slow: false };
    case 1012: // the controller restarts
    case 1013: // we were too slow to read
      return { retry: true, slow: true };
    default:
      return { retry: true, slow: false };
  }
}
