// Hover and selection: the same tokens are highlighted in the strip, on the maze and in the matrix.

// Highlights tokens, their places on the maze and their columns in the matrix.
function light(view, tokens) {
  const problem = currentProblem(view);
  view.lit = tokens;
  const places = new Set(tokens.map((t) => problem.placeOf[t]));
  view.tokenElements.forEach((element, t) => element.classList.toggle("lit", tokens.includes(t)));
  view.placeElements.forEach((element, i) => element.classList.toggle("lit", places.has(i)));
  drawMatrix(view);
}

// Shows a tooltip beside the pointer and highlights tokens, unless others are pinned.
function hover(view, event, tokens, text) {
  view.tip.textContent = text;
  view.tip.hidden = false;
  const { width, height } = view.tip.getBoundingClientRect();
  const beside = (at, size, limit) => Math.max(4, at + 14 + size > limit ? at - 10 - size : at + 14);
  view.tip.style.left = `${beside(event.clientX, width, window.innerWidth)}px`;
  view.tip.style.top = `${beside(event.clientY, height, window.innerHeight)}px`;
  if (!view.pinned && String(view.lit) !== String(tokens)) light(view, tokens);
}

function unhover(view) {
  view.tip.hidden = true;
  if (!view.pinned) light(view, []);
}

// Keeps tokens highlighted when the pointer leaves.
function pin(view, tokens) {
  light(view, tokens);
  view.pinned = true;
}

function unpin(view) {
  view.pinned = false;
  view.preview = null;
  view.tip.hidden = true;
  light(view, []);
  drawLarge(view);
}

