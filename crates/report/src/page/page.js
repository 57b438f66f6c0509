// The report's script: draws attention on the mazes, links its views, and gives the plots the page's theme.
//
// Reading order: colours, geometry and attention of a problem, small drawings, the attention view (controls, grid of heads,
// large maze, matrix, token strip), links between views, state in the URL, plots, start.
//
// A "place" is a cell or an edge of a maze. Attention on a place is the sum over the tokens that speak of it.
(() => {
  "use strict";

  // ---------------------------------------------------------------- colours

  const darkScheme = window.matchMedia("(prefers-color-scheme: dark)");
  const calmMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
  let printing = false;
  const isDark = () => darkScheme.matches && !printing;

  // From the paper's colour towards strong contrast with it, lightness monotone, so that it reads without hue.
  const RAMPS = {
    light: [[251, 250, 247], [253, 222, 176], [247, 160, 106], [220, 80, 84], [150, 33, 105], [62, 13, 84]],
    dark: [[22, 24, 28], [66, 25, 92], [140, 41, 115], [214, 72, 91], [250, 143, 96], [254, 233, 184]],
  };

  // A share in [0, 1] to a colour. The root spreads the small shares, where most of attention lies; the scale shows it.
  function ramp(share) {
    const stops = isDark() ? RAMPS.dark : RAMPS.light;
    const at = Math.sqrt(Math.min(1, Math.max(0, share))) * (stops.length - 1);
    const i = Math.min(stops.length - 2, Math.floor(at));
    return stops[i].map((from, c) => Math.round(from + (stops[i + 1][c] - from) * (at - i)));
  }
  const paint = (share) => `rgb(${ramp(share).join(",")})`;

  // A variable of the style sheet. Print styles do not reach getComputedStyle before printing, so paper has its own values.
  const PRINTED = { "--ground": "#cfccc4", "--floor": "#fbfaf7", "--masked": "#efede8", "--origin": "#2b2e34", "--accent": "#2f7fc1",
    "--ink": "#23262b", "--quiet": "#6a6f78", "--rule": "#dfdcd5", "--paper": "#ffffff", "--failed": "#c2502a" };
  const themed = (name) => (printing ? PRINTED[name] : getComputedStyle(document.documentElement).getPropertyValue(name).trim());

  const percent = (share) => (share === 0 ? "0%" : share < 0.1 ? `${(100 * share).toFixed(1)}%` : `${Math.round(100 * share)}%`);

  // ---------------------------------------------------------------- elements

  function make(tag, attributes = {}, ...children) {
    const svg = ["svg", "rect", "circle", "path", "g"].includes(tag);
    const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  // ---------------------------------------------------------------- a problem: places and attention

  const PITCH = 40; // as in the drawings of the cards
  const WIDTH = 26;

  // Adds to a specimen what drawing needs: its places, the place of each token, and its attention as bytes.
  function prepare(specimen) {
    const { rows, cols, tokens, marks } = specimen;
    const middle = (cell) => [(cell % cols) * PITCH + PITCH / 2, Math.floor(cell / cols) * PITCH + PITCH / 2];
    const name = (cell) => `(${Math.floor(cell / cols)},${cell % cols})`;
    const edgeKey = (a, b) => `${Math.min(a, b)}-${Math.max(a, b)}`;
    const open = new Set(specimen.passages.map(([a, b]) => edgeKey(a, b)));
    // The lines from a cell to the next: one, or across a side of a torus two, out of the maze and in again.
    const strokes = (a, b) => {
      const [[x1, y1], [x2, y2]] = [middle(a), middle(b)];
      if (Math.abs(x1 - x2) + Math.abs(y1 - y2) <= PITCH) return [[x1, y1, x2, y2]];
      const out = (near, far, cells) => (near < far ? 0 : near > far ? cells * PITCH : near);
      return [[x1, y1, out(x1, x2, cols), out(y1, y2, rows)], [out(x2, x1, cols), out(y2, y1, rows), x2, y2]];
    };
    // A walk as an SVG path; a step through a wall, wherever it leads, is one line.
    const trail = (walk) => walk.map((cell, i) => {
      if (i === 0) return `M${middle(cell)}`;
      const lines = open.has(edgeKey(walk[i - 1], cell)) ? strokes(walk[i - 1], cell) : [[...middle(walk[i - 1]), ...middle(cell)]];
      return lines.map(([x1, y1, x2, y2], part) => `${part === 0 ? "" : `M${x1},${y1}`}L${x2},${y2}`).join("");
    }).join("");
    const places = [];
    const index = new Map();
    const add = (key, place) => {
      if (!index.has(key)) index.set(key, places.push({ ...place, tokens: [] }) - 1);
      return index.get(key);
    };
    const addCell = (cell) => {
      const [x, y] = middle(cell);
      return add(`${cell}`, { label: `cell ${name(cell)}`, boxes: [{ x: x - WIDTH / 2, y: y - WIDTH / 2, w: WIDTH, h: WIDTH }], floor: true });
    };
    const addEdge = (a, b) => {
      const key = edgeKey(a, b);
      const isOpen = open.has(key);
      const isMiddle = (at) => at % PITCH === PITCH / 2;
      // An open passage fills the gap between its cells; a wall that a token speaks of is a bar across it. Of what lies across
      // a side of the maze, half shows at each end.
      const span = (low, high) => {
        if (isOpen) return [low + (isMiddle(low) ? WIDTH / 2 : 0), high - (isMiddle(high) ? WIDTH / 2 : 0)];
        const bar = isMiddle(low) === isMiddle(high) ? (low + high) / 2 : isMiddle(low) ? high : low;
        return [Math.max(low, bar - 3), Math.min(high, bar + 3)];
      };
      const boxes = strokes(Math.min(a, b), Math.max(a, b)).map(([x1, y1, x2, y2]) => {
        const down = x1 === x2;
        const [from, to] = down ? span(Math.min(y1, y2), Math.max(y1, y2)) : span(Math.min(x1, x2), Math.max(x1, x2));
        return down ? { x: x1 - WIDTH / 2, y: from, w: WIDTH, h: to - from } : { x: from, y: y1 - WIDTH / 2, w: to - from, h: WIDTH };
      });
      return add(key, { label: `${isOpen ? "passage" : "wall"} ${name(Math.min(a, b))}–${name(Math.max(a, b))}`, boxes, floor: isOpen });
    };
    for (let cell = 0; cell < rows * cols; cell++) addCell(cell);
    for (const [a, b] of specimen.passages) addEdge(a, b);
    const placeOf = marks.map((mark) => ("cell" in Object(mark) ? addCell(mark.cell) : "edge" in Object(mark) ? addEdge(...mark.edge) : -1));
    placeOf.forEach((place, token) => place >= 0 && places[place].tokens.push(token));
    const lastQuery = Math.max(specimen.path_start, tokens.length - 2);
    const bytes = Uint8Array.from(atob(specimen.attention), (c) => c.charCodeAt(0));
    return { ...specimen, n: tokens.length, places, placeOf, middle, trail, name, bytes, queries: lastQuery - specimen.path_start + 1 };
  }

  // Where row `query` of a head's pattern starts in the bytes.
  const rowStart = (problem, layer, head, query) => ((layer * gallery.n_heads + head) * problem.n + query) * problem.n;

  // Attention of one query, as shares: on each place, off the maze, and on each token.
  function look(problem, layer, head, query) {
    const start = rowStart(problem, layer, head, query);
    const onPlace = new Float64Array(problem.places.length);
    const onToken = new Float64Array(problem.n);
    let off = 0;
    for (let key = 0; key < problem.n; key++) {
      const share = (problem.bytes[start + key] || 0) / 255;
      onToken[key] = share;
      if (problem.placeOf[key] < 0) off += share;
      else onPlace[problem.placeOf[key]] += share;
    }
    return { onPlace, onToken, off };
  }

  // The cell a query token stands in: the cell it speaks of, before the first step the origin.
  function standing(problem, query) {
    const mark = problem.marks[query];
    return query > problem.path_start && "cell" in Object(mark) ? mark.cell : problem.origin;
  }

  // The head whose strongest place stands out most, averaged over the steps: where to begin.
  function mostPointed(problem) {
    let best = { layer: 0, head: 0, score: -1 };
    for (let layer = 0; layer < gallery.n_layers; layer++) {
      for (let head = 0; head < gallery.n_heads; head++) {
        let score = 0;
        for (let step = 0; step < problem.queries; step++) {
          score += Math.max(...look(problem, layer, head, problem.path_start + step).onPlace);
        }
        if (score > best.score) best = { layer, head, score };
      }
    }
    return best;
  }

  // ---------------------------------------------------------------- small mazes, one per head

  function sizeCanvas(canvas, aspect) {
    const width = canvas.clientWidth || 96;
    const scale = Math.max(2, window.devicePixelRatio || 1);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(width * aspect * scale);
    canvas.style.aspectRatio = `1 / ${aspect}`;
    return canvas.getContext("2d");
  }

  function drawSmall(canvas, problem, onPlace, query) {
    const context = sizeCanvas(canvas, problem.rows / problem.cols);
    const unit = canvas.width / (problem.cols * PITCH);
    context.scale(unit, unit);
    context.fillStyle = themed("--ground");
    context.fillRect(0, 0, problem.cols * PITCH, problem.rows * PITCH);
    problem.places.forEach((place, i) => {
      if (!place.floor && onPlace[i] === 0) return;
      context.fillStyle = paint(onPlace[i]);
      place.boxes.forEach(({ x, y, w, h }) => context.fillRect(x - 0.5, y - 0.5, w + 1, h + 1));
    });
    const ring = (cell, radius, width, colour) => {
      context.beginPath();
      context.arc(...problem.middle(cell), radius, 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    };
    // Signs stand on any colour of the scale: a dark line in a light one.
    for (const [cell, radius] of [[problem.target, 8]]) {
      ring(cell, radius, 5, themed("--floor"));
      ring(cell, radius, 2.4, themed("--origin"));
    }
    const [x, y] = problem.middle(standing(problem, query));
    context.lineWidth = 4;
    context.strokeStyle = themed("--accent");
    context.strokeRect(x - WIDTH / 2 + 1, y - WIDTH / 2 + 1, WIDTH - 2, WIDTH - 2);
  }

  // ---------------------------------------------------------------- the attention view

  const dataElement = document.getElementById("gallery-data");
  const gallery = dataElement ? JSON.parse(dataElement.textContent) : null;
  const problems = new Map(); // prepared specimens, made when first looked at
  const state = { specimen: 0, step: 0, layer: 0, head: 0 };
  const view = {}; // elements of the attention view
  let preview = null; // a query that is looked at while the pointer is on its row of the matrix
  let pinned = false; // whether the highlight stays when the pointer leaves

  function problem() {
    if (!problems.has(state.specimen)) problems.set(state.specimen, prepare(gallery.specimens[state.specimen]));
    return problems.get(state.specimen);
  }
  const chosenQuery = () => problem().path_start + state.step;
  const shownQuery = () => preview ?? chosenQuery();
  const headName = (layer, head) => `L${layer}H${head}`;

  function build(root) {
    view.select = make("select", { "aria-label": "Problem", onchange: (e) => choose({ specimen: Number(e.target.value), step: 0 }) });
    gallery.specimens.forEach((s, i) => view.select.append(make("option", { value: i }, `${s.exact ? "✓" : "✗"} problem ${s.index}`)));
    view.slider = make("input", { type: "range", min: 0, step: 1, oninput: (e) => choose({ step: Number(e.target.value) }) });
    view.stepLabel = make("output");
    view.says = make("p", { class: "says", "aria-live": "polite" });
    view.scaleCanvas = make("canvas", { role: "img", "aria-label": "Colour scale of attention, from 0 to 100%" });
    const ticks = make("div", { class: "ticks" });
    for (const share of [0, 0.04, 0.16, 0.36, 0.64, 1]) {
      ticks.append(make("span", { style: `left:${100 * Math.sqrt(share)}%` }, percentTick(share)));
    }
    view.heads = make("div", { class: "heads", role: "group", "aria-label": "Heads: rows are layers, columns are heads" });
    view.heads.style.setProperty("--heads", gallery.n_heads);
    view.buttons = [];
    for (let layer = 0; layer < gallery.n_layers; layer++) {
      view.heads.append(make("div", { class: "layer" }, `layer ${layer}`));
      for (let head = 0; head < gallery.n_heads; head++) view.heads.append(headButton(layer, head));
    }
    view.largeTitle = make("h4");
    view.maze = make("svg", { class: "maze", role: "img" });
    view.matrix = make("canvas", { class: "matrix", role: "img", onmousemove: overMatrix, onmouseleave: leaveMatrix, onclick: clickMatrix });
    view.strip = make("ol", { class: "strip", "aria-label": "Tokens" });
    view.large = make("div", { class: "large" }, view.largeTitle,
      make("div", {}, view.maze, make("p", {}, "On the maze. Hover a place for its value; click keeps the highlight, Esc releases it.")),
      make("div", {}, view.matrix, make("p", {}, "The whole pattern: rows are queries, columns are keys. Hover a row to see it on the maze; click a path row to go there.")));
    view.tip = make("div", { class: "tip", hidden: true });
    view.missing = make("p", { class: "note", hidden: true },
      "This problem’s attention is left out of the page, which would exceed its size limit; it is in results/gallery.json.");
    view.keys = make("p", { class: "keys" }, "Keys: ← → step, n p problem, ↑ ↓ between layers on a head, Esc release.");
    view.drawn = make("div", { class: gallery.n_heads <= 4 ? "few-heads" : "" }, make("div", {}, view.heads, view.strip, view.keys), view.large);
    root.append(
      make("div", { class: "bar" },
        make("button", { type: "button", onclick: () => turnTo(-1), "aria-label": "Previous problem" }, "‹"), view.select,
        make("button", { type: "button", onclick: () => turnTo(1), "aria-label": "Next problem" }, "›"),
        make("label", { class: "scrub" }, "step", view.slider, view.stepLabel)),
      view.says,
      make("div", { class: "scale" }, make("span", {}, "attention"), make("div", {}, view.scaleCanvas, ticks)),
      view.missing, view.drawn, view.tip);
    new ResizeObserver(() => window.requestAnimationFrame(() => { drawHeads(); drawMatrix(); })).observe(view.heads);
  }

  const percentTick = (share) => `${Math.round(100 * share)}${share === 1 ? "%" : ""}`;

  function headButton(layer, head) {
    const canvas = make("canvas");
    const off = make("span");
    const button = make("button", { type: "button", onclick: () => choose({ layer, head }) },
      make("div", { class: "name" }, headName(layer, head), off), canvas);
    view.buttons.push({ layer, head, canvas, off, button });
    return button;
  }

  // Everything anew: after another problem was chosen, or another theme.
  function drawAll() {
    const p = problem();
    view.select.value = state.specimen;
    view.slider.max = p.queries - 1;
    view.missing.hidden = p.bytes.length > 0;
    view.drawn.hidden = p.bytes.length === 0;
    document.querySelectorAll(".specimen").forEach((card, i) => card.classList.toggle("chosen", i === state.specimen));
    drawScale();
    buildMaze();
    buildStrip();
    drawStep();
  }

  // What depends on the step or the head.
  function drawStep() {
    const p = problem();
    view.slider.value = state.step;
    view.stepLabel.value = `${state.step + 1} of ${p.queries}`;
    view.slider.setAttribute("aria-valuetext", `step ${state.step + 1} of ${p.queries}`);
    view.says.replaceChildren(...explain(p));
    drawHeads();
    drawLarge();
  }

  // In words: who looks, what it predicts, and whether that is where the answer leaves the optimum.
  function explain(p) {
    const query = chosenQuery();
    const next = p.tokens[query + 1];
    const out = [`Looking from token ${query}, ${p.tokens[query]}`];
    if (next === undefined) return [...out, "."];
    out.push(`; the model goes on with ${next}.`);
    const step = state.step + 1;
    const agrees = p.answer.slice(0, step).every((cell, i) => cell === p.optimum[i]);
    if (!p.exact && !agrees) out.push(" The answer has already left the drawn optimum.");
    else if (!p.exact && p.answer[step] !== p.optimum[step]) {
      const right = p.optimum[step] === undefined ? "the end" : p.name(p.optimum[step]);
      out.push(make("span", { class: "wrong" }, ` ✗ The optimum goes on with ${right}.`));
    }
    return out;
  }

  function drawScale() {
    const context = sizeCanvas(view.scaleCanvas, 0.05);
    const { width, height } = view.scaleCanvas;
    for (let x = 0; x < width; x++) {
      context.fillStyle = paint(((x + 0.5) / width) ** 2);
      context.fillRect(x, 0, 1, height);
    }
  }

  function drawHeads() {
    const p = problem();
    if (p.bytes.length === 0) return;
    for (const { layer, head, canvas, off, button } of view.buttons) {
      const seen = look(p, layer, head, chosenQuery());
      drawSmall(canvas, p, seen.onPlace, chosenQuery());
      const strongest = seen.onPlace.indexOf(Math.max(...seen.onPlace));
      off.textContent = `off ${percent(seen.off)}`;
      button.setAttribute("aria-pressed", String(layer === state.layer && head === state.head));
      button.setAttribute("aria-label",
        `${headName(layer, head)}: strongest on ${p.places[strongest].label}, ${percent(seen.onPlace[strongest])}; off the maze ${percent(seen.off)}`);
    }
  }

  // ---------------------------------------------------------------- the large maze

  function buildMaze() {
    const p = problem();
    view.maze.setAttribute("viewBox", `0 0 ${p.cols * PITCH} ${p.rows * PITCH}`);
    view.maze.replaceChildren(make("rect", { class: "ground", width: p.cols * PITCH, height: p.rows * PITCH, rx: 4 }));
    view.placeElements = p.places.map(({ tokens, boxes }, i) => make("g", {
      class: "place",
      onmousemove: (e) => over(e, tokens, tellPlace(i)),
      onmouseleave: leave,
      onclick: () => pin(tokens),
    }, ...boxes.map(({ x, y, w, h }) => make("rect", { x, y, width: w, height: h }))));
    view.maze.append(...view.placeElements);
    const [[ox, oy], [tx, ty]] = [p.middle(p.origin), p.middle(p.target)];
    view.here = make("rect", { class: "here", width: WIDTH, height: WIDTH, "pointer-events": "none" });
    view.walked = make("path", { class: `walk answer ${p.exact ? "" : "failed"}`, fill: "none", "pointer-events": "none", "stroke-opacity": 0.75 });
    const signs = make("g", { "pointer-events": "none" },
      make("circle", { cx: ox, cy: oy, r: 7, fill: "var(--origin)", stroke: "var(--floor)", "stroke-width": 1.5 }),
      make("circle", { cx: tx, cy: ty, r: 8.5, fill: "none", stroke: "var(--floor)", "stroke-width": 5 }),
      make("circle", { class: "target", cx: tx, cy: ty, r: 8.5 }), make("circle", { class: "target-dot", cx: tx, cy: ty, r: 3 }));
    view.maze.append(view.walked, signs, view.here);
  }

  function drawLarge() {
    const p = problem();
    if (p.bytes.length === 0) return;
    const query = shownQuery();
    view.seen = look(p, state.layer, state.head, query);
    view.largeTitle.textContent =
      `${headName(state.layer, state.head)}, from token ${query}, ${p.tokens[query]}: ${percent(view.seen.off)} off the maze`;
    view.maze.setAttribute("aria-label", view.largeTitle.textContent);
    p.places.forEach((place, i) => {
      const idle = !place.floor && view.seen.onPlace[i] === 0;
      view.placeElements[i].style.fill = idle ? "var(--ground)" : paint(view.seen.onPlace[i]);
    });
    const walked = p.answer.slice(0, Math.max(1, query - p.path_start + 1));
    view.walked.setAttribute("d", query > p.path_start ? p.trail(walked) : "");
    const [x, y] = p.middle(standing(p, query));
    view.here.setAttribute("x", x - WIDTH / 2);
    view.here.setAttribute("y", y - WIDTH / 2);
    view.here.style.display = query >= p.path_start ? "" : "none";
    drawStrip();
    drawMatrix();
  }

  function tellPlace(i) {
    const p = problem();
    const place = p.places[i];
    const parts = place.tokens.filter((t) => t <= shownQuery() || view.seen.onToken[t] > 0)
      .map((t) => `token ${t}, ${p.tokens[t]}: ${percent(view.seen.onToken[t])}`);
    const none = place.tokens.length === 0 ? ["no token speaks of it"] : parts.length === 0 ? ["only later tokens speak of it"] : [];
    return [`${place.label}: ${percent(view.seen.onPlace[i])}`, ...none, ...parts].join("\n");
  }

  // ---------------------------------------------------------------- the matrix

  const matrixImage = { key: "", canvas: document.createElement("canvas") };

  function drawMatrix() {
    const p = problem();
    if (p.bytes.length === 0 || view.matrix.clientWidth === 0) return;
    const key = [state.specimen, state.layer, state.head, isDark()].join();
    if (matrixImage.key !== key) {
      matrixImage.key = key;
      fillMatrix(p);
    }
    const context = sizeCanvas(view.matrix, 1);
    const side = view.matrix.width;
    const cell = side / p.n;
    context.imageSmoothingEnabled = false;
    context.drawImage(matrixImage.canvas, 0, 0, side, side);
    const frame = (x, y, w, h, colour) => {
      context.strokeStyle = colour;
      context.lineWidth = Math.max(2, side / 300);
      context.strokeRect(x, y, w, h);
    };
    frame(0, shownQuery() * cell, side, cell, themed("--ink"));
    for (const token of view.lit ?? []) frame(token * cell, 0, cell, side, themed("--accent"));
    view.matrix.setAttribute("aria-label",
      `Attention pattern of ${headName(state.layer, state.head)}, ${p.n} by ${p.n} tokens; the framed row is token ${shownQuery()}`);
  }

  // One pixel per entry; future keys of a causal pattern in the colour of what is masked.
  function fillMatrix(p) {
    matrixImage.canvas.width = matrixImage.canvas.height = p.n;
    const context = matrixImage.canvas.getContext("2d");
    const image = context.createImageData(p.n, p.n);
    const colours = Array.from({ length: 256 }, (_, byte) => ramp(byte / 255));
    const start = rowStart(p, state.layer, state.head, 0);
    const future = (i) => i % p.n > Math.floor(i / p.n);
    const pattern = p.bytes.subarray(start, start + p.n * p.n);
    const causal = pattern.every((byte, i) => byte === 0 || !future(i));
    const masked = hexToRgb(themed("--masked"));
    for (let i = 0; i < p.n * p.n; i++) image.data.set([...(causal && future(i) ? masked : colours[pattern[i]]), 255], 4 * i);
    context.putImageData(image, 0, 0);
  }

  const hexToRgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) || 0);

  function entryAt(event) {
    const box = view.matrix.getBoundingClientRect();
    const n = problem().n;
    const at = (offset, length) => Math.min(n - 1, Math.max(0, Math.floor((offset / length) * n)));
    return { query: at(event.clientY - box.top, box.height), key: at(event.clientX - box.left, box.width) };
  }

  function overMatrix(event) {
    const p = problem();
    const { query, key } = entryAt(event);
    if (!pinned && preview !== query) {
      preview = query;
      drawLarge();
    }
    const byte = p.bytes[rowStart(p, state.layer, state.head, query) + key];
    over(event, [key], `from ${query}, ${p.tokens[query]}\nto ${key}, ${p.tokens[key]}: ${percent(byte / 255)}`);
  }

  function leaveMatrix() {
    if (!pinned && preview !== null) {
      preview = null;
      drawLarge();
    }
    leave();
  }

  function clickMatrix(event) {
    const p = problem();
    const { query, key } = entryAt(event);
    const step = query - p.path_start;
    if (step >= 0 && step < p.queries) choose({ step });
    pin([key]);
  }

  // ---------------------------------------------------------------- the token strip

  function buildStrip() {
    const p = problem();
    view.stripItems = p.tokens.map((token, t) => make("li", {
      onmousemove: (e) => over(e, [t], `token ${t}, ${token}${view.seen ? `: ${percent(view.seen.onToken[t])}` : ""}`),
      onmouseleave: leave,
      onclick: () => pin([t]),
    }, token));
    view.strip.replaceChildren(...view.stripItems);
  }

  function drawStrip() {
    const p = problem();
    p.tokens.forEach((_, t) => {
      const item = view.stripItems[t];
      const share = view.seen.onToken[t];
      const [r, g, b] = ramp(share);
      item.style.backgroundColor = `rgb(${r},${g},${b})`;
      item.style.color = 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#1d2024" : "#f4f4f4";
      item.classList.toggle("query", t === shownQuery());
      item.classList.toggle("future", t > shownQuery() && share === 0);
    });
  }

  // ---------------------------------------------------------------- links between the views

  // Lights tokens in the strip, their places on the maze and their columns in the matrix.
  function light(tokens) {
    const p = problem();
    view.lit = tokens;
    const places = new Set(tokens.map((t) => p.placeOf[t]));
    view.stripItems.forEach((item, t) => item.classList.toggle("lit", tokens.includes(t)));
    view.placeElements.forEach((element, i) => element.classList.toggle("lit", places.has(i)));
    drawMatrix();
  }

  function over(event, tokens, text) {
    view.tip.textContent = text;
    view.tip.hidden = false;
    const { width, height } = view.tip.getBoundingClientRect();
    const beyond = (at, size, room) => (at + 14 + size > room ? at - 10 - size : at + 14);
    view.tip.style.left = `${Math.max(4, beyond(event.clientX, width, window.innerWidth))}px`;
    view.tip.style.top = `${Math.max(4, beyond(event.clientY, height, window.innerHeight))}px`;
    if (!pinned && String(view.lit) !== String(tokens)) light(tokens);
  }

  function leave() {
    view.tip.hidden = true;
    if (!pinned) light([]);
  }

  function pin(tokens) {
    pinned = false;
    light(tokens);
    pinned = true;
  }

  function release() {
    pinned = false;
    preview = null;
    view.tip.hidden = true;
    light([]);
    drawLarge();
  }

  // ---------------------------------------------------------------- state, its place in the URL, keys

  // Changes the state within its bounds and draws what depends on it.
  function choose(change, remember = true) {
    const otherProblem = change.specimen !== undefined && change.specimen !== state.specimen;
    Object.assign(state, change);
    state.specimen = within(state.specimen, gallery.specimens.length);
    state.layer = within(state.layer, gallery.n_layers);
    state.head = within(state.head, gallery.n_heads);
    state.step = within(state.step, problem().queries);
    preview = null;
    if (otherProblem || !view.stripItems) {
      pinned = false;
      view.lit = [];
      drawAll();
    } else drawStep();
    const { specimen, step, layer, head } = state;
    if (remember) window.history.replaceState(null, "", `#specimen=${specimen}&step=${step}&head=${headName(layer, head)}`);
  }

  const within = (value, count) => Math.min(count - 1, Math.max(0, Number.isFinite(value) ? Math.trunc(value) : 0));

  const turnTo = (direction) => choose({ specimen: within(state.specimen + direction, gallery.specimens.length), step: 0 });

  // The part of the state that the URL names.
  function stateInUrl() {
    const asked = new URLSearchParams(window.location.hash.slice(1));
    if (!asked.has("specimen")) return null;
    const found = { specimen: Number(asked.get("specimen")), step: Number(asked.get("step") ?? 0) };
    const head = /^L(\d+)H(\d+)$/.exec(asked.get("head") ?? "");
    return head ? { ...found, layer: Number(head[1]), head: Number(head[2]) } : found;
  }

  function followUrl() {
    const asked = stateInUrl();
    if (!asked) return;
    choose(asked);
    document.getElementById("attention").scrollIntoView({ behavior: calmMotion.matches ? "auto" : "smooth" });
  }

  function onKey(event) {
    const { target, key } = event;
    const box = document.getElementById("attention").getBoundingClientRect();
    const inView = box.top < window.innerHeight && box.bottom > 0;
    if (!inView || event.ctrlKey || event.metaKey || event.altKey || target.matches?.("input, select, textarea")) return;
    const move = { ArrowLeft: () => choose({ step: state.step - 1 }), ArrowRight: () => choose({ step: state.step + 1 }),
      n: () => turnTo(1), p: () => turnTo(-1), Escape: release }[key];
    const focused = view.buttons.findIndex(({ button }) => button === document.activeElement);
    const rows = { ArrowUp: -gallery.n_heads, ArrowDown: gallery.n_heads }[key];
    if (move) move();
    else if (focused >= 0 && rows) view.buttons[focused + rows]?.button.focus();
    else return;
    event.preventDefault();
  }

  // ---------------------------------------------------------------- plots

  function themePlots() {
    if (typeof Plotly === "undefined") return;
    for (const plot of document.querySelectorAll(".plotly-graph-div")) {
      const change = { "font.color": themed("--ink"), "modebar.bgcolor": "rgba(0,0,0,0)", "modebar.color": themed("--quiet"),
        "modebar.activecolor": themed("--ink"), "hoverlabel.bgcolor": themed("--ink"), "hoverlabel.font.color": themed("--paper") };
      for (const axis of Object.keys(plot.layout).filter((name) => /^[xy]axis\d*$/.test(name))) {
        change[`${axis}.gridcolor`] = themed("--rule");
        change[`${axis}.linecolor`] = themed("--quiet");
      }
      // Paper has no viewport to follow: a fixed width, given back afterwards.
      if (printing) Object.assign(change, { autosize: false, width: plot.closest(".panels") ? 310 : 640, height: plot.closest(".panels") ? 240 : 330 });
      else if (plot.layout.autosize === false) Object.assign(change, { autosize: true, width: null, height: null });
      Plotly.relayout(plot, change);
    }
  }

  function retheme() {
    themePlots();
    if (gallery) drawAll();
  }

  function setPrinting(now) {
    printing = now;
    // Paper cannot be unfolded: what was folded is opened for it and folded again.
    for (const details of document.querySelectorAll(now ? "details:not([open])" : "details.for-print")) {
      details.open = now;
      details.classList.toggle("for-print", now);
    }
    retheme();
  }

  // ---------------------------------------------------------------- start

  if (gallery && gallery.specimens.length > 0) {
    build(document.getElementById("attention-view"));
    const { layer, head } = mostPointed(problem());
    choose({ layer, head, ...stateInUrl() }, false);
    window.addEventListener("hashchange", followUrl);
    document.addEventListener("keydown", onKey);
  }
  themePlots();
  darkScheme.addEventListener("change", retheme);
  window.addEventListener("beforeprint", () => setPrinting(true));
  window.addEventListener("afterprint", () => setPrinting(false));
  document.documentElement.dataset.ready = "true";
})();
