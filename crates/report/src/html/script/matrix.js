// The attention pattern of one head as a matrix: rows are queries, columns are keys.

function drawMatrix(view) {
  const problem = currentProblem(view);
  if (problem.bytes.length === 0 || view.matrix.clientWidth === 0) return;
  const { specimen, layer, head } = view.state;
  const imageOf = [specimen, layer, head, isDark()].join();
  if (view.pattern.imageOf !== imageOf) {
    view.pattern.imageOf = imageOf;
    fillPattern(view.pattern.canvas, problem, layer, head);
  }
  const context = sizeCanvas(view.matrix, 1);
  const side = view.matrix.width;
  const cell = side / problem.n;
  context.imageSmoothingEnabled = false;
  context.drawImage(view.pattern.canvas, 0, 0, side, side);
  const frame = (x, y, w, h, color) => {
    context.strokeStyle = color;
    context.lineWidth = Math.max(2, side / 300);
    context.strokeRect(x, y, w, h);
  };
  frame(0, shownQuery(view) * cell, side, cell, themed("--ink"));
  for (const token of view.lit) frame(token * cell, 0, cell, side, themed("--accent"));
  view.matrix.setAttribute("aria-label",
    `Attention pattern of ${headName(layer, head)}, ${problem.n} by ${problem.n} tokens; the framed row is token ${shownQuery(view)}`);
}

// Paints one pixel per entry. Future keys of a causal pattern get the color of masked entries.
function fillPattern(canvas, problem, layer, head) {
  const { n } = problem;
  canvas.width = canvas.height = n;
  const context = canvas.getContext("2d");
  const image = context.createImageData(n, n);
  const colors = Array.from({ length: 256 }, (_, byte) => ramp(byte / 255));
  const start = rowStart(problem, layer, head, 0);
  const isFuture = (i) => i % n > Math.floor(i / n);
  const pattern = problem.bytes.subarray(start, start + n * n);
  const causal = pattern.every((byte, i) => byte === 0 || !isFuture(i));
  const masked = hexToRgb(themed("--masked"));
  for (let i = 0; i < n * n; i++) image.data.set([...(causal && isFuture(i) ? masked : colors[pattern[i]]), 255], 4 * i);
  context.putImageData(image, 0, 0);
}

// Returns the entry under the pointer.
function entryAt(view, event) {
  const box = view.matrix.getBoundingClientRect();
  const { n } = currentProblem(view);
  const at = (offset, length) => clampIndex(Math.floor((offset / length) * n), n);
  return { query: at(event.clientY - box.top, box.height), key: at(event.clientX - box.left, box.width) };
}

// Shows the row under the pointer on the maze.
function hoverMatrix(view, event) {
  const problem = currentProblem(view);
  const { query, key } = entryAt(view, event);
  if (!view.pinned && view.preview !== query) {
    view.preview = query;
    drawLarge(view);
  }
  const byte = problem.bytes[rowStart(problem, view.state.layer, view.state.head, query) + key];
  hover(view, event, [key], `from ${query}, ${problem.tokens[query]}\nto ${key}, ${problem.tokens[key]}: ${percent(byte / 255)}`);
}

function leaveMatrix(view) {
  if (!view.pinned && view.preview !== null) {
    view.preview = null;
    drawLarge(view);
  }
  unhover(view);
}

// Goes to the step of the clicked row, if it is one of the path, and pins the column.
function clickMatrix(view, event) {
  const problem = currentProblem(view);
  const { query, key } = entryAt(view, event);
  const step = query - problem.path_start;
  if (step >= 0 && step < problem.queries) choose(view, { step });
  pin(view, [key]);
}

