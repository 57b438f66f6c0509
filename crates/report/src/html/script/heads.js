// The grid of heads: a small maze for each, on a canvas, and the color scale above them.

function buildHeads(view) {
  const { n_layers, n_heads } = view.gallery;
  view.heads = make("div", { class: "heads", role: "group", "aria-label": "Heads: rows are layers, columns are heads" });
  view.heads.style.setProperty("--heads", n_heads);
  view.buttons = [];
  for (let layer = 0; layer < n_layers; layer++) {
    view.heads.append(make("div", { class: "layer" }, `layer ${layer}`));
    for (let head = 0; head < n_heads; head++) view.heads.append(headButton(view, layer, head));
  }
}

function headButton(view, layer, head) {
  const canvas = make("canvas");
  const off = make("span");
  const button = make("button", { type: "button", onclick: () => choose(view, { layer, head }) },
    make("div", { class: "name" }, headName(layer, head), off), canvas);
  view.buttons.push({ layer, head, canvas, off, button });
  return button;
}

function drawHeads(view) {
  const problem = currentProblem(view);
  if (problem.bytes.length === 0) return;
  const query = chosenQuery(view);
  for (const { layer, head, canvas, off, button } of view.buttons) {
    const seen = attentionFrom(problem, layer, head, query);
    drawSmallMaze(canvas, problem, seen.onPlace, query);
    const strongest = seen.onPlace.indexOf(Math.max(...seen.onPlace));
    off.textContent = `off ${percent(seen.off)}`;
    button.setAttribute("aria-pressed", String(layer === view.state.layer && head === view.state.head));
    button.setAttribute("aria-label",
      `${headName(layer, head)}: strongest on ${problem.places[strongest].label}, ${percent(seen.onPlace[strongest])}; off the maze ${percent(seen.off)}`);
  }
}

function drawSmallMaze(canvas, problem, onPlace, query) {
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
  drawTarget(context, center(problem, problem.target));
  const [x, y] = center(problem, currentCell(problem, query));
  context.lineWidth = 4;
  context.strokeStyle = themed("--accent");
  context.strokeRect(x - WIDTH / 2 + 1, y - WIDTH / 2 + 1, WIDTH - 2, WIDTH - 2);
}

// A dark ring in a light one stands out on every color of the scale.
function drawTarget(context, [x, y]) {
  for (const [width, color] of [[5, themed("--floor")], [2.4, themed("--origin")]]) {
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  }
}

function buildScale(view) {
  view.scale = make("canvas", { role: "img", "aria-label": "Color scale of attention, from 0 to 100%" });
  const ticks = make("div", { class: "ticks" });
  for (const share of [0, 0.04, 0.16, 0.36, 0.64, 1]) {
    ticks.append(make("span", { style: `left:${100 * Math.sqrt(share)}%` }, `${Math.round(100 * share)}${share === 1 ? "%" : ""}`));
  }
  return make("div", { class: "scale" }, make("span", {}, "attention"), make("div", {}, view.scale, ticks));
}

function drawScale(view) {
  const context = sizeCanvas(view.scale, 0.05);
  const { width, height } = view.scale;
  for (let x = 0; x < width; x++) {
    context.fillStyle = paint(((x + 0.5) / width) ** 2);
    context.fillRect(x, 0, 1, height);
  }
}

