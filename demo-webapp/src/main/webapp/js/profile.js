import { h } from './dom.js';

/** Asks for name and colour; resolves to `{ name, color }`, or to null if the visitor would rather not say. */
export function askForProfile(me, isFirst) {
  return new Promise((resolve) => {
    const name = h('input', { id: 'profile-name', name: 'name', maxlength: 24, required: true, autocomplete: 'nickname', value: me.chosen ? me.name : '', placeholder: me.name });
    const colors = me.colors.map((color) =>
      h('label', { class: 'swatch', 'data-color': color, title: color },
        h('input', { type: 'radio', name: 'color', value: color, checked: color === me.color }),
        h('span', { class: 'sr' }, color),
      ),
    );
    const dialog = h('dialog', { class: 'profile', 'aria-labelledby': 'profile-title' },
      h('form', { method: 'dialog', class: 'card', onsubmit: () => (dialog.returnValue = 'chosen') },
        h('h2', { id: 'profile-title' }, isFirst ? 'Welcome aboard' : 'You in this demo'),
        h('p', { class: 'note' }, 'Pick a name and a colour, so that others see who is there. No account, no password.'),
        h('label', { for: 'profile-name' }, 'Name'),
        name,
        h('fieldset', {}, h('legend', {}, 'Colour'), h('div', { class: 'swatches' }, colors)),
        h('div', { class: 'buttons' },
          h('button', { type: 'button', class: 'secondary outline', onclick: () => dialog.close('') }, isFirst ? `Stay ${me.name}` : 'Cancel'),
          h('button', { type: 'submit', value: 'chosen' }, isFirst ? 'Come in' : 'Save'),
        ),
      ),
    );
    dialog.addEventListener('close', () => {
      const color = dialog.querySelector('input[name=color]:checked').value;
      resolve(dialog.returnValue === 'chosen' && name.value.trim() ? { name: name.value.trim(), color } : null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    name.focus();
  });
}
