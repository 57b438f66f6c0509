// The token strip: every token of prompt and answer, colored by the attention it gets from the shown query.

function buildTokens(view) {
  const text = (t, token) => `token ${t}, ${token}${view.seen ? `: ${percent(view.seen.onToken[t])}` : ""}`;
  view.tokenElements = currentProblem(view).tokens.map((token, t) => make("li", {
    onmousemove: (event) => hover(view, event, [t], text(t, token)),
    onmouseleave: () => unhover(view),
    onclick: () => pin(view, [t]),
  }, token));
  view.strip.replaceChildren(...view.tokenElements);
}

function drawTokens(view) {
  const query = shownQuery(view);
  view.tokenElements.forEach((element, t) => {
    const share = view.seen.onToken[t];
    const [r, g, b] = ramp(share);
    element.style.backgroundColor = `rgb(${r},${g},${b})`;
    element.style.color = isBright(r, g, b) ? "#1d2024" : "#f4f4f4";
    element.classList.toggle("query", t === query);
    element.classList.toggle("future", t > query && share === 0);
  });
}

// Luma of ITU-R BT.601, to choose dark or light text.
const isBright = (r, g, b) => 0.299 * r + 0.587 * g + 0.114 * b > 140;

