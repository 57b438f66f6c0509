// Attention of a problem: its bytes, decoded, and summed over the tokens that refer to each place.

// Adds to a specimen what drawing needs: its geometry, its attention as bytes [layer][head][query][key], and the number of
// query positions that predict a path step.
function prepare(specimen, { n_heads }) {
  const maze = { ...specimen, open: new Set(specimen.passages.map(([a, b]) => edgeKey(a, b))) };
  const bytes = Uint8Array.from(atob(specimen.attention), (c) => c.charCodeAt(0));
  const lastQuery = Math.max(specimen.path_start, specimen.tokens.length - 2);
  return { ...maze, ...placesOf(maze), n: specimen.tokens.length, bytes, n_heads, queries: lastQuery - specimen.path_start + 1 };
}

// Returns where row `query` of a head's pattern starts in the bytes.
const rowStart = (problem, layer, head, query) => ((layer * problem.n_heads + head) * problem.n + query) * problem.n;

// Returns the attention of one query as shares: on each place, off the maze, and on each token.
function attentionFrom(problem, layer, head, query) {
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

// Returns the cell of a query token: the path's current cell, before the first step the origin.
function currentCell(problem, query) {
  const mark = problem.marks[query];
  return query > problem.path_start && "cell" in Object(mark) ? mark.cell : problem.origin;
}

// Returns the head whose strongest place has the most attention, averaged over the steps: the head to show first.
function mostFocusedHead(problem, { n_layers, n_heads }) {
  let best = { layer: 0, head: 0, score: -1 };
  for (let layer = 0; layer < n_layers; layer++) {
    for (let head = 0; head < n_heads; head++) {
      let score = 0;
      for (let step = 0; step < problem.queries; step++) {
        score += Math.max(...attentionFrom(problem, layer, head, problem.path_start + step).onPlace);
      }
      if (score > best.score) best = { layer, head, score };
    }
  }
  return best;
}

