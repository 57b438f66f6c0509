// The attention view of a gallery: controls, the grid of heads, the large maze, the matrix and the token strip.
//
// A view holds its gallery, its state (what is chosen) and its elements. Nothing is shared between the views of a page.

function createView(figure, gallery) {
  const view = {
    name: figure.dataset.gallery,
    gallery,
    figure,
    cards: document.querySelectorAll(`#${CSS.escape(figure.dataset.gallery)} .specimen`),
    problems: new Map(), // prepared specimens, each made when it is first shown
    state: { specimen: 0, step: 0, layer: 0, head: 0 },
    preview: null, // the query whose row of the matrix is under the pointer
    lit: [], // highlighted tokens
    pinned: false, // whether the highlight stays when the pointer leaves
    pattern: { imageOf: "", canvas: document.createElement("canvas") },
  };
  buildView(view, figure.querySelector(".attention-view"));
  return view;
}

function currentProblem({ problems, state, gallery }) {
  if (!problems.has(state.specimen)) problems.set(state.specimen, prepare(gallery.specimens[state.specimen], gallery));
  return problems.get(state.specimen);
}

const chosenQuery = (view) => currentProblem(view).path_start + view.state.step;
const shownQuery = (view) => view.preview ?? chosenQuery(view);

function buildView(view, root) {
  const scale = buildScale(view);
  buildHeads(view);
  view.says = make("p", { class: "says", "aria-live": "polite" });
  view.title = make("h4");
  view.maze = make("svg", { class: "maze", role: "img" });
  view.matrix = make("canvas", {
    class: "matrix", role: "img",
    onmousemove: (event) => hoverMatrix(view, event), onmouseleave: () => leaveMatrix(view), onclick: (event) => clickMatrix(view, event),
  });
  view.strip = make("ol", { class: "strip", "aria-label": "Tokens" });
  view.tip = make("div", { class: "tip", hidden: true });
  view.missing = make("p", { class: "note", hidden: true },
    "The attention of this problem is not in the page, which would exceed its size limit; it is in results/gallery.json.");
  const large = make("div", { class: "large" }, view.title,
    make("div", {}, view.maze, make("p", {}, "Attention on the maze. Hover over a place for its value; click to keep the highlight, Esc to release it.")),
    make("div", {}, view.matrix, make("p", {}, "The whole pattern: rows are queries, columns are keys. Hover over a row to see it on the maze; click a path row to go to that step.")));
  const keys = make("p", { class: "keys" }, "Keys: ← → step, n p problem, ↑ ↓ layer (with a head focused), Esc release.");
  view.drawn = make("div", { class: view.gallery.n_heads <= 4 ? "few-heads" : "" }, make("div", {}, view.heads, view.strip, keys), large);
  root.append(buildControls(view), view.says, scale, view.missing, view.drawn, view.tip);
  new ResizeObserver(() => window.requestAnimationFrame(() => { drawHeads(view); drawMatrix(view); })).observe(view.heads);
}

function buildControls(view) {
  view.select = make("select", { "aria-label": "Problem", onchange: (event) => choose(view, { specimen: Number(event.target.value), step: 0 }) });
  view.gallery.specimens.forEach((s, i) => view.select.append(make("option", { value: i }, `${s.exact ? "✓" : "✗"} problem ${s.index}`)));
  view.slider = make("input", { type: "range", min: 0, step: 1, oninput: (event) => choose(view, { step: Number(event.target.value) }) });
  view.stepLabel = make("output");
  return make("div", { class: "bar" },
    make("button", { type: "button", onclick: () => turn(view, -1), "aria-label": "Previous problem" }, "‹"), view.select,
    make("button", { type: "button", onclick: () => turn(view, 1), "aria-label": "Next problem" }, "›"),
    make("label", { class: "scrub" }, "step", view.slider, view.stepLabel));
}

// Draws the whole view: after another problem or another theme was chosen.
function drawAll(view) {
  const problem = currentProblem(view);
  view.select.value = view.state.specimen;
  view.slider.max = problem.queries - 1;
  view.missing.hidden = problem.bytes.length > 0;
  view.drawn.hidden = problem.bytes.length === 0;
  view.cards.forEach((card, i) => card.classList.toggle("chosen", i === view.state.specimen));
  drawScale(view);
  buildMaze(view);
  buildTokens(view);
  drawStep(view);
}

// Draws what depends on the step or the head.
function drawStep(view) {
  const label = `${view.state.step + 1} of ${currentProblem(view).queries}`;
  view.slider.value = view.state.step;
  view.slider.setAttribute("aria-valuetext", `step ${label}`);
  view.stepLabel.value = label;
  view.says.replaceChildren(...describeStep(view));
  drawHeads(view);
  drawLarge(view);
}

// Says which token attends, what the model predicts there, and whether the answer leaves the optimal path at this step.
function describeStep(view) {
  const problem = currentProblem(view);
  const query = chosenQuery(view);
  const next = problem.tokens[query + 1];
  const out = [`Query: token ${query}, ${problem.tokens[query]}`];
  if (next === undefined) return [...out, "."];
  out.push(`; the model predicts ${next}.`);
  const step = view.state.step + 1;
  const agrees = problem.answer.slice(0, step).every((cell, i) => cell === problem.optimum[i]);
  if (!problem.exact && !agrees) out.push(" The answer has already left the optimal path shown.");
  else if (!problem.exact && problem.answer[step] !== problem.optimum[step]) {
    const right = problem.optimum[step] === undefined ? "the end token" : cellName(problem, problem.optimum[step]);
    out.push(make("span", { class: "wrong" }, ` ✗ The optimal path continues with ${right}.`));
  }
  return out;
}

