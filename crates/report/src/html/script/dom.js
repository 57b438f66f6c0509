// Elements, canvases and text: what every drawing needs.

const SVG_TAGS = ["svg", "rect", "circle", "path", "g"];

// Creates an element. An attribute `onNAME` is an event listener; `false` and `null` leave an attribute out.
function make(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.includes(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

// Sets the pixels of a canvas to its width on the page times `aspect`, sharp on any display, and returns its context.
function sizeCanvas(canvas, aspect) {
  const width = canvas.clientWidth || 96;
  const scale = Math.max(2, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(width * aspect * scale);
  canvas.style.aspectRatio = `1 / ${aspect}`;
  return canvas.getContext("2d");
}

// Returns `value` as an integer in 0..count; 0 if it is not a number.
const clampIndex = (value, count) => Math.min(count - 1, Math.max(0, Number.isFinite(value) ? Math.trunc(value) : 0));

function percent(share) {
  if (share === 0) return "0%";
  return share < 0.1 ? `${(100 * share).toFixed(1)}%` : `${Math.round(100 * share)}%`;
}

const headName = (layer, head) => `L${layer}H${head}`;

