// The geometry of a maze: the places that tokens refer to, and paths as SVG.
//
// A place is a cell or an edge (passage or wall) of the maze. The units are those of the static drawings.

const PITCH = 40; // between the centers of adjacent cells
const WIDTH = 26; // of a cell and a corridor

const cellName = (maze, cell) => `(${Math.floor(cell / maze.cols)},${cell % maze.cols})`;
const edgeKey = (a, b) => `${Math.min(a, b)}-${Math.max(a, b)}`;

// Returns the center of a cell as [x, y].
const center = (maze, cell) => [(cell % maze.cols) * PITCH + PITCH / 2, Math.floor(cell / maze.cols) * PITCH + PITCH / 2];

// Returns the lines [x1, y1, x2, y2] from a cell to the next: one, or two for a step around a torus, out of the maze and in again.
function strokes(maze, a, b) {
  const [[x1, y1], [x2, y2]] = [center(maze, a), center(maze, b)];
  if (Math.abs(x1 - x2) + Math.abs(y1 - y2) <= PITCH) return [[x1, y1, x2, y2]];
  const border = (near, far, cells) => (near < far ? 0 : near > far ? cells * PITCH : near);
  return [
    [x1, y1, border(x1, x2, maze.cols), border(y1, y2, maze.rows)],
    [border(x2, x1, maze.cols), border(y2, y1, maze.rows), x2, y2],
  ];
}

// Returns a path of cells as SVG path data. A step through a wall is one straight line, wherever it leads.
function trail(maze, path) {
  const lines = (a, b) => (maze.open.has(edgeKey(a, b)) ? strokes(maze, a, b) : [[...center(maze, a), ...center(maze, b)]]);
  const step = (a, b) => lines(a, b).map(([x1, y1, x2, y2], i) => `${i === 0 ? "" : `M${x1},${y1}`}L${x2},${y2}`).join("");
  return path.map((cell, i) => (i === 0 ? `M${center(maze, cell)}` : step(path[i - 1], cell))).join("");
}

function cellPlace(maze, cell) {
  const [x, y] = center(maze, cell);
  return { label: `cell ${cellName(maze, cell)}`, boxes: [{ x: x - WIDTH / 2, y: y - WIDTH / 2, w: WIDTH, h: WIDTH }], floor: true };
}

// An open passage fills the gap between its cells; a wall is a bar across it. An edge around a torus shows one half at each border.
function edgePlace(maze, a, b) {
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  const isOpen = maze.open.has(edgeKey(a, b));
  const label = `${isOpen ? "passage" : "wall"} ${cellName(maze, low)}–${cellName(maze, high)}`;
  return { label, boxes: strokes(maze, low, high).map((line) => edgeBox(line, isOpen)), floor: isOpen };
}

function edgeBox([x1, y1, x2, y2], isOpen) {
  const isCenter = (at) => at % PITCH === PITCH / 2;
  const span = (low, high) => {
    if (isOpen) return [low + (isCenter(low) ? WIDTH / 2 : 0), high - (isCenter(high) ? WIDTH / 2 : 0)];
    const bar = isCenter(low) === isCenter(high) ? (low + high) / 2 : isCenter(low) ? high : low;
    return [Math.max(low, bar - 3), Math.min(high, bar + 3)];
  };
  const isVertical = x1 === x2;
  const [from, to] = isVertical ? span(Math.min(y1, y2), Math.max(y1, y2)) : span(Math.min(x1, x2), Math.max(x1, x2));
  return isVertical ? { x: x1 - WIDTH / 2, y: from, w: WIDTH, h: to - from } : { x: from, y: y1 - WIDTH / 2, w: to - from, h: WIDTH };
}

// Returns the places of a maze, with the tokens that refer to each, and the place of each token (-1: none). Places are
// all cells, all passages, and the walls that a token refers to.
function placesOf(maze) {
  const places = [];
  const index = new Map();
  const add = (key, place) => {
    if (!index.has(key)) index.set(key, places.push({ ...place(), tokens: [] }) - 1);
    return index.get(key);
  };
  const addCell = (cell) => add(`${cell}`, () => cellPlace(maze, cell));
  const addEdge = (a, b) => add(edgeKey(a, b), () => edgePlace(maze, a, b));
  for (let cell = 0; cell < maze.rows * maze.cols; cell++) addCell(cell);
  maze.passages.forEach(([a, b]) => addEdge(a, b));
  const placeOf = maze.marks.map((mark) => ("cell" in Object(mark) ? addCell(mark.cell) : "edge" in Object(mark) ? addEdge(...mark.edge) : -1));
  placeOf.forEach((place, token) => place >= 0 && places[place].tokens.push(token));
  return { places, placeOf };
}

