// What a person types where an address belongs.

/**
 * The URL meant by `typed`: with its scheme where it has one that a guest opens, else as a host
 * under https; null for nothing. Whether it is a good one the server says.
 */
export function addressOf(typed) {
  const text = typed.trim();
  if (text === '') return null;
  if (/^(https?:\/\/|about:|data:)/i.test(text)) return text;
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?([/?#]|$)/i.test(text)) return `http://${text}`;
  return /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text) ? text : `https://${text}`;
}
