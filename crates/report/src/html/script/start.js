// Start: one attention view for each gallery of the page, then the listeners.

const views = [];

for (const figure of document.querySelectorAll("figure.attention")) {
  const gallery = JSON.parse(document.getElementById(`${figure.dataset.gallery}-data`).textContent);
  if (gallery.specimens.length === 0) continue;
  const view = createView(figure, gallery);
  const { layer, head } = mostFocusedHead(currentProblem(view), gallery);
  choose(view, { layer, head, ...stateInUrl(view) }, false);
  views.push(view);
}

window.addEventListener("hashchange", followUrl);
document.addEventListener("keydown", onKey);
themePlots();
darkScheme.addEventListener("change", retheme);
window.addEventListener("beforeprint", () => setPrinting(true));
window.addEventListener("afterprint", () => setPrinting(false));
document.documentElement.dataset.ready = "true";
