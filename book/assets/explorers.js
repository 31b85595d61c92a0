// Brings up every <div data-widget="NAME" data-state='{…}'>fallback</div> of a page.
// An explorer is a module NAME.js of the form `export default { render({ model, el }) }`, the interface of anywidget;
// here its model is a plain object, in JupyterLab and Colab it is a Python one. If anything fails the fallback stays.
// When the book is built, EXPLORERS = { NAME: its module } is put in front of this, in one plain script: a module of
// its own would not be loaded from file://.

function modelOf(state, keep) {
  const listeners = {};
  return {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      for (const call of listeners[`change:${key}`] ?? []) call();
    },
    on: (event, call) => { (listeners[event] ??= []).push(call); },
    off: (event, call) => { listeners[event] = (listeners[event] ?? []).filter((other) => other !== call); },
    save_changes: () => keep(state),
  };
}

// What a reader has changed is there again after Back or a reload, until the tab is closed.
function kept(key) {
  try { return JSON.parse(sessionStorage.getItem(key) || "{}"); } catch { return {}; }
}
function keep(key, state) {
  try { sessionStorage.setItem(key, JSON.stringify(state)); } catch { /* no storage here, or it is full */ }
}

for (const [number, place] of document.querySelectorAll("div[data-widget]").entries()) {
  const { widget, state } = place.dataset, key = `explorer ${location.pathname} ${number}`;
  try {
    const start = { ...JSON.parse(state || "{}"), ...kept(key) };
    EXPLORERS[widget].render({ model: modelOf(start, (now) => keep(key, now)), el: place });
  } catch (error) {
    console.error(`Explorer ${widget} did not start:`, error);
  }
}
