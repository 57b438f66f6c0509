// What is chosen in a view, its place in the URL, and the keys.

// Changes the state of a view within its bounds, and draws what depends on it.
function choose(view, change, remember = true) {
  const { state, gallery } = view;
  const isOtherProblem = change.specimen !== undefined && change.specimen !== state.specimen;
  Object.assign(state, change);
  state.specimen = clampIndex(state.specimen, gallery.specimens.length);
  state.layer = clampIndex(state.layer, gallery.n_layers);
  state.head = clampIndex(state.head, gallery.n_heads);
  state.step = clampIndex(state.step, currentProblem(view).queries);
  view.preview = null;
  if (isOtherProblem || !view.tokenElements) {
    view.pinned = false;
    view.lit = [];
    drawAll(view);
  } else drawStep(view);
  if (remember) window.history.replaceState(null, "", urlOf(view));
}

// Goes to the next or previous problem.
const turn = (view, direction) => choose(view, { specimen: clampIndex(view.state.specimen + direction, view.gallery.specimens.length), step: 0 });

function urlOf({ name, state: { specimen, step, layer, head } }) {
  return `#gallery=${name}&specimen=${specimen}&step=${step}&head=${headName(layer, head)}`;
}

// Returns the part of a view's state that the URL names, or null. A URL without a gallery means the first one.
function stateInUrl(view) {
  const asked = new URLSearchParams(window.location.hash.slice(1));
  const isMine = (asked.get("gallery") ?? views[0]?.name ?? view.name) === view.name;
  if (!asked.has("specimen") || !isMine) return null;
  const found = { specimen: Number(asked.get("specimen")), step: Number(asked.get("step") ?? 0) };
  const head = /^L(\d+)H(\d+)$/.exec(asked.get("head") ?? "");
  return head ? { ...found, layer: Number(head[1]), head: Number(head[2]) } : found;
}

function followUrl() {
  for (const view of views) {
    const asked = stateInUrl(view);
    if (!asked) continue;
    choose(view, asked);
    view.figure.scrollIntoView({ behavior: reducedMotion.matches ? "auto" : "smooth" });
  }
}

// Handles a key for the first view on the screen.
function onKey(event) {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches?.("input, select, textarea")) return;
  const view = views.find(isOnScreen);
  if (!view) return;
  const move = {
    ArrowLeft: () => choose(view, { step: view.state.step - 1 }), ArrowRight: () => choose(view, { step: view.state.step + 1 }),
    n: () => turn(view, 1), p: () => turn(view, -1), Escape: () => unpin(view),
  }[key];
  const focused = view.buttons.findIndex(({ button }) => button === document.activeElement);
  const rows = { ArrowUp: -view.gallery.n_heads, ArrowDown: view.gallery.n_heads }[key];
  if (move) move();
  else if (focused >= 0 && rows) view.buttons[focused + rows]?.button.focus();
  else return;
  event.preventDefault();
}

function isOnScreen({ figure }) {
  const box = figure.getBoundingClientRect();
  return box.top < window.innerHeight && box.bottom > 0;
}

