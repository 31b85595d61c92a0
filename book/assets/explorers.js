// Brings up every <div data-widget="NAME" data-state='{…}'>fallback</div> of a page.
// An explorer is a module NAME.js of the form `export default { render({ model, el }) }`, the interface of anywidget;
// here its model is a plain object, in JupyterLab and Colab it is a Python one. If anything fails the fallback stays.

function modelOf(state) {
  const listeners = {};
  return {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      for (const call of listeners[`change:${key}`] ?? []) call();
    },
    on: (event, call) => { (listeners[event] ??= []).push(call); },
    off: (event, call) => { listeners[event] = (listeners[event] ?? []).filter((other) => other !== call); },
    save_changes() {},
  };
}

for (const place of document.querySelectorAll("div[data-widget]")) {
  const { widget, state } = place.dataset;
  import(new URL(`${widget}.js`, import.meta.url))
    .then(({ default: explorer }) => explorer.render({ model: modelOf(JSON.parse(state || "{}")), el: place }))
    .catch((error) => console.error(`Explorer ${widget} did not start:`, error));
}
