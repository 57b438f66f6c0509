// The large maze: attention of one head on every place, with the model's path so far.

function buildMaze(view) {
  const problem = currentProblem(view);
  view.maze.setAttribute("viewBox", `0 0 ${problem.cols * PITCH} ${problem.rows * PITCH}`);
  view.maze.replaceChildren(make("rect", { class: "ground", width: problem.cols * PITCH, height: problem.rows * PITCH, rx: 4 }));
  view.placeElements = problem.places.map(({ tokens, boxes }, i) => make("g", {
    class: "place",
    onmousemove: (event) => hover(view, event, tokens, placeText(view, i)),
    onmouseleave: () => unhover(view),
    onclick: () => pin(view, tokens),
  }, ...boxes.map(({ x, y, w, h }) => make("rect", { x, y, width: w, height: h }))));
  const path = { class: `walk answer ${problem.exact ? "" : "failed"}`, fill: "none", "pointer-events": "none", "stroke-opacity": 0.75 };
  view.pathSoFar = make("path", path);
  view.here = make("rect", { class: "here", width: WIDTH, height: WIDTH, "pointer-events": "none" });
  view.maze.append(...view.placeElements, view.pathSoFar, endpoints(problem), view.here);
}

// Origin as a disk, target as a ring with a dot, each with a light edge.
function endpoints(problem) {
  const [[ox, oy], [tx, ty]] = [center(problem, problem.origin), center(problem, problem.target)];
  return make("g", { "pointer-events": "none" },
    make("circle", { cx: ox, cy: oy, r: 7, fill: "var(--origin)", stroke: "var(--floor)", "stroke-width": 1.5 }),
    make("circle", { cx: tx, cy: ty, r: 8.5, fill: "none", stroke: "var(--floor)", "stroke-width": 5 }),
    make("circle", { class: "target", cx: tx, cy: ty, r: 8.5 }),
    make("circle", { class: "target-dot", cx: tx, cy: ty, r: 3 }));
}

// Draws the large maze, the token strip and the pattern for the shown query.
function drawLarge(view) {
  const problem = currentProblem(view);
  if (problem.bytes.length === 0) return;
  const { layer, head } = view.state;
  const query = shownQuery(view);
  view.seen = attentionFrom(problem, layer, head, query);
  view.title.textContent = `${headName(layer, head)}, query token ${query}, ${problem.tokens[query]}: ${percent(view.seen.off)} off the maze`;
  view.maze.setAttribute("aria-label", view.title.textContent);
  problem.places.forEach((place, i) => {
    const isEmptyWall = !place.floor && view.seen.onPlace[i] === 0;
    view.placeElements[i].style.fill = isEmptyWall ? "var(--ground)" : paint(view.seen.onPlace[i]);
  });
  const soFar = problem.answer.slice(0, Math.max(1, query - problem.path_start + 1));
  view.pathSoFar.setAttribute("d", query > problem.path_start ? trail(problem, soFar) : "");
  const [x, y] = center(problem, currentCell(problem, query));
  view.here.setAttribute("x", x - WIDTH / 2);
  view.here.setAttribute("y", y - WIDTH / 2);
  view.here.style.display = query >= problem.path_start ? "" : "none";
  drawTokens(view);
  drawMatrix(view);
}

// Says how much attention a place gets, and from which tokens.
function placeText(view, i) {
  const problem = currentProblem(view);
  const place = problem.places[i];
  const parts = place.tokens.filter((t) => t <= shownQuery(view) || view.seen.onToken[t] > 0)
    .map((t) => `token ${t}, ${problem.tokens[t]}: ${percent(view.seen.onToken[t])}`);
  if (place.tokens.length === 0) parts.push("no token refers to it");
  else if (parts.length === 0) parts.push("only later tokens refer to it");
  return [`${place.label}: ${percent(view.seen.onPlace[i])}`, ...parts].join("\n");
}

