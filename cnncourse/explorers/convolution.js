// A window slides over a picture: every product, their sum, and the map that they fill.
// An anywidget module: the book's host script and JupyterLab or Colab both call render({ model, el }).

const TEXT = {
  en: {
    title: "Convolution, one window at a time",
    input: "Input", kernel: "Kernel", output: "Output",
    picture: "Picture", filter: "Kernel", inputSize: "Input size", kernelSize: "Kernel size",
    padding: "Padding", stride: "Stride", dilation: "Dilation",
    play: "Play", pause: "Pause", step: "Next window", restart: "Start over", all: "Show the whole map",
    own: "your own",
    pictures: { corner: "corner", edge: "edge", cross: "cross", dot: "single dot", ramp: "ramp", random: "random" },
    kernels: {
      identity: "identity", blur: "blur", gaussian: "gaussian", sharpen: "sharpen",
      sobel_x: "sobel_x", sobel_y: "sobel_y", laplacian: "laplacian", ones: "all ones",
    },
    cell: (what, row, column) => `${what}, row ${row}, column ${column}`,
    hidden: "not computed yet",
    inputHelp: "Type a number. Arrow keys go from cell to cell.",
    outputHelp: "Arrow keys move the window.",
    window: (row, column) => `Window for row ${row}, column ${column}`,
    size: "Output size",
    height: "high", width: "wide",
    noWindow: (covers, size) => `The kernel covers ${covers} pixels but the padded input has only ${size}: no window fits.`,
    unread: (n) => `${n === 1 ? "One row or column" : `${n} rows or columns`} at the far edge: no window reaches that far.`,
    hint: "Hover over the maps, or focus the output and press the arrow keys. Every number of the input and the kernel can be changed.",
  },
};

const PICTURES = {
  corner: (i, j, n) => (i >= Math.floor(n / 4) && j >= Math.floor(n / 4) ? 9 : 0),
  edge: (i, j, n) => (j >= n / 2 ? 9 : 0),
  cross: (i, j, n) => (i === Math.floor(n / 2) || j === Math.floor(n / 2) ? 5 : 0),
  dot: (i, j, n) => (i === Math.floor(n / 2) && j === Math.floor(n / 2) ? 1 : 0),
  ramp: (i, j) => i + j,
  random: () => Math.floor(Math.random() * 10),
};

const scaled = (rows, by) => rows.map((row) => row.map((v) => v / by));
const KERNELS = {
  identity: [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
  blur: scaled([[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9),
  gaussian: scaled([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
  sharpen: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  sobel_x: [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
  sobel_y: [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
  laplacian: [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
};

const DEFAULTS = {
  input: grid(6, 6, PICTURES.corner), kernel: KERNELS.sobel_x,
  stride: 1, padding: 0, dilation: 1, row: 0, col: 0, filled: false,
};

function grid(rows, cols, value) {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => value(i, j, rows)));
}

const reach = (taps, dilation) => dilation * (taps - 1) + 1;
const outSize = (size, taps, s) => Math.max(0, Math.floor((size + 2 * s.padding - reach(taps, s.dilation)) / s.stride) + 1);

/** The products of one window, a grid of { x, w } in the kernel's shape. */
function taps(s, row, col) {
  return s.kernel.map((line, u) => line.map((w, v) => {
    const i = row * s.stride + u * s.dilation, j = col * s.stride + v * s.dilation;
    return { x: s.input[i - s.padding]?.[j - s.padding] ?? 0, w, i, j };
  }));
}

function convolve(s) {
  const rows = outSize(s.input.length, s.kernel.length, s);
  const cols = outSize(s.input[0].length, s.kernel[0].length, s);
  if (!rows || !cols) return [];
  return grid(rows, cols, (i, j) => taps(s, i, j).flat().reduce((sum, t) => sum + t.x * t.w, 0));
}

const show = (v) => String(Math.round(v * 100) / 100 || 0).replace("-", "−");
/** A weight: 1/9 is 1/9 and not 0.11. */
const weight = (v) => {
  const parts = [9, 16].find((n) => v && Math.abs(v) < 1 && Math.abs(v * n - Math.round(v * n)) < 1e-6 && !Number.isInteger(v * 4));
  return parts ? `${v < 0 ? "−" : ""}${Math.abs(Math.round(v * parts))}/${parts}` : show(v);
};
const signed = (v, said = show(v)) => (v < 0 ? `(${said})` : said);
const parse = (text) => {
  const [over, under = 1] = text.trim().replace("−", "-").replace(",", ".").split("/").map(Number);
  const value = over / under;
  return text.trim() && Math.abs(value) <= LARGEST ? value : null;
};
const alike = (a, b) => a.length === b.length && a[0].length === b[0].length &&
  a.flat().every((v, k) => Math.abs(v - b.flat()[k]) < 1e-6);
const LARGEST = 1e6; // larger ones have no room in a cell
const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

let count = 0; // tells the radio buttons of several explorers on a page apart

function render({ model, el }) {
  const language = (el.closest("[lang]")?.lang || "en").slice(0, 2);
  const t = TEXT[language] ?? TEXT.en;
  const id = `convolution-${++count}`;
  const s = {};
  let seen = new Set(), out = [], timer = null, painting = false;

  const read = () => { for (const key of Object.keys(DEFAULTS)) s[key] = model.get(key) ?? DEFAULTS[key]; };
  const change = (patch) => {
    painting = true;
    for (const [key, value] of Object.entries(patch)) model.set(key, value);
    painting = false;
    model.save_changes();
    update();
  };

  // ------------------------------------------------------------------ controls
  const choice = (label, names, pick) => {
    const select = h("select", { "aria-label": label, onchange: (event) => pick(event.target.value) },
      h("option", { value: "" }, t.own), ...Object.entries(names).map(([value, name]) => h("option", { value }, name)));
    return { select, node: h("label", { class: "cx-field" }, h("span", {}, label), select) };
  };
  const number = (label, from, to, key, pick) => {
    const name = `${id}-${key}`;
    const options = Array.from({ length: to - from + 1 }, (_, k) => from + k).map((value) =>
      h("label", {}, h("input", { type: "radio", name, value, onchange: () => pick(value) }), h("span", {}, String(value))));
    return { name, node: h("fieldset", { class: "cx-field" }, h("legend", {}, label), h("div", { class: "segments" }, ...options)) };
  };
  const resize = (rows, n, value) => grid(n, n, (i, j) => rows[i]?.[j] ?? value);

  const picture = choice(t.picture, t.pictures, (name) => PICTURES[name] && change({ input: grid(s.input.length, s.input[0].length, PICTURES[name]) }));
  const filter = choice(t.filter, t.kernels, (name) => {
    if (name === "ones") change({ kernel: grid(s.kernel.length, s.kernel[0].length, () => 1) });
    else if (KERNELS[name]) change({ kernel: KERNELS[name] });
  });
  const numbers = [
    number(t.padding, 0, 3, "padding", (padding) => change({ padding })),
    number(t.stride, 1, 3, "stride", (stride) => change({ stride })),
    number(t.dilation, 1, 3, "dilation", (dilation) => change({ dilation })),
    number(t.inputSize, 3, 8, "inputSize", (n) => change({ input: resize(s.input, n, 0) })),
    number(t.kernelSize, 1, 5, "kernelSize", (n) => change({ kernel: resize(s.kernel, n, 1) })),
  ];

  // ------------------------------------------------------------------ grids
  const panel = (role) => {
    const size = h("span", { class: "cx-size" });
    const cells = h("div", { class: `cells of-${role}`, role: "group" });
    return { size, cells, node: h("div", { class: "cx-panel" }, h("p", { class: "cx-name" }, h("i", { class: `of-${role}` }), t[role], " ", size), cells) };
  };
  const input = panel("input"), kernel = panel("kernel"), output = panel("output");
  input.cells.setAttribute("aria-label", `${t.input}. ${t.inputHelp}`);
  kernel.cells.setAttribute("aria-label", `${t.kernel}. ${t.inputHelp}`);
  output.cells.setAttribute("aria-label", `${t.output}. ${t.outputHelp}`);

  // Arrow keys go from cell to cell inside a grid; one cell of each grid is on the way of the Tab key.
  const arrows = (cells) => (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const at = event.target.dataset;
    if (!step || at.row === undefined) return;
    event.preventDefault();
    const next = cells.querySelector(`[data-row="${+at.row + step[0]}"][data-col="${+at.col + step[1]}"]`);
    if (next) { next.focus(); next.select?.(); }
  };
  const rove = (cells) => (event) => {
    if (event.target.dataset.row === undefined) return;
    for (const cell of cells.querySelectorAll("[tabindex='0']")) cell.tabIndex = -1;
    event.target.tabIndex = 0;
  };
  for (const { cells } of [input, kernel, output]) {
    cells.addEventListener("keydown", arrows(cells));
    cells.addEventListener("focusin", rove(cells));
  }

  const edit = (key) => (event) => {
    const { row, col } = event.target.dataset, value = parse(event.target.value);
    event.target.setAttribute("aria-invalid", String(value === null));
    if (value === null) return;
    change({ [key]: s[key].map((line, i) => line.map((v, j) => (i === +row && j === +col ? value : v))) });
  };
  const editors = (key, what) => s[key].flatMap((line, i) => line.map((_, j) => h("input", {
    type: "text", autocomplete: "off", spellcheck: "false", "data-row": i, "data-col": j, tabindex: i + j ? -1 : 0,
    "aria-label": t.cell(what, i + 1, j + 1), style: `grid-area:${i + 1 + pad(key)}/${j + 1 + pad(key)}`,
    oninput: edit(key), onblur: (event) => { event.target.setAttribute("aria-invalid", "false"); paint(); }, onfocus: (event) => event.target.select(),
  })));
  const pad = (key) => (key === "input" ? s.padding : 0);

  const moveTo = (row, col) => change({ row, col });
  function buildInput() {
    const rows = s.input.length + 2 * s.padding, cols = s.input[0].length + 2 * s.padding;
    const ring = grid(rows, cols, (i, j) => [i, j]).flat()
      .filter(([i, j]) => s.input[i - s.padding]?.[j - s.padding] === undefined)
      .map(([i, j]) => h("span", { class: "pad", "data-i": i, "data-j": j, "aria-hidden": "true", style: `grid-area:${i + 1}/${j + 1}` }, "0"));
    input.frame = h("b", { class: "frame" });
    lay(input, cols, ...ring, ...editors("input", t.input), input.frame);
  }
  function buildOutput() {
    output.frame = h("b", { class: "frame" });
    lay(output, out[0]?.length ?? 1, ...out.flatMap((line, i) => line.map((_, j) => h("button", {
      type: "button", "data-row": i, "data-col": j, style: `grid-area:${i + 1}/${j + 1}`,
      onpointerenter: (event) => event.pointerType === "mouse" && moveTo(i, j),
      onfocus: () => (s.row !== i || s.col !== j) && moveTo(i, j), onclick: () => moveTo(i, j),
    }))), output.frame);
  }
  // A finger that slides over the output takes the window along.
  output.cells.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse") return;
    const at = document.elementFromPoint(event.clientX, event.clientY)?.dataset ?? {};
    if (output.cells.contains(event.target) && at.row !== undefined && at.value !== undefined) moveTo(+at.row, +at.col);
  });
  function lay(where, cols, ...nodes) {
    where.node.style.setProperty("--cols", cols);
    where.cells.replaceChildren(...nodes);
  }
  input.cells.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse" || !out.length || event.target === input.cells) return;
    const at = event.target.dataset;
    const place = (d, k, n) => clamp(Math.round((d - (reach(k, s.dilation) - 1) / 2) / s.stride), 0, n - 1);
    const i = at.row === undefined ? +at.i : +at.row + s.padding, j = at.col === undefined ? +at.j : +at.col + s.padding;
    if (Number.isNaN(i)) return;
    moveTo(place(i, s.kernel.length, out.length), place(j, s.kernel[0].length, out[0].length));
  });

  // ------------------------------------------------------------------ moving
  const button = (label, onclick) => h("button", { type: "button", class: "action", onclick }, label);
  const advance = () => {
    const next = s.row * out[0].length + s.col + 1;
    if (next >= out.length * out[0].length) return false;
    moveTo(Math.floor(next / out[0].length), next % out[0].length);
    return true;
  };
  const stop = () => { clearInterval(timer); timer = null; playButton.textContent = t.play; sum.setAttribute("aria-live", "polite"); };
  const playButton = button(t.play, () => {
    if (timer) return stop();
    if (!out.length) return;
    if (s.row === out.length - 1 && s.col === out[0].length - 1) restart();
    playButton.textContent = t.pause;
    sum.setAttribute("aria-live", "off");
    timer = setInterval(() => { if (!out.length || !advance()) stop(); }, 650);
  });
  const restart = () => { seen = new Set(); change({ row: 0, col: 0, filled: false }); };
  const stepButton = button(t.step, () => out.length && (advance() || moveTo(0, 0)));
  const allBox = h("input", { type: "checkbox", onchange: (event) => change({ filled: event.target.checked }) });

  // ------------------------------------------------------------------ the page
  const products = h("div", { class: "products" });
  const where = h("p", { class: "where" }), sum = h("p", { class: "sum", "aria-live": "polite" });
  const size = h("p", { class: "formula" }), note = h("p", { class: "cx-note", role: "status" });
  const root = h("section", { class: "cnn-explorer", "aria-label": t.title },
    h("div", { class: "controls" }, picture.node, filter.node, ...numbers.map((n) => n.node)),
    h("div", { class: "maps" }, input.node, h("span", { class: "op", "aria-hidden": "true" }, "∗"), kernel.node,
      h("span", { class: "op", "aria-hidden": "true" }, "="), output.node),
    h("div", { class: "actions" }, playButton, stepButton, button(t.restart, () => { stop(); restart(); }),
      h("label", { class: "cx-check" }, allBox, h("span", {}, t.all))),
    h("div", { class: "work" }, where, products, sum), size, note, h("p", { class: "cx-hint" }, t.hint));
  if (!document.getElementById("cnn-explorer-style")) document.head.append(h("style", { id: "cnn-explorer-style" }, STYLE));
  el.replaceChildren(root);

  let shape = "";
  function update() {
    read();
    out = convolve(s);
    s.row = clamp(s.row, 0, Math.max(0, out.length - 1));
    s.col = clamp(s.col, 0, Math.max(0, (out[0]?.length ?? 1) - 1));
    const now = JSON.stringify([s.input.length, s.input[0].length, s.kernel.length, s.kernel[0].length, s.padding, s.stride, s.dilation]);
    if (now !== shape) {
      shape = now;
      seen = new Set();
      buildInput();
      lay(kernel, s.kernel[0].length, ...editors("kernel", t.kernel));
      buildOutput();
    }
    paint();
  }

  function paint() {
    const [rows, cols] = [out.length, out[0]?.length ?? 0];
    if (rows) seen.add(`${s.row},${s.col}`);
    input.size.textContent = `${s.input.length} × ${s.input[0].length}`;
    kernel.size.textContent = `${s.kernel.length} × ${s.kernel[0].length}`;
    output.size.textContent = `${rows} × ${cols}`;
    paintValues(input.cells, s.input);
    paintValues(kernel.cells, s.kernel);
    paintOutput();
    const current = rows ? taps(s, s.row, s.col) : [];
    const touched = new Set(current.flat().map((p) => `${p.i},${p.j}`));
    for (const cell of input.cells.querySelectorAll("input, .pad")) {
      const i = cell.dataset.i ?? +cell.dataset.row + s.padding, j = cell.dataset.j ?? +cell.dataset.col + s.padding;
      cell.classList.toggle("tap", touched.has(`${i},${j}`));
    }
    frame(input.frame, rows, s.row * s.stride, s.col * s.stride, reach(s.kernel.length, s.dilation), reach(s.kernel[0].length, s.dilation));
    frame(output.frame, rows, s.row, s.col, 1, 1);
    paintWork(current);
    paintSize(rows, cols);
    for (const [k, value] of [s.padding, s.stride, s.dilation, s.input.length, s.kernel.length].entries())
      for (const radio of numbers[k].node.querySelectorAll("input")) radio.checked = +radio.value === value;
    filter.select.value = Object.keys(KERNELS).find((k) => alike(KERNELS[k], s.kernel)) ??
      (s.kernel.flat().every((v) => v === 1) ? "ones" : "");
    picture.select.value = Object.keys(PICTURES).find((k) =>
      k !== "random" && alike(grid(s.input.length, s.input[0].length, PICTURES[k]), s.input)) ?? "";
    allBox.checked = s.filled;
  }

  function paintValues(cells, values) {
    const top = Math.max(...values.flat().map(Math.abs), 1e-9);
    for (const cell of cells.querySelectorAll("input")) {
      const value = values[cell.dataset.row][cell.dataset.col];
      if (document.activeElement !== cell || parse(cell.value) !== value) {
        if (cell.getAttribute("aria-invalid") !== "true") cell.value = cells === kernel.cells ? weight(value) : show(value);
      }
      tint(cell, value, top);
    }
  }
  function paintOutput() {
    const top = Math.max(...out.flat().map(Math.abs), 1e-9);
    for (const cell of output.cells.querySelectorAll("button")) {
      const { row, col } = cell.dataset, value = out[row][col];
      const known = s.filled || seen.has(`${row},${col}`), here = +row === s.row && +col === s.col;
      cell.textContent = known ? show(value) : "";
      cell.dataset.value = value;
      cell.classList.toggle("unknown", !known);
      cell.setAttribute("aria-label", `${t.cell(t.output, +row + 1, +col + 1)}: ${known ? show(value) : t.hidden}`);
      cell.setAttribute("aria-current", String(here));
      if (!output.cells.contains(document.activeElement)) cell.tabIndex = here ? 0 : -1;
      tint(cell, known ? value : 0, top);
    }
  }
  function tint(cell, value, top) {
    cell.style.setProperty("--share", `${Math.round((Math.abs(value) / top) * 42)}%`);
    cell.classList.toggle("negative", value < 0);
    cell.dataset.length = Math.min(show(value).length, 6);
  }
  function frame(node, visible, row, col, height, width) {
    node.hidden = !visible;
    node.style.gridArea = `${row + 1} / ${col + 1} / span ${height} / span ${width}`;
  }
  function paintWork(current) {
    where.textContent = current.length ? t.window(s.row + 1, s.col + 1) : "";
    products.style.setProperty("--cols", s.kernel[0].length);
    products.replaceChildren(...current.flat().map((p) => h("span", { class: p.x * p.w ? "" : "zero" },
      h("em", {}, show(p.x)), "·", h("strong", {}, signed(p.w, weight(p.w))), h("span", {}, `= ${show(p.x * p.w)}`))));
    const terms = current.flat().map((p) => p.x * p.w);
    sum.replaceChildren(...(current.length ? [`${terms.map((v, k) => (k ? signed(v) : show(v))).join(" + ")} = `,
      h("output", {}, show(out[s.row][s.col]))] : []));
  }
  function paintSize(rows, cols) {
    const formula = (n, k, result) => `⌊(${n} + 2·${s.padding} − ${s.dilation}·(${k} − 1) − 1) / ${s.stride}⌋ + 1 = ${result}`;
    const [h0, w0, kh, kw] = [s.input.length, s.input[0].length, s.kernel.length, s.kernel[0].length];
    const same = h0 === w0 && kh === kw;
    size.textContent = `${t.size}: ` + (!rows || !cols ? "0" : same ? formula(h0, kh, rows) :
      `${formula(h0, kh, rows)} ${t.height}, ${formula(w0, kw, cols)} ${t.width}`);
    const left = (n, k, o) => n + 2 * s.padding - reach(k, s.dilation) - (o - 1) * s.stride;
    const unread = Math.max(left(h0, kh, rows), left(w0, kw, cols));
    const [tight, covers] = h0 + 2 * s.padding < reach(kh, s.dilation) ? [h0, kh] : [w0, kw];
    note.textContent = !rows || !cols ? t.noWindow(reach(covers, s.dilation), tight + 2 * s.padding) : unread > 0 ? t.unread(unread) : "";
  }

  const outside = () => painting || update();
  for (const key of Object.keys(DEFAULTS)) model.on(`change:${key}`, outside);
  update();
  return () => { clearInterval(timer); for (const key of Object.keys(DEFAULTS)) model.off?.(`change:${key}`, outside); };
}

const DARK = ':is(html[data-theme="dark"], html[theme="dark"], body[data-jp-theme-light="false"], body.vscode-dark) .cnn-explorer';
const STYLE = `
.cnn-explorer {
  --blue: #2f6db5; --orange: #c8641b; --green: #2b8a57; --orange-ink: #a34e10; --green-ink: #1f7045; --blue-ink: #2a62a5; --ink: #20262d; --soft: #525c67; --line: #d5dae1; --paper: #ffffff; --ground: #f7f9fb;
  background: var(--ground); border: 1px solid var(--line); border-radius: .8rem; color: var(--ink); color-scheme: light;
  container-type: inline-size; font: 400 .95rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; margin: 1.2rem 0; padding: 1.1rem;
}
${DARK} {
  --blue: #7db4f0; --orange: #f2a066; --green: #6fcb9b; --orange-ink: #f2a066; --green-ink: #6fcb9b; --blue-ink: #7db4f0; --ink: #e3e8ee; --soft: #a9b4c0; --line: #3a4450; --paper: #14181d; --ground: #1a2027; color-scheme: dark;
}
.cnn-explorer * { box-sizing: border-box; }
.cnn-explorer p { margin: 0; }
.cnn-explorer :is(.controls, .actions) { display: flex; flex-wrap: wrap; gap: .7rem 1.1rem; align-items: end; }
.cnn-explorer .cx-field { border: 0; margin: 0; min-width: 0; padding: 0; }
.cnn-explorer :is(.cx-field > span, legend) { color: var(--soft); display: block; float: none; font-size: .8rem; line-height: 1.3; margin: 0 0 .2rem; padding: 0; width: auto; }
.cnn-explorer :is(select, .action) { background: var(--paper); border: 1px solid var(--line); border-radius: .45rem; color: var(--ink); font: inherit; min-height: 2.1rem; padding: .2rem .6rem; }
.cnn-explorer .action { cursor: pointer; font-weight: 600; padding: .2rem .9rem; }
.cnn-explorer .action:hover { border-color: var(--blue); }
.cnn-explorer .segments { background: var(--paper); border: 1px solid var(--line); border-radius: .45rem; display: inline-flex; overflow: hidden; }
.cnn-explorer .segments label { cursor: pointer; margin: 0; position: relative; }
.cnn-explorer .segments input { height: 100%; inset: 0; margin: 0; opacity: 0; position: absolute; width: 100%; cursor: pointer; }
.cnn-explorer .segments span { display: block; line-height: 2rem; min-width: 2rem; padding: 0 .3rem; text-align: center; }
.cnn-explorer .segments input:checked + span { background: color-mix(in srgb, var(--blue) 20%, var(--paper)); box-shadow: inset 0 0 0 2px var(--blue); border-radius: .45rem; font-weight: 700; }
.cnn-explorer :is(.segments input:focus-visible + span, select:focus-visible, .action:focus-visible, .cx-check input:focus-visible) { outline: 2px solid var(--blue); outline-offset: -2px; }
.cnn-explorer .maps { align-items: center; justify-content: flex-start; display: flex; flex-wrap: wrap; gap: .6rem 1rem; margin: 1.2rem 0; }
.cnn-explorer .op { color: var(--soft); font-size: 1.5rem; font-weight: 700; }
.cnn-explorer .cx-name { display: flex; align-items: baseline; gap: .4rem; font-weight: 650; margin-bottom: .4rem; white-space: nowrap; }
.cnn-explorer .cx-name i { border-radius: 50%; display: inline-block; flex: none; height: .65rem; width: .65rem; }
.cnn-explorer i.of-input { background: var(--blue); } .cnn-explorer i.of-kernel { background: var(--orange); } .cnn-explorer i.of-output { background: var(--green-ink); }
.cnn-explorer .cx-size { color: var(--soft); font-weight: 400; }
.cnn-explorer .cx-panel { flex: var(--cols) 1 calc(var(--cols) * 1.75rem); max-width: calc(var(--cols) * 2.6rem); min-width: min(7.4rem, 100%); }
.cnn-explorer .cells { display: grid; gap: 2px; grid-template-columns: repeat(var(--cols), minmax(0, 1fr)); max-width: calc(var(--cols) * 2.6rem); }
.cnn-explorer .cells.of-output { touch-action: none; }
.cnn-explorer .cells.of-input { --role: var(--blue); } .cnn-explorer .cells.of-kernel { --role: var(--orange); } .cnn-explorer .cells.of-output { --role: var(--green); }
.cnn-explorer .cells > :is(input, button, .pad) {
  aspect-ratio: 1; background: color-mix(in srgb, var(--role) var(--share, 0%), var(--paper)); border: 1px solid var(--line); border-radius: .3rem; color: var(--ink);
  display: grid; font: inherit; font-size: 1rem; font-variant-numeric: tabular-nums; line-height: 1; min-width: 0; padding: 0; place-items: center; text-align: center; width: 100%;
}
.cnn-explorer .cells > .negative { background: color-mix(in srgb, var(--soft) var(--share, 0%), var(--paper)); }
.cnn-explorer .cells > [data-length="3"] { font-size: .88rem; }
.cnn-explorer .cells > :is([data-length="4"], [data-length="5"], [data-length="6"]) { font-size: .7rem; letter-spacing: -.02em; }
.cnn-explorer .cells > .pad { background: none; border-style: dashed; color: var(--soft); }
.cnn-explorer .cells > .tap { border-color: var(--orange); box-shadow: inset 0 0 0 1px var(--orange); }
.cnn-explorer .cells > button { cursor: pointer; }
.cnn-explorer .cells > .unknown { border-style: dashed; }
.cnn-explorer .cells > [aria-invalid="true"] { outline: 2px solid #c0304f; }
.cnn-explorer .cells > :focus-visible { outline: 2px solid var(--ink); outline-offset: 1px; z-index: 2; }
.cnn-explorer .frame { border: 3px solid var(--orange); border-radius: .45rem; margin: -3px; pointer-events: none; z-index: 1; }
.cnn-explorer .of-output .frame { border-color: var(--green); }
.cnn-explorer .work { border-top: 1px solid var(--line); margin-top: 1.1rem; padding-top: .8rem; }
.cnn-explorer .where { font-weight: 650; }
.cnn-explorer .products { display: grid; gap: .15rem .5rem; grid-template-columns: repeat(var(--cols), minmax(0, max-content)); margin: .4rem 0; font-variant-numeric: tabular-nums; overflow-x: auto; }
.cnn-explorer .products > span { background: var(--paper); border: 1px solid var(--line); border-radius: .3rem; padding: .1rem .5rem; text-align: center; white-space: nowrap; }
.cnn-explorer .products em { color: var(--blue-ink); font-style: normal; font-weight: 600; margin-right: .15em; }
.cnn-explorer .products strong { color: var(--orange-ink); font-weight: 600; margin: 0 .25em 0 .15em; }
.cnn-explorer .products .zero, .cnn-explorer .products .zero :is(em, strong) { color: var(--soft); font-weight: 400; }
.cnn-explorer .sum { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.cnn-explorer output { background: var(--green-ink); border-radius: .3rem; color: var(--paper); display: inline-block; font-weight: 700; padding: 0 .45rem; }
.cnn-explorer .formula { margin-top: .5rem; }
.cnn-explorer .cx-note { color: var(--orange-ink); font-weight: 600; }
.cnn-explorer .cx-hint { color: var(--soft); font-size: .86rem; margin-top: .5rem; }
.cnn-explorer .cx-check { align-items: center; display: inline-flex; gap: .4rem; margin: 0; min-height: 2.1rem; }
@container (max-width: 26rem) {
  .cnn-explorer .maps { gap: .9rem; }
  .cnn-explorer .op { display: none; }
  .cnn-explorer .products { gap: .15rem; font-size: .8rem; }
  .cnn-explorer .products > span { padding: .1rem .15rem; }
}
`;

export default { render };
