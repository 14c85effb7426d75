import { guard, notify } from './app.js';
import { $, h, icon, play, setText } from './dom.js';
import { avatar } from './people.js';

/** One line of a to-do list. What it writes names the version that was seen; if that is not the newest any more, the visitor chooses. */
export class TodoItem {
  element;
  #todo;
  #order = [];
  #base = null; // the row as it was when editing began
  #on;

  /** @param on `edit(id)`: which line this visitor edits, null for none; `move(id, after)`; `write(method, path, body)` */
  constructor(todo, on) {
    this.#todo = todo;
    this.#on = on;
    const button = (name, label, onclick) => h('button', { type: 'button', class: `icon ${name}`, 'aria-label': label, title: label, onclick }, icon(name));
    this.element = h('li', { class: 'todo' },
      h('div', { class: 'line' },
        h('span', { class: 'grip', draggable: 'true', title: 'Drag to reorder', 'aria-hidden': 'true' }, icon('grip')),
        h('input', { type: 'checkbox', onchange: guard((event) => this.#tick(event.target.checked)) }),
        h('button', { type: 'button', class: 'plain text', title: 'Edit', onclick: () => this.#beginEdit() }),
        h('span', { class: 'unsaved', role: 'img', 'aria-label': 'Not saved yet' , title: 'Will be saved when the network is back' }, icon('cloud')),
        h('span', { class: 'others' }),
        h('span', { class: 'tools' },
          button('up', 'Move up', guard(() => this.#move(-1))),
          button('down', 'Move down', guard(() => this.#move(1))),
          button('trash', 'Delete', guard(() => this.#on.remove(this.#todo))),
        ),
      ),
    );
  }

  get id() {
    return this.#todo.id;
  }

  /** Shows the row; `all` are the rows of its list in their order. */
  show(todo, all) {
    this.#todo = todo;
    this.#order = all.map((each) => each.id);
    this.element.classList.toggle('done', todo.done);
    this.element.classList.toggle('waiting', todo.waiting === true);
    const box = $('input[type=checkbox]', this.element);
    box.checked = todo.done;
    box.setAttribute('aria-label', `Done: ${todo.text}`);
    const text = $('.text', this.element);
    setText(text, todo.text);
    text.setAttribute('aria-label', `Edit: ${todo.text}`);
    const place = this.#order.indexOf(todo.id);
    // a line that the server does not know yet can only be taken back
    const isNew = todo.version === 0;
    box.disabled = text.disabled = isNew;
    $('.up', this.element).disabled = isNew || place === 0;
    $('.down', this.element).disabled = isNew || place === this.#order.length - 1;
  }

  /** Somebody, perhaps we, changed the row. */
  changed(row, old) {
    if (!old || row.text !== old.text || row.done !== old.done) play(this.element, 'flash');
    if (this.#base && !$('.conflict', this.element) && row.version !== this.#base.version && row.text !== this.#base.text) {
      this.#hint(`Meanwhile it says: “${row.text}”`);
    }
  }

  /** Who else edits this line now. */
  showEditors(people) {
    const others = $('.others', this.element);
    this.element.dataset.color = people[0]?.color ?? '';
    this.element.classList.toggle('edited', people.length > 0);
    others.replaceChildren(...people.slice(0, 2).map(avatar), people.length ? h('span', {}, `${people.map((each) => each.name).join(', ')} editing`) : '');
  }

  /** The row was deleted, or another list is shown. */
  gone() {
    if (this.#base) {
      this.#on.edit(null);
      notify('The item that you were editing is gone.', 'bad');
    }
  }

  #move(by) {
    const others = this.#order.filter((id) => id !== this.id);
    const place = this.#order.indexOf(this.id) + by;
    return this.#on.move(this.id, place === 0 ? null : others[place - 1]);
  }

  #tick(done) {
    return this.#write({ done }, this.#todo);
  }

  #beginEdit() {
    if (this.#base) return;
    this.#base = this.#todo;
    const input = h('input', { name: 'text', value: this.#todo.text, maxlength: 300, required: true, 'aria-label': 'Text of the item', autocomplete: 'off' });
    const form = h('form', { class: 'edit inline', onsubmit: guard(() => this.#save(input.value.trim())) },
      input,
      h('button', { type: 'submit' }, 'Save'),
      h('button', { type: 'button', class: 'secondary outline', onclick: () => this.#endEdit() }, 'Cancel'),
    );
    form.addEventListener('keydown', (event) => event.key === 'Escape' && this.#endEdit());
    this.element.classList.add('editing');
    this.element.append(form);
    input.select();
    this.#on.edit(this.id);
  }

  #endEdit() {
    const hadFocus = this.element.contains(document.activeElement);
    this.#base = null;
    for (const element of this.element.querySelectorAll('form, .conflict, .hint')) element.remove();
    this.element.classList.remove('editing');
    if (hadFocus) $('.text', this.element).focus();
    this.#on.edit(null);
  }

  #hint(text) {
    let hint = $('.hint', this.element);
    if (!hint) {
      hint = h('p', { class: 'hint note', role: 'status' });
      this.element.append(hint);
    }
    setText(hint, text);
  }

  async #save(text) {
    if (!text || text === this.#base.text) return this.#endEdit();
    if (await this.#write({ text }, this.#base)) this.#endEdit();
  }

  /** Writes on top of what was seen; answers whether it was done, or will be. A conflict becomes a choice. */
  async #write(change, { version, text, done }) {
    try {
      await this.#on.write('PATCH', `todos/${this.id}`, { baseVersion: version, was: { text, done }, ...change });
      return true;
    } catch (error) {
      this.show(this.#todo, this.#order.map((id) => ({ id }))); // the tick goes back
      if (error.status !== 409) throw error;
      this.#decide(change, error.problem.current);
      return false;
    }
  }

  async #decide(change, theirs) {
    const keepsMine = await this.ask(change, theirs);
    if (!keepsMine || (await this.#write(change, theirs))) this.#endEdit();
  }

  /** Somebody was first: resolves to whether our change is to count all the same. */
  ask(change, theirs) {
    $('.conflict', this.element)?.remove();
    $('.hint', this.element)?.remove();
    const mine = { text: theirs.text, done: theirs.done, ...change };
    const words = ({ text, done }) => [h('span', { class: 'box', role: 'img', 'aria-label': done ? 'done' : 'open' }, done ? '☑' : '☐'), ` ${text}`];
    return new Promise((resolve) => {
      const answer = (keepsMine) => () => {
        panel.remove();
        resolve(keepsMine);
      };
      const keep = h('button', { type: 'button', onclick: answer(true) }, 'Keep mine');
      const take = h('button', { type: 'button', class: 'secondary', onclick: answer(false) }, 'Take theirs');
      const panel = h('div', { class: 'conflict', role: 'alertdialog', 'aria-label': 'Somebody changed this item first' },
        h('p', {}, h('strong', {}, 'Somebody changed this item while you did.')),
        h('dl', {}, h('dt', {}, 'Theirs'), h('dd', { class: 'theirs' }, words(theirs)), h('dt', {}, 'Yours'), h('dd', { class: 'mine' }, words(mine))),
        h('div', { class: 'buttons' }, keep, take),
      );
      this.element.append(panel);
      keep.focus();
    });
  }
}
