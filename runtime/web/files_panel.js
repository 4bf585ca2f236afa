// What the page shows of files: a menu, and a place to drop them.

import { byId, make } from './dom.js';
import { Files } from './files.js';
import { bytesText, fileText } from './words.js';

const keptAddressMs = 60_000;

export class FilesPanel {
  /** `stage` takes dropped files; `allowed()` whether this page is in control; `say(text)`. */
  constructor({ stage, allowed, say }) {
    Object.assign(this, { stage, allowed, say });
    this.files = new Files({ onChange: () => this.#drawSoon(), save });
    this.told = new Set();
    this.frame = 0;
    this.shown = '';
    this.readings = new Map(); // by transfer: the elements that tell how far it is
    byId('files-send').onclick = () => byId('files-input').click();
    byId('files-clear').onclick = () => this.files.clear();
    byId('files-input').onchange = () => {
      this.#send([...byId('files-input').files]);
      byId('files-input').value = '';
    };
    document.addEventListener('pointerdown', (event) => {
      if (!byId('files').contains(event.target)) byId('files').open = false;
    });
    this.#listen();
  }

  /** Takes a channel that the guest opened. */
  add(channel) {
    this.files.attach(channel);
  }

  draw() {
    const { files } = this;
    const may = this.allowed() && files.ready;
    byId('files').hidden = !may && files.transfers.length === 0;
    byId('files-send').disabled = !may;
    this.#drawLists();
    for (const each of files.transfers) {
      const { words, bar } = this.readings.get(each.id);
      words.textContent = fileText(each);
      if (bar) Object.assign(bar, { max: Math.max(each.bytes, 1), value: each.done });
    }
    this.#tell();
  }

  // One frame shows all that a burst of pieces changes.
  #drawSoon() {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  // Made anew only where something came, went or ended: buttons stay under the pointer.
  #drawLists() {
    const { transfers, listed } = this.files;
    const key = JSON.stringify([transfers.map(({ id, state, name }) => [id, state, name]), listed]);
    if (key === this.shown) return;
    this.shown = key;
    this.readings.clear();
    byId('files-transfers').replaceChildren(...transfers.map((each) => this.#transfer(each)));
    byId('files-clear').hidden = !transfers.some(isOver);
    byId('files-list').replaceChildren(...listed.map((each) => this.#listed(each)));
    byId('files-none').hidden = listed.length > 0;
    const active = transfers.filter((each) => !isOver(each)).length;
    byId('files-count').textContent = active > 0 ? String(active) : '';
  }

  // Where the menu is closed an end would go unseen.
  #tell() {
    for (const each of this.files.transfers) {
      if (!isOver(each) || this.told.has(each.id)) continue;
      this.told.add(each.id);
      if (each.reason !== 'cancelled' && !byId('files').open) this.say(`${each.name}: ${fileText(each)}`);
    }
  }

  #transfer(transfer) {
    const { id, name, state } = transfer;
    const words = make('small');
    const bar = isOver(transfer) ? null : make('progress', { aria: { label: name } });
    this.readings.set(id, { words, bar });
    const item = make('li', { dataset: { state } },
      make('span', { className: 'name', textContent: name, title: name }), words);
    if (bar) item.append(bar, make('button', { type: 'button', textContent: 'Cancel',
      aria: { label: `Cancel ${name}` }, onclick: () => this.files.cancel(id) }));
    return item;
  }

  #listed({ name, bytes }) {
    return make('li', {}, make('span', { className: 'name', textContent: name, title: name }),
      make('small', { textContent: bytesText(bytes) }),
      make('button', { type: 'button', textContent: 'Fetch', aria: { label: `Fetch ${name}` },
        onclick: () => this.files.download(name) }));
  }

  #listen() {
    const on = (type, handler) => this.stage.addEventListener(type, handler.bind(this));
    on('dragenter', this.#drag);
    on('dragover', this.#drag);
    on('dragleave', (event) => { if (!this.stage.contains(event.relatedTarget)) this.#mark(false); });
    on('drop', this.#drop);
  }

  #drag(event) {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = this.allowed() && this.files.ready ? 'copy' : 'none';
    this.#mark(event.dataTransfer.dropEffect === 'copy');
  }

  #drop(event) {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.#mark(false);
    // A folder is listed like a file, and can't be read as one.
    const isFolder = (item) => item.webkitGetAsEntry?.()?.isDirectory === true;
    const items = [...event.dataTransfer.items].filter((item) => item.kind === 'file');
    if (items.some(isFolder)) this.say('Folders can’t be sent; put them into an archive.');
    this.#send(items.filter((item) => !isFolder(item)).map((item) => item.getAsFile()).filter(Boolean));
  }

  #mark(on) {
    if (on) document.body.dataset.drop = 'yes';
    else delete document.body.dataset.drop;
  }

  #send(files) {
    if (files.length === 0) return;
    if (!this.allowed()) this.say('You are watching. Ask for control to send files.');
    else if (!this.files.ready) this.say('This guest takes no files.');
    else this.files.upload(files);
  }
}

function isOver({ state }) {
  return state === 'done' || state === 'failed';
}

function save(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = make('a', { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), keptAddressMs);
}
