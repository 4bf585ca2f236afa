// A certified OpenID provider on loopback for the tests of log-ins: npm's oidc-provider, with pages
// of our own that a test can see and type into. Prints `issuer URL`, then a line for each page that
// it shows (`shown login`, `shown wrong`, `shown consent`, `shown code`, `shown confirm`, `shown
// done`, `shown silence`).
//
// oidc_provider.mjs [--stay-silent]: the latter never sends the browser back after the log-in.

import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const passwords = { ada: 'lovelace1815', grace: 'hopper1906' };
const staysSilent = process.argv.includes('--stay-silent');
const say = (line) => process.stdout.write(`${line}\n`);

// A colour of its own for each page, so that a test sees in the stream which one it is, and a lighter
// one once a click anywhere has given its first field the keyboard. Before that nobody may type: a
// click may be handled after the keys that followed it, and a window that has no focus yet hears none.
function page(name, colour, body) {
  say(`shown ${name}`);
  const lighter = colour.map((part) => part + 50);
  return `<!doctype html><html><head><meta charset="utf-8"><title>${name}</title></head>
<body style="margin:0;background:rgb(${colour});height:100vh;font:24px sans-serif">${body}
<script>const first = document.querySelector('[autofocus]');
let isClicked = false;
const shade = () => {
  const listens = isClicked && document.hasFocus() && document.activeElement === first;
  document.body.style.background = listens ? 'rgb(${lighter})' : 'rgb(${colour})';
};
for (const type of ['focus', 'blur']) addEventListener(type, shade, true);
onclick = () => { isClicked = true; first?.focus(); shade(); };
first?.focus();</script></body></html>`;
}

const loginForm = (uid) => `<form method="post" action="/interaction/${uid}/login" autocomplete="off">
<input name="login" autofocus> <input name="password" type="password"> <button>Sign in</button></form>`;
const consentForm = (uid) => `<form method="post" action="/interaction/${uid}/confirm">
<button autofocus>Allow</button></form>`;

async function bodyOf(request) {
  let text = '';
  for await (const part of request) text += part;
  return new URLSearchParams(text);
}

function start(port) {
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [{ client_id: 'aerie-oidc', application_type: 'native', token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/callback'], response_types: ['code'],
      grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'] }],
    cookies: { keys: ['of a test'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: (ctx, form) => { ctx.body = page('code', [90, 90, 90], form); },
        userCodeConfirmSource: (ctx, form) => {
          ctx.body = page('confirm', [150, 110, 20],
            `${form}<button autofocus type="submit" form="op.deviceConfirmForm">Yes</button>`);
        },
        successSource: (ctx) => { ctx.body = page('done', [20, 140, 60], 'Done'); },
      },
    },
  });
  const answer = provider.callback();

  async function interact(request, response, action) {
    const details = await provider.interactionDetails(request, response);
    const html = (text) => response.setHeader('Content-Type', 'text/html; charset=utf-8').end(text);
    if (action === 'login') {
      const form = await bodyOf(request);
      const name = form.get('login');
      if (!Object.hasOwn(passwords, name) || form.get('password') !== passwords[name])
        return html(page('wrong', [170, 40, 40], loginForm(details.uid)));
      if (staysSilent) return html(page('silence', [40, 120, 120], 'One moment'));
      return provider.interactionFinished(request, response, { login: { accountId: name } });
    }
    if (action === 'confirm') {
      const grant = new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
      grant.addOIDCScope('openid');
      return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } },
        { mergeWithLastSubmission: true });
    }
    if (details.prompt.name === 'login') return html(page('login', [30, 60, 160], loginForm(details.uid)));
    return html(page('consent', [120, 40, 140], consentForm(details.uid)));
  }

  return (request, response) => {
    const [, action] = /^\/interaction\/[^/]+(?:\/(login|confirm))?$/.exec(request.url) ?? [null, null];
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    return interact(request, response, action ?? null).catch((error) => {
      say(`error ${error.message}`);
      response.writeHead(500).end();
    });
  };
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  server.on('request', start(port));
  say(`issuer http://127.0.0.1:${port}`);
});
